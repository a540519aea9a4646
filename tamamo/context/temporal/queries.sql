-- name: month_partitions
-- The month partitions that are attached, by name.
select child.relname::text
from pg_inherits i
join pg_class child on child.oid = i.inhrelid
where i.inhparent = 'attribute_history'::regclass
    and child.relname ~ '^attribute_history_\d{4}_\d{2}$'

-- name: crowded_months
-- Months with many rows in the default partition.
select date_trunc('month', at, 'UTC')::date as month
from attribute_history_default
group by month
having count(*) >= %(worth)s
order by month

-- name: lock_history
-- Everyone reaches the partitions through the history, so this one lock, taken before anything
-- else, is all: two transactions never wait for each other, and no row of the month is on its way
-- to the default partition. Waiting is short, because others queue behind a lock that waits.
set local lock_timeout = '300ms';
lock table only attribute_history in access exclusive mode

-- name: make_partition
-- A table like the history, not yet part of it. Braces are filled with identifiers and literals.
create table {table} (like attribute_history including defaults including constraints)

-- name: move_rows
-- What the default partition holds of that month.
with moved as (
    delete from attribute_history_default where at >= {start} and at < {end} returning *
)
insert into {table} select * from moved

-- name: attach_partition
-- From here on the month has its own partition; its primary key index is made here.
alter table attribute_history attach partition {table} for values from ({start}) to ({end})

-- name: series
-- The newest `limit` instances of one attribute of some entities in a range, newest first.
select wanted.entity_id, point.at, point.instance
from unnest(%(ids)s::text[]) as wanted (entity_id)
cross join lateral (
    select h.at, h.instance
    from attribute_history h
    where h.tenant = %(tenant)s
        and h.entity_id = wanted.entity_id
        and h.attr = %(attr)s
        and h.dataset_id = ''
        and h.at >= %(start)s
        and h.at < %(end)s
        and h.deleted_at is null
    order by h.at desc
    limit %(limit)s
) point

-- name: buckets
-- Count, least, greatest and mean of one attribute in steps of equal length from `start` on.
select
    h.entity_id,
    date_bin(%(step)s, h.at, %(start)s) as bucket,
    count(*),
    min(h.number),
    max(h.number),
    avg(h.number)
from attribute_history h
where h.tenant = %(tenant)s
    and h.entity_id = any(%(ids)s)
    and h.attr = %(attr)s
    and h.dataset_id = ''
    and h.at >= %(start)s
    and h.at < %(end)s
    and h.number is not null
group by h.entity_id, bucket
order by h.entity_id, bucket

-- name: state_at
-- Every attribute instance of the entities of a type as it was at a moment: for each datasetId
-- the newest of the last 50 instances at or before it; where there is none, the earliest instance
-- that was never measured (a name loaded later than the measurements it belongs to).
-- `names` walks the distinct attributes by index instead of reading the whole history.
with recursive chosen as (
    select t.entity_id, t.types, t.created_at, greatest(t.modified_at, e.modified_at) as modified_at
    from temporal_entity t
    left join entity e on e.tenant = t.tenant and e.id = t.entity_id
    where t.tenant = %(tenant)s
        and t.type = %(type)s
        and (t.deleted_at is null or t.deleted_at > %(at)s)
    union all
    select t.entity_id, t.types, t.created_at, greatest(t.modified_at, e.modified_at) as modified_at
    from temporal_entity t
    left join entity e on e.tenant = t.tenant and e.id = t.entity_id
    where t.tenant = %(tenant)s
        and cardinality(t.types) > 1
        and t.type <> %(type)s
        and %(type)s = any(t.types)
        and (t.deleted_at is null or t.deleted_at > %(at)s)
),
names as (
    select c.entity_id, (
        select h.attr from attribute_history h
        where h.tenant = %(tenant)s and h.entity_id = c.entity_id
        order by h.attr limit 1
    ) as attr
    from chosen c
    union all
    select n.entity_id, (
        select h.attr from attribute_history h
        where h.tenant = %(tenant)s and h.entity_id = n.entity_id and h.attr > n.attr
        order by h.attr limit 1
    )
    from names n
    where n.attr is not null
)
select c.entity_id, c.types, c.created_at, c.modified_at, n.attr, found.deleted_at, found.instance
from chosen c
join names n on n.entity_id = c.entity_id and n.attr is not null
cross join lateral (
    (
        select distinct on (recent.dataset_id)
            recent.dataset_id, recent.deleted_at, recent.instance, 1 as rank
        from (
            select h.dataset_id, h.at, h.modified_at, h.deleted_at, h.instance
            from attribute_history h
            where h.tenant = %(tenant)s
                and h.entity_id = n.entity_id
                and h.attr = n.attr
                and h.at <= %(at)s
            order by h.at desc
            limit 50
        ) recent
        order by recent.dataset_id, recent.at desc, recent.modified_at desc
    )
    union all
    (
        select first.dataset_id, null, first.instance, 2
        from (
            select h.dataset_id, h.at, h.observed_at, h.deleted_at, h.instance
            from attribute_history h
            where h.tenant = %(tenant)s and h.entity_id = n.entity_id and h.attr = n.attr
            order by h.at
            limit 1
        ) first
        where first.at > %(at)s and first.observed_at is null and first.deleted_at is null
    )
) found
order by c.entity_id, n.attr

