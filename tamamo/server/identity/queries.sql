-- name: create_account
select account_create(%(email)s, %(name)s, %(password)s, %(language)s, %(home)s);

-- name: find_account
select id from accounts_user where lower(email) = lower(%(email)s);

-- name: list_accounts
-- Accounts with when they last signed in.
select id, email, name, home_tenant, is_active, last_login from accounts_user order by id;
