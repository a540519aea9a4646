-- name: users
-- A page of accounts with what operators ask about. tenant: only those who belong there or hold a
-- role there.
select u.id, u.email, u.name, u.language, u.home_tenant, u.is_active, u.created_at, u.last_login,
       exists (select from mfa_authenticator m where m.user_id = u.id and m.type = 'totp'),
       (select count(*) from usersessions_usersession s
        join django_session d on d.session_key = s.session_key and d.expire_date > now()
        where s.user_id = u.id),
       u.password not like '!%%'
from accounts_user u
where (%(tenant)s::text is null or u.home_tenant = %(tenant)s or exists (
           select from role_grant g where g.subject = 'user:' || u.id
           and g.tenant in (%(tenant)s, '*') and g.revoked_at is null
           and (g.valid_to is null or g.valid_to > now())))
  and (%(text)s::text is null or u.email ilike %(text)s or u.name ilike %(text)s)
  and (%(id)s::bigint is null or u.id = %(id)s)
  and u.id > %(after)s
order by u.id limit %(limit)s

-- name: is_above
-- Whether somebody holds, or will hold, a role for the whole installation.
select 1 from role_grant where subject = %(subject)s and tenant = '*' and revoked_at is null
and (valid_to is null or valid_to > now()) limit 1

-- name: create_user
select account_create(%(email)s, %(name)s, %(password)s, %(language)s, %(home_tenant)s)

-- name: change_user
update accounts_user set name = %(name)s, language = %(language)s, home_tenant = %(home_tenant)s
where id = %(id)s

-- name: switch
update accounts_user set is_active = %(active)s where id = %(id)s and is_active <> %(active)s
returning id

-- name: end_sessions
with gone as (delete from usersessions_usersession where user_id = %(id)s returning session_key)
delete from django_session where session_key in (select session_key from gone)

-- name: end_refresh
update oauth2_provider_refreshtoken set revoked = now(), access_token_id = null
where user_id = %(id)s and revoked is null

-- name: end_tokens
delete from oauth2_provider_accesstoken where user_id = %(id)s

-- name: end_codes
delete from oauth2_provider_grant where user_id = %(id)s

-- name: reset_second_factor
delete from mfa_authenticator where user_id = %(id)s returning type

-- name: set_password
update accounts_user set password = %(password)s where id = %(id)s

-- name: clients
select id, client_id, name, home_tenant, authorization_grant_type, client_type, redirect_uris,
       scopes, created, expires_at, revoked_at, last_used_at,
       (select count(*) from oauth2_provider_accesstoken t
        where t.application_id = c.id and t.expires > now())
from accounts_client c
where (%(tenant)s::text is null or home_tenant = %(tenant)s)
  and (%(client_id)s::text is null or client_id = %(client_id)s)
order by revoked_at is not null, id limit %(limit)s

-- name: create_client
insert into accounts_client (
    client_id, client_secret, hash_client_secret, client_type, authorization_grant_type, name,
    redirect_uris, post_logout_redirect_uris, skip_authorization, created, updated, algorithm,
    allowed_origins, registration_source, home_tenant, scopes, expires_at, user_id
) values (
    %(client_id)s, %(secret)s, true, %(kind)s, %(grant)s, %(name)s, %(redirect_uris)s, '', false,
    now(), now(), '', '', 'manual', %(home_tenant)s, %(scopes)s, %(expires_at)s, null
)

-- name: rotate
update accounts_client set client_secret = %(secret)s, updated = now() where id = %(id)s

-- name: revoke
update accounts_client set revoked_at = now(), updated = now()
where id = %(id)s and revoked_at is null returning id

-- name: end_client_refresh
update oauth2_provider_refreshtoken set revoked = now(), access_token_id = null
where application_id = %(id)s and revoked is null

-- name: end_client_tokens
delete from oauth2_provider_accesstoken where application_id = %(id)s

-- name: end_client_codes
delete from oauth2_provider_grant where application_id = %(id)s