-- name: evolution
-- The head of one entity's temporal evolution. While only values change, its state tells when.
select
    t.entity_id, t.types, t.scopes, t.created_at, greatest(t.modified_at, e.modified_at),
    t.deleted_at
from temporal_entity t
left join entity e on e.tenant = t.tenant and e.id = t.entity_id
where t.tenant = %(tenant)s and t.entity_id = %(id)s

-- name: upsert_evolution
-- Create the head of an evolution, or unite its types with those given. A current state is not
-- made: the evolution of what a sensor saw elsewhere need not have one. Answers whether it is new.
insert into temporal_entity as t (
    tenant, entity_id, type, types, scopes, created_at, modified_at
)
values (
    %(tenant)s, %(id)s, (%(types)s::text[])[1], %(types)s, coalesce(%(scopes)s::text[], '{}'),
    %(now)s::timestamptz, %(now)s::timestamptz
)
on conflict (tenant, entity_id) do update set
    types = t.types || array(
        select n.name from unnest(excluded.types) as n (name) where n.name <> all (t.types)
    ),
    scopes = coalesce(%(scopes)s::text[], t.scopes),
    modified_at = excluded.modified_at
returning (xmax = 0) as created

-- name: touch_evolution
-- The same for one that must exist.
update temporal_entity t set
    types = t.types || array(
        select n.name from unnest(%(types)s::text[]) as n (name) where n.name <> all (t.types)
    ),
    scopes = coalesce(%(scopes)s::text[], t.scopes),
    modified_at = %(now)s::timestamptz
where tenant = %(tenant)s and entity_id = %(id)s
returning true

-- name: lock_evolution
-- Who changes instances of one evolution goes one after the other.
select true from temporal_entity
where tenant = %(tenant)s and entity_id = %(id)s
for update

-- name: delete_evolution
-- The head; its instances follow.
-- The state is held meanwhile, so that no writer takes the head for standing still.
with state as (
    select from entity where tenant = %(tenant)s and id = %(id)s for update
)
delete from temporal_entity
where tenant = %(tenant)s and entity_id = %(id)s and (select count(*) from state) >= 0
returning true

-- name: delete_history
-- Every instance of an entity, and what is kept of those that went before.
with gone as (
    delete from attribute_history where tenant = %(tenant)s and entity_id = %(id)s
    returning tenant, entity_id, attr, at, observed_at
), rollups as (
    delete from attribute_rollup where tenant = %(tenant)s and entity_id = %(id)s
)
insert into rollup_mark (tenant, entity_id, attr, day)
select distinct tenant, entity_id, attr, (at at time zone 'UTC')::date
from gone
where observed_at is not null
    and at < (select closed_until::timestamp at time zone 'UTC' from history_state)

