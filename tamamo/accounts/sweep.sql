-- name: sessions
delete from django_session where expire_date < now()

-- name: session_list
-- The sessions of a list that are there no more.
delete from usersessions_usersession u where not exists (
    select from django_session s where s.session_key = u.session_key)

-- name: cache
delete from django_cache where expires < now()

-- name: failures
delete from accounts_signinfailure
where first_at < now() - interval '1 day' and (locked_until is null or locked_until < now())

-- name: codes
delete from oauth2_provider_grant where expires < now()

-- name: used_codes
-- A code lives for a minute; what was made of it for a month.
delete from accounts_usedcode where used_at < now() - interval '31 days'

-- name: refresh_tokens
-- Those that nobody has used for a month; those that were replaced tell of being stolen until then.
with over as (
    select id from oauth2_provider_refreshtoken where updated < now() - interval '31 days'
), loose as (
    update oauth2_provider_accesstoken set source_refresh_token_id = null
    where source_refresh_token_id in (select id from over)
)
delete from oauth2_provider_refreshtoken where id in (select id from over)

-- name: access_tokens
-- A refresh token keeps its own until it goes.
delete from oauth2_provider_accesstoken t
where expires < now() - interval '1 day'
  and not exists (select from oauth2_provider_refreshtoken r where r.access_token_id = t.id)

-- name: confirmations
delete from account_emailconfirmation where created < now() - interval '7 days'
