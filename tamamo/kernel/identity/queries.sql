-- name: list_grants
-- What counts now for a subject. A day begins in Japan, where the organisation lists are made.
select g.id::text, g.tenant, g.role, g.unit, g.types, g.scopes,
       exists (select from drill d where d.tenant = g.tenant)
from role_grant g
where g.subject = %(subject)s
  and g.revoked_at is null
  and g.valid_from <= now() and (g.valid_to is null or now() < g.valid_to)
  and (g.unit is null or exists (
        select from org_unit u
        where u.tenant = g.tenant and u.id = g.unit
          and u.valid_from <= (now() at time zone 'Asia/Tokyo')::date
          and (u.valid_to is null or (now() at time zone 'Asia/Tokyo')::date < u.valid_to)))
order by g.granted_at, g.id;

-- name: find_user
-- A user who may sign in. The table is Django's (tamamo/accounts).
select name, home_tenant from accounts_user where id = %(id)s and is_active;

-- name: find_policy
-- What a tenant decided about its data.
select t.public_types,
       (select array_agg(o.type) from owned_type o where o.tenant = t.name and o.personal),
       (select jsonb_agg(jsonb_build_array(o.type, o.unit)) from owned_type o
        where o.tenant = t.name and o.unit is not null),
       (select jsonb_agg(jsonb_build_array(p.type, p.unit, p.attrs)) from type_part p
        where p.tenant = t.name)
from tenant t
where t.name = %(tenant)s;

-- name: find_client
-- A client that may have tokens. The table is Django's (tamamo/accounts).
select name, home_tenant from accounts_client
where client_id = %(client_id)s and revoked_at is null
  and (expires_at is null or now() < expires_at);

-- name: find_token
-- An access token as django-oauth-toolkit keeps it; a revoked one is gone.
select t.expires <= now(), t.scope, t.resource, c.client_id, c.name, c.home_tenant,
       c.revoked_at is not null or coalesce(c.expires_at <= now(), false),
       u.id, u.is_active, u.name, u.home_tenant
from oauth2_provider_accesstoken t
join accounts_client c on c.id = t.application_id
left join accounts_user u on u.id = t.user_id
where t.token_checksum = %(checksum)s;

-- name: find_device_of_key
-- The device a key belongs to, and why the key does not count, where it does not.
select d.tenant, d.id::text, d.name, d.type, d.topic,
       case when d.revoked_at is not null then 'was revoked'
            when d.valid_to <= now() then 'has expired'
            when k.ends_at <= now() then 'was replaced by a newer one' end
from device_key k
join device d on d.tenant = k.tenant and d.id = k.device
where k.digest = %(digest)s;

-- name: find_devices_of_keys
-- The same for many keys at once.
select k.digest, d.tenant, d.id::text, d.name, d.type, d.topic,
       case when d.revoked_at is not null then 'was revoked'
            when d.valid_to <= now() then 'has expired'
            when k.ends_at <= now() then 'was replaced by a newer one' end
from device_key k
join device d on d.tenant = k.tenant and d.id = k.device
where k.digest = any(%(digests)s);

-- name: find_device
-- A device that may act.
select d.tenant, d.id::text, d.name, d.type, d.topic
from device d
where d.id = %(id)s::uuid and d.revoked_at is null
  and (d.valid_to is null or now() < d.valid_to);

-- name: note_keys
-- When keys, and with them their devices, were last used.
with used as (
    select * from unnest(%(tenants)s::text[], %(devices)s::uuid[], %(digests)s::bytea[],
                         %(moments)s::timestamptz[]) as u(tenant, device, digest, at)
), keys as (
    update device_key k set last_used_at = greatest(k.last_used_at, u.at)
    from used u
    where k.tenant = u.tenant and k.device = u.device and k.digest = u.digest
)
update device d set last_used_at = greatest(d.last_used_at, u.at)
from (select tenant, device, max(at) as at from used group by tenant, device) u
where d.tenant = u.tenant and d.id = u.device;

-- name: note_clients
-- When clients last used a token.
update accounts_client c set last_used_at = greatest(c.last_used_at, u.at)
from unnest(%(clients)s::text[], %(moments)s::timestamptz[]) as u(client, at)
where c.client_id = u.client;

