-- Accounts of the demo's people.

-- name: find_account
-- The user of an e-mail.
select id from accounts_user where lower(email) = lower(%(email)s);

-- name: create_account
-- An account that can sign in at once.
select account_create(
    %(email)s, %(name)s, password => %(password)s, language => %(language)s,
    home_tenant => %(home)s
);
