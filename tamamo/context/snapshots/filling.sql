-- What a snapshot holds: put in, copied, taken out.

-- name: try_lock
-- One process at a time fills a snapshot; the lock goes with its connection.
select pg_try_advisory_lock(hashtextextended('snapshot/' || %(data_tenant)s, 0));

-- name: unlock
select pg_advisory_unlock(hashtextextended('snapshot/' || %(data_tenant)s, 0));

-- name: put_entities
-- Entities of a result. One that an earlier query gave too keeps what it has beside.
insert into entity as e (
    tenant, id, type, types, scopes, attrs, bounds, created_at, modified_at
)
select
    %(tenant)s, id, type, types::text[], scopes::text[], attrs::jsonb, bounds::box, created_at,
    modified_at
from unnest(
    %(ids)s::text[], %(type)s::text[], %(types)s::text[], %(scopes)s::text[], %(attrs)s::text[],
    %(bounds)s::text[], %(created)s::timestamptz[], %(modified)s::timestamptz[]
) as t (id, type, types, scopes, attrs, bounds, created_at, modified_at)
on conflict (tenant, id) do update
set
    types = array(select distinct unnest(e.types || excluded.types)),
    scopes = case when cardinality(excluded.scopes) > 0 then excluded.scopes else e.scopes end,
    attrs = e.attrs || excluded.attrs,
    bounds = coalesce(excluded.bounds, e.bounds);

-- name: copy_entities
-- A slice of a snapshot's entities for its clone; the last id comes back.
with slice as (
    select * from entity where tenant = %(source)s and id > %(after)s order by id limit %(limit)s
), copied as (
    insert into entity (
        tenant, id, type, types, scopes, attrs, bounds, created_at, modified_at, expires_at
    )
    select
        %(into)s, id, type, types, scopes, attrs, bounds, created_at, modified_at, expires_at
    from slice
)
select max(id), count(*) from slice;

-- name: copy_evolutions
-- A slice of a snapshot's evolutions with their history for its clone; the last id comes back.
with slice as (
    select *
    from temporal_entity
    where tenant = %(source)s and entity_id > %(after)s
    order by entity_id
    limit %(limit)s
), copied as (
    insert into temporal_entity (
        tenant, entity_id, type, types, scopes, created_at, modified_at, deleted_at
    )
    select
        %(into)s, entity_id, type, types, scopes, created_at, modified_at, deleted_at
    from slice
), history as (
    insert into attribute_history (
        tenant, entity_id, attr, dataset_id, at, instance_id, observed_at, created_at,
        modified_at, deleted_at, number, instance
    )
    select
        %(into)s, h.entity_id, h.attr, h.dataset_id, h.at, h.instance_id, h.observed_at,
        h.created_at, h.modified_at, h.deleted_at, h.number, h.instance
    from slice
    join attribute_history h on h.tenant = %(source)s and h.entity_id = slice.entity_id
    returning tenant, entity_id, attr, at, observed_at, deleted_at
), marked as (
    -- Whoever writes measurements of closed days marks them (temporal/marks.py).
    insert into rollup_mark (tenant, entity_id, attr, day)
    select distinct tenant, entity_id, attr, (at at time zone 'UTC')::date
    from history
    where observed_at is not null
        and deleted_at is null
        and at < (select closed_until::timestamp at time zone 'UTC' from history_state)
), rollups as (
    -- What is kept only as rollups stays so.
    insert into attribute_rollup (
        tenant, entity_id, attr, dataset_id, day, total, numbers, least, greatest, sum, squares,
        spread, different, kind, hours, h_total, h_numbers, h_least, h_greatest, h_sum, h_squares,
        h_spread, h_different, generation, frozen
    )
    select
        %(into)s, r.entity_id, r.attr, r.dataset_id, r.day, r.total, r.numbers, r.least,
        r.greatest, r.sum, r.squares, r.spread, r.different, r.kind, r.hours, r.h_total,
        r.h_numbers, r.h_least, r.h_greatest, r.h_sum, r.h_squares, r.h_spread, r.h_different, 0,
        true
    from slice
    join rollup r on r.tenant = %(source)s and r.entity_id = slice.entity_id
    where r.frozen
)
select max(entity_id), count(*) from slice;

-- name: remains
select tenant from snapshot_remains limit 10;

-- name: remove_entities
delete from entity
where tenant = %(tenant)s
    and id = any(array(select id from entity where tenant = %(tenant)s limit %(limit)s));

-- name: remove_evolutions
with gone as (
    delete from temporal_entity
    where tenant = %(tenant)s
        and entity_id = any(
            array(select entity_id from temporal_entity where tenant = %(tenant)s limit %(limit)s)
        )
    returning entity_id
)
delete from attribute_history
where tenant = %(tenant)s and entity_id = any(array(select entity_id from gone));

-- name: has_evolutions
select exists (select from temporal_entity where tenant = %(tenant)s);

-- name: tenant_tables
-- Every other table that keeps things by tenant.
select c.relname
from pg_attribute a
join pg_class c on c.oid = a.attrelid
where a.attname = 'tenant'
    and not a.attisdropped
    and c.relkind in ('r', 'p')
    and not c.relispartition
    and c.relnamespace = current_schema()::regnamespace
    and c.relname not in (
        'entity', 'temporal_entity', 'snapshot', 'snapshot_remains', 'snapshot_notice'
    )
order by 1;

-- name: subscriptions_changed
update notification_state set version = version + 1;

-- name: remains_removed
delete from snapshot_remains where tenant = %(tenant)s;