-- name: list_devices
-- Devices of a tenant, or one; with the keys that still open something, the newest first.
select d.id::text, d.name, d.type, d.topic, d.created_at, d.created_by, d.valid_to, d.revoked_at,
       d.last_used_at,
       coalesce((select jsonb_agg(jsonb_build_array(k.hint, k.created_at, k.ends_at, k.last_used_at)
                                  order by k.created_at desc)
                 from device_key k
                 where k.tenant = d.tenant and k.device = d.id
                   and (k.ends_at is null or now() < k.ends_at)), '[]')
from device d
where d.tenant = %(tenant)s and (%(id)s::uuid is null or d.id = %(id)s::uuid)
order by d.name, d.id;

-- name: insert_device
insert into device (tenant, name, type, topic, created_by, valid_to)
values (%(tenant)s, %(name)s, %(type)s, %(topic)s, %(by)s, %(valid_to)s)
returning id::text;

-- name: lock_device
-- Two people must not rotate the same device at once.
select name, type, topic, valid_to, revoked_at from device
where tenant = %(tenant)s and id = %(id)s::uuid
for update;

-- name: insert_key
insert into device_key (tenant, device, digest, hint, created_by)
values (%(tenant)s, %(id)s::uuid, %(digest)s, %(hint)s, %(by)s);

-- name: end_keys
-- Let all keys of a device end then, those that end sooner excepted.
update device_key set ends_at = %(ends_at)s
where tenant = %(tenant)s and device = %(id)s::uuid and (ends_at is null or ends_at > %(ends_at)s);

-- name: revoke_device
update device set revoked_at = now(), revoked_by = %(by)s
where tenant = %(tenant)s and id = %(id)s::uuid;

-- name: list_units
-- The units of a tenant that are valid on a day, in the order of their list; null: all there were.
select id, parent, name, kind, position, valid_from, valid_to
from org_unit
where tenant = %(tenant)s
  and (%(on)s::date is null or valid_from <= %(on)s and (valid_to is null or %(on)s < valid_to))
order by position, id, valid_from;

-- name: lock_units
-- Two lists must not be imported into one tenant at once.
select name from tenant where name = %(tenant)s for update;

-- name: last_change_of_units
-- The day of the newest list.
select greatest(max(valid_from), max(valid_to)) from org_unit where tenant = %(tenant)s;

-- name: add_units
insert into org_unit (tenant, id, parent, name, kind, position, valid_from)
select %(tenant)s, u.*, %(on)s
from unnest(%(ids)s::text[], %(parents)s::text[], %(names)s::text[], %(kinds)s::text[],
            %(positions)s::int[]) as u;

-- name: place_units
-- Units that stay: their place in the new list.
update org_unit o set position = u.position, kind = u.kind
from unnest(%(ids)s::text[], %(positions)s::int[], %(kinds)s::text[]) as u(id, position, kind)
where o.tenant = %(tenant)s and o.id = u.id and o.valid_to is null
  and (o.position, o.kind) is distinct from (u.position, u.kind);

-- name: forget_units
-- Units that a list of the same day had by mistake.
delete from org_unit
where tenant = %(tenant)s and id = any(%(ids)s) and valid_from = %(on)s and valid_to is null;

-- name: end_units
update org_unit set valid_to = %(on)s
where tenant = %(tenant)s and id = any(%(ids)s) and valid_to is null;

-- name: count_bound
-- Grants and types that hang on units which have ended.
select (select count(*) from role_grant g
        where g.tenant = %(tenant)s and g.unit = any(%(ids)s) and g.revoked_at is null
          and (g.valid_to is null or now() < g.valid_to)),
       (select count(*) from owned_type o where o.tenant = %(tenant)s and o.unit = any(%(ids)s));

-- name: copy_grants
-- What was granted for a unit that ends goes on for the one that takes its place.
insert into role_grant (tenant, subject, role, unit, types, scopes, valid_from, valid_to, granted_by)
select g.tenant, g.subject, g.role, m.new, g.types, g.scopes,
       greatest(g.valid_from, %(on)s::date::timestamp at time zone 'Asia/Tokyo'), g.valid_to, %(by)s
from role_grant g
join unnest(%(old)s::text[], %(new)s::text[]) as m(old, new) on m.old = g.unit
where g.tenant = %(tenant)s and g.revoked_at is null and (g.valid_to is null or now() < g.valid_to);

-- name: move_types
update owned_type o set unit = m.new
from unnest(%(old)s::text[], %(new)s::text[]) as m(old, new)
where o.tenant = %(tenant)s and o.unit = m.old;

