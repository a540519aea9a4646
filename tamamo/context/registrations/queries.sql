-- Context source registrations of a tenant. One that has expired is as good as gone.

-- name: lock_registrations
-- Registrations of a tenant are written one at a time: whether two conflict depends on both.
select pg_advisory_xact_lock(hashtextextended('registration/' || %(tenant)s, 0));

-- name: insert_registration
-- Add one; nothing comes back when there is one with this id that has not expired.
insert into registration (tenant, id, document, temporal, created_at, modified_at, expires_at)
values (
    %(tenant)s, %(id)s, %(document)s, %(temporal)s, %(now)s, %(now)s, %(expires_at)s
)
on conflict (tenant, id) do update set
    document = excluded.document,
    temporal = excluded.temporal,
    created_at = excluded.created_at,
    modified_at = excluded.modified_at,
    expires_at = excluded.expires_at,
    times_sent = 0,
    times_failed = 0,
    last_success = null,
    last_failure = null
where registration.expires_at <= %(now)s
returning 1;

-- name: update_registration
-- Put a changed one in the place of the old.
update registration
set
    document = %(document)s,
    temporal = %(temporal)s,
    modified_at = %(now)s,
    expires_at = %(expires_at)s
where tenant = %(tenant)s and id = %(id)s;

-- name: find_registration
-- One by its id.
select
    id, document, created_at, modified_at,
    times_sent, times_failed, last_success, last_failure
from registration
where tenant = %(tenant)s and id = %(id)s and (expires_at is null or expires_at > now());

-- name: list_registrations
-- All for the past, or for the present (null: both), in order of their ids.
select
    id, document, created_at, modified_at,
    times_sent, times_failed, last_success, last_failure
from registration
where
    tenant = %(tenant)s
    and (%(temporal)s::boolean is null or temporal = %(temporal)s)
    and (expires_at is null or expires_at > now())
order by id;

-- name: delete_registration
-- Remove one.
delete from registration
where tenant = %(tenant)s and id = %(id)s and (expires_at is null or expires_at > now())
returning id, document, created_at, modified_at;

-- name: next_generation
-- Tell all processes that the tenant's registrations changed.
insert into registration_generation (tenant, generation)
values (%(tenant)s, 1)
on conflict (tenant) do update set generation = registration_generation.generation + 1;

-- name: find_registered_attributes
-- Whether one of these entities has one of these attributes.
select id
from entity
where
    tenant = %(tenant)s
    and id = any(%(ids)s)
    and attrs ?| %(attrs)s
    and (expires_at is null or expires_at > now())
limit 1;

-- name: tenants_with_expired
-- Tenants that have a registration whose time is over (clause 5.9.2.4).
select distinct tenant from registration where expires_at <= now();

-- name: remove_expired
-- Remove those of a tenant, under the lock of its registrations: whoever subscribed is told.
delete from registration
where tenant = %(tenant)s and expires_at <= now()
returning id, document, created_at, modified_at;
