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

-- name: never_warned
select 1 where not exists (select from warning where tenant = %(tenant)s)
    and not exists (select from warning_setup where tenant = %(tenant)s);

-- name: never_mapped
select 1 where not exists (
    select from register_row where tenant = %(tenant)s and register = 'facilities'
) and not exists (
    select from register_edit where tenant = %(tenant)s and register = 'facilities'
);