-- name: declare_type
insert into owned_type (tenant, type, unit, personal)
values (%(tenant)s, %(type)s, %(unit)s, %(personal)s)
on conflict (tenant, type) do update set unit = excluded.unit, personal = excluded.personal
where (owned_type.unit, owned_type.personal) is distinct from (excluded.unit, excluded.personal);

-- name: insert_grant
insert into role_grant (tenant, subject, role, unit, types, scopes, valid_from, valid_to, granted_by)
values (%(tenant)s, %(subject)s, %(role)s, %(unit)s, %(types)s, %(scopes)s,
        coalesce(%(valid_from)s, now()), %(valid_to)s, %(by)s)
returning id::text;

-- name: find_same_grant
-- A grant of the very same that has not ended.
select id::text from role_grant
where tenant = %(tenant)s and subject = %(subject)s and role = %(role)s
  and unit is not distinct from %(unit)s and types is not distinct from %(types)s::text[]
  and scopes is not distinct from %(scopes)s::text[]
  and revoked_at is null and (valid_to is null or now() < valid_to)
  and valid_from <= coalesce(%(valid_from)s, now());

-- name: has_user
select 1 from accounts_user where id = %(name)s::bigint;

-- name: has_client
select 1 from accounts_client where client_id = %(name)s;

-- name: has_tenant
select 1 from tenant where name = %(tenant)s;

-- name: has_unit
-- Whether a unit is valid, or will be.
select 1 from org_unit
where tenant = %(tenant)s and id = %(unit)s
  and (valid_to is null or (now() at time zone 'Asia/Tokyo')::date < valid_to);

-- name: revoke_grant
update role_grant set revoked_at = now(), revoked_by = %(by)s
where tenant = %(tenant)s and id = %(id)s::uuid and revoked_at is null
returning subject, role, unit, types, scopes;

-- name: revoke_in_drills
-- Whoever does not hold a role in a town any more does not play it in the town's drills.
update role_grant g set revoked_at = now(), revoked_by = %(by)s
where g.tenant in (select d.tenant from drill d where d.town = %(tenant)s)
  and g.subject = %(subject)s and g.role = %(role)s and g.revoked_at is null
  and not exists (
        select from role_grant other
        where other.tenant in (%(tenant)s, '*') and other.subject = g.subject
          and other.role = g.role and other.revoked_at is null
          and (other.valid_to is null or now() < other.valid_to))
returning g.tenant, g.role, g.unit, g.types, g.scopes;

-- name: list_held
-- Grants with what they lack to count now: of a tenant, of a subject.
select g.tenant, g.id::text, g.subject, g.role, g.unit, g.types, g.scopes, g.valid_from, g.valid_to,
       g.revoked_at, g.granted_by, g.granted_at,
       case when g.revoked_at is not null then 'revoked'
            when g.valid_to <= now() then 'expired'
            when g.valid_from > now() then 'future'
            when g.unit is not null and not exists (
                select from org_unit u
                where u.tenant = g.tenant and u.id = g.unit
                  and u.valid_from <= (now() at time zone 'Asia/Tokyo')::date
                  and (u.valid_to is null or (now() at time zone 'Asia/Tokyo')::date < u.valid_to))
            then 'unit_ended' else 'active' end as state
from role_grant g
where (%(tenant)s::text is null or g.tenant = %(tenant)s)
  and (%(subject)s::text is null or g.subject = %(subject)s)
  and (%(ended)s or (g.revoked_at is null and (g.valid_to is null or now() < g.valid_to)))
order by g.subject, g.tenant, g.granted_at, g.id;

-- name: note_refusals
-- Keys that opened nothing, counted.
insert into device_refusal (tenant, device, reason, count, first_at, last_at)
select u.tenant, u.device, u.reason, u.count, u.at, u.at
from unnest(%(tenants)s::text[], %(devices)s::text[], %(reasons)s::text[], %(counts)s::bigint[],
            %(moments)s::timestamptz[]) as u(tenant, device, reason, count, at)
on conflict (tenant, device, reason) do update set
    count = device_refusal.count + excluded.count,
    last_at = greatest(device_refusal.last_at, excluded.last_at);

-- name: list_refusals
-- What was refused in a tenant, the latest first.
select device, reason, count, first_at, last_at
from device_refusal
where tenant = %(tenant)s
order by last_at desc;