-- name: delete_attribute
-- The instances of an attribute with one datasetId; null = all. Answers whether there were any,
-- were it only as rollups.
with gone as (
    delete from attribute_history
    where tenant = %(tenant)s
        and entity_id = %(id)s
        and attr = %(attr)s
        and (%(dataset)s::text is null or dataset_id = %(dataset)s)
    returning tenant, entity_id, attr, at, observed_at
), rollups as (
    delete from attribute_rollup
    where tenant = %(tenant)s
        and entity_id = %(id)s
        and attr = %(attr)s
        and (%(dataset)s::text is null or dataset_id = %(dataset)s)
    returning day
), marked as (
    insert into rollup_mark (tenant, entity_id, attr, day)
    select distinct tenant, entity_id, attr, (at at time zone 'UTC')::date
    from gone
    where observed_at is not null
        and at < (select closed_until::timestamp at time zone 'UTC' from history_state)
)
select exists (select 1 from gone) or exists (select 1 from rollups)

-- name: take_instance
-- Take one instance out, to delete it or to put another in its place.
with gone as (
    delete from attribute_history
    where tenant = %(tenant)s
        and entity_id = %(id)s
        and attr = %(attr)s
        and instance_id = %(instance)s
    returning tenant, entity_id, attr, at, observed_at, created_at
), marked as (
    insert into rollup_mark (tenant, entity_id, attr, day)
    select distinct tenant, entity_id, attr, (at at time zone 'UTC')::date
    from gone
    where observed_at is not null
        and at < (select closed_until::timestamp at time zone 'UTC' from history_state)
)
select created_at from gone

-- name: insert_history
-- Rows of instances, column by column. One that has the time and datasetId of an instance already
-- there takes its place: an attribute was observed once at a time, so sending an evolution again
-- corrects it instead of doubling it. Its id and createdAt stay. %(merge)s turns this off.
-- Answers up to which day measurements are rolled up (see marks.py).
with given as (
    select *
    from unnest(
        %(tenant)s::text[], %(entity_id)s::text[], %(attr)s::text[], %(dataset_id)s::text[],
        %(at)s::timestamptz[], %(instance_id)s::uuid[], %(observed_at)s::timestamptz[],
        %(created_at)s::timestamptz[], %(modified_at)s::timestamptz[],
        %(deleted_at)s::timestamptz[], %(number)s::float8[], %(instance)s::text[]
    ) as t (
        tenant, entity_id, attr, dataset_id, at, instance_id, observed_at, created_at,
        modified_at, deleted_at, number, instance
    )
), replaced as (
    update attribute_history h
    set modified_at = g.modified_at, number = g.number,
        instance = jsonb_set(
            g.instance::jsonb, '{createdAt}', to_jsonb(h.instance ->> 'createdAt')
        )::json
    from given g
    where %(merge)s::boolean
        and h.tenant = g.tenant
        and h.entity_id = g.entity_id
        and h.attr = g.attr
        and h.at = g.at
        and h.dataset_id = g.dataset_id
        and h.observed_at is not null
        and g.observed_at is not null
        and h.deleted_at is null
        and g.deleted_at is null
    returning g.instance_id
), inserted as (
    insert into attribute_history (
        tenant, entity_id, attr, dataset_id, at, instance_id, observed_at, created_at, modified_at,
        deleted_at, number, instance
    )
    select g.tenant, g.entity_id, g.attr, g.dataset_id, g.at, g.instance_id, g.observed_at,
        g.created_at, g.modified_at, g.deleted_at, g.number, g.instance::json
    from given g
    where not exists (select 1 from replaced r where r.instance_id = g.instance_id)
)
select to_char(closed_until, 'YYYY-MM-DD') from history_state

-- name: kept
-- Rollups tell of the days before `folded_until`; whether of some days nothing else is kept.
select folded_until, generation > 0 from history_state

-- name: extent_of_lost
-- The first and the last hour of which only rollups are kept.
select
    min(r.day::timestamp at time zone 'UTC' + r.hours[1] * interval '1 hour'),
    max(
        r.day::timestamp at time zone 'UTC'
        + r.hours[cardinality(r.hours)] * interval '1 hour'
    )
from rollup r
where r.tenant = %(tenant)s
    and r.entity_id = any(%(ids)s)
    and (%(attrs)s::text[] is null or r.attr = any(%(attrs)s))
    and r.frozen

-- name: types_of_evolution
-- All types it ever had.
select types from temporal_entity where tenant = %(tenant)s and entity_id = %(id)s;
