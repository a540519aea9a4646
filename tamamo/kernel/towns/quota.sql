-- How much tenants use, kept so cheaply that no write waits for it (see quota.py and usage.py).

-- name: flush
-- Add what this process has created and deleted, and read what all processes have.
with told as (
    insert into tenant_usage as u (tenant, entities)
    select t.tenant, greatest(t.more, 0)
    from unnest(%(tenants)s::text[], %(more)s::bigint[]) as t (tenant, more)
    where t.more <> 0
    on conflict (tenant) do update
    set entities = greatest(
        u.entities + (
            select t.more
            from unnest(%(tenants)s::text[], %(more)s::bigint[]) as t (tenant, more)
            where t.tenant = u.tenant
        ), 0)
    returning tenant, entities, storage, counted_at
)
select tenant, entities, storage, counted_at is not null as counted from told
union all
select u.tenant, u.entities, u.storage, u.counted_at is not null
from tenant_usage u
where u.tenant = any(%(tenants)s) and u.tenant not in (select tenant from told);

-- name: count_one
-- The entities of one tenant, no more of them than it takes to know that there are too many.
select count(*) from (
    select from entity where tenant = %(tenant)s limit %(most)s
) as one_each;

-- name: note_requests
-- Requests of this process in a minute that is over.
insert into tenant_minute as m (tenant, minute, requests, refused)
select t.tenant, %(minute)s, t.requests, t.refused
from unnest(%(tenants)s::text[], %(requests)s::bigint[], %(refused)s::bigint[])
    as t (tenant, requests, refused)
on conflict (tenant, minute) do update
set requests = m.requests + excluded.requests, refused = m.refused + excluded.refused;

-- name: count_all
-- The entities of every tenant; those of snapshots, which stand under names with a control
-- character, are not counted.
insert into tenant_usage as u (tenant, entities, counted_at)
select t.name, coalesce(e.entities, 0), now()
from tenant t
left join (
    select tenant, count(*) as entities from entity where tenant !~ E'\x01' group by tenant
) as e on e.tenant = t.name
on conflict (tenant) do update
set entities = excluded.entities, counted_at = excluded.counted_at;

-- name: tables
-- The tables whose rows say their tenant: partitions by themselves, and the bytes of each with its
-- indexes.
select c.oid::regclass::text, pg_total_relation_size(c.oid), greatest(c.relpages, 1)
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant' and not a.attisdropped
where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and c.relpersistence = 'p';

-- name: store_storage
-- What was measured.
insert into tenant_usage as u (tenant, storage, measured_at)
select t.name, coalesce(s.bytes, 0), now()
from tenant t
left join unnest(%(tenants)s::text[], %(bytes)s::bigint[]) as s (tenant, bytes)
    on s.tenant = t.name
on conflict (tenant) do update
set storage = excluded.storage, measured_at = excluded.measured_at;

-- name: trim_minutes
-- The console shows a day.
delete from tenant_minute where minute < now() - interval '1 day';
