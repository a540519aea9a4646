-- Retention (docs/adr/0014). What takes long only reads; what writes takes few rows at a time.

-- name: rules
-- All rules, the most general first.
select
    tenant, type, keep::text, keep_rollups::text, applied_until, applied_at, removed,
    least((%(now)s::timestamptz at time zone 'UTC' - keep)::date, s.folded_until) as horizon
from retention, history_state s
where keep is not null
order by tenant <> '*', type <> '*', tenant, type

-- name: set_rule
-- What was applied of an earlier rule stays true.
insert into retention (tenant, type, keep, keep_rollups)
values (%(tenant)s, %(type)s, %(keep)s::interval, %(rollups)s::interval)
on conflict (tenant, type) do update
set keep = excluded.keep, keep_rollups = excluded.keep_rollups

-- name: remove_rule
-- From now on everything is kept; that something is gone is remembered for ever.
with forgotten as (
    delete from retention
    where tenant = %(tenant)s and type = %(type)s and keep is not null and applied_until is null
    returning true
), removed as (
    update retention set keep = null
    where tenant = %(tenant)s and type = %(type)s and keep is not null
        and applied_until is not null
    returning true
)
select exists (select 1 from forgotten) or exists (select 1 from removed)

-- name: entities
-- The next entities with the day before which their instances go, and their rollups; null = never.
-- Snapshots (a control character in the tenant's name) are whole as long as they last.
select
    t.tenant, t.entity_id, h.horizon, h.rollups, h.tenant, h.type,
    coalesce(t.deleted_at < h.horizon::timestamp at time zone 'UTC', false) as gone
from (
    select tenant, entity_id, types, deleted_at from temporal_entity
    where (tenant, entity_id) > (%(tenant)s, %(id)s)
    order by tenant, entity_id
    limit %(limit)s
) t
left join lateral (
    select
        least((%(now)s::timestamptz at time zone 'UTC' - r.keep)::date, s.folded_until) as horizon,
        (%(now)s::timestamptz at time zone 'UTC' - r.keep_rollups)::date as rollups,
        r.tenant,
        r.type
    from retention r, history_state s
    where r.tenant in (t.tenant, '*')
        and (r.type = '*' or r.type = any(t.types))
        and r.keep is not null
        and position(E'\x01' in t.tenant) = 0
    order by r.tenant <> '*' desc, r.type <> '*' desc, r.keep desc
    limit 1
) h on true
order by t.tenant, t.entity_id

-- name: past_days
-- Days of some entities whose measurements are past and rolled up, with their number.
select r.tenant, r.entity_id, r.attr, r.dataset_id, r.day, r.total
from unnest(%(tenants)s::text[], %(ids)s::text[], %(horizons)s::date[])
    as k (tenant, entity_id, horizon)
cross join lateral (
    select * from attribute_rollup r
    where r.tenant = k.tenant and r.entity_id = k.entity_id and r.day < k.horizon and not r.frozen
    order by r.day
    limit %(limit)s
) r
where not exists (
    select 1 from rollup_mark m
    where m.tenant = r.tenant and m.entity_id = r.entity_id and m.attr = r.attr and m.day = r.day
)
limit %(limit)s

-- name: drop_days
-- From now on the rollup of these days is all that is kept. A day marked meanwhile waits.
with k as (
    select *
    from unnest(
        %(tenants)s::text[], %(ids)s::text[], %(attrs)s::text[], %(datasets)s::text[],
        %(days)s::date[]
    ) as k (tenant, entity_id, attr, dataset_id, day)
    where not exists (
        select 1 from rollup_mark m
        where m.tenant = k.tenant and m.entity_id = k.entity_id and m.attr = k.attr
            and m.day = k.day
    )
), frozen as (
    update attribute_rollup r set frozen = true
    from k
    where r.tenant = k.tenant and r.entity_id = k.entity_id and r.attr = k.attr
        and r.dataset_id = k.dataset_id and r.day = k.day
    returning r.tenant, r.entity_id, r.attr, r.dataset_id, r.day
)
delete from attribute_history h
using frozen f
where h.tenant = f.tenant
    and h.entity_id = f.entity_id
    and h.attr = f.attr
    and h.dataset_id = f.dataset_id
    and h.at >= f.day::timestamp at time zone 'UTC'
    and h.at < (f.day + 1)::timestamp at time zone 'UTC'
    and h.observed_at is not null
    and h.deleted_at is null

-- name: something_lost
-- From now on readers ask which rollups stand alone.
update history_state set generation = 1 where generation = 0

-- name: past_instances
-- Instances nobody measured, and deletions, that are past. What held when the kept time began is not
-- past: the newest instance before it, unless it was deleted or its entity is gone.
select h.tenant, h.entity_id, h.attr, h.at, h.instance_id
from unnest(
    %(tenants)s::text[], %(ids)s::text[], %(horizons)s::date[], %(gones)s::boolean[]
) as k (tenant, entity_id, horizon, gone)
cross join lateral (
    select * from attribute_history h
    where h.tenant = k.tenant
        and h.entity_id = k.entity_id
        and h.at < k.horizon::timestamp at time zone 'UTC'
        and (h.observed_at is null or h.deleted_at is not null or h.attr = %(scope)s)
    offset 0
) h
where k.gone or h.deleted_at is not null or exists (
    select 1 from attribute_history n
    where n.tenant = h.tenant
        and n.entity_id = h.entity_id
        and n.attr = h.attr
        and n.dataset_id = h.dataset_id
        and (n.at, n.instance_id) > (h.at, h.instance_id)
        and n.at < k.horizon::timestamp at time zone 'UTC'
)
limit %(limit)s

-- name: drop_instances
-- Instances by their keys.
delete from attribute_history h
using unnest(
    %(tenants)s::text[], %(ids)s::text[], %(attrs)s::text[], %(ats)s::timestamptz[],
    %(instances)s::uuid[]
) as k (tenant, entity_id, attr, at, instance_id)
where h.tenant = k.tenant and h.entity_id = k.entity_id and h.attr = k.attr and h.at = k.at
    and h.instance_id = k.instance_id

-- name: drop_rollups
-- Rollups whose own time is over, of instances that went before.
with past as (
    select r.tenant, r.entity_id, r.attr, r.dataset_id, r.day
    from unnest(%(tenants)s::text[], %(ids)s::text[], %(rollups)s::date[])
        as k (tenant, entity_id, until)
    join attribute_rollup r
        on r.tenant = k.tenant and r.entity_id = k.entity_id and r.day < k.until
    where r.frozen
    limit %(limit)s
)
delete from attribute_rollup r
using past p
where r.tenant = p.tenant and r.entity_id = p.entity_id and r.attr = p.attr
    and r.dataset_id = p.dataset_id and r.day = p.day

-- name: spares
-- Whether something in a month is not past: an entity that has rows in it and is kept longer.
select exists (
    select 1
    from temporal_entity t
    left join lateral (
        select least(
            (%(now)s::timestamptz at time zone 'UTC' - r.keep)::date, s.folded_until
        ) as horizon
        from retention r, history_state s
        where r.tenant in (t.tenant, '*')
            and (r.type = '*' or r.type = any(t.types))
            and r.keep is not null
            and position(E'\x01' in t.tenant) = 0
        order by r.tenant <> '*' desc, r.type <> '*' desc, r.keep desc
        limit 1
    ) h on true
    where (h.horizon is null or h.horizon < %(end)s)
        and exists (
            select 1 from {table} p where p.tenant = t.tenant and p.entity_id = t.entity_id
        )
)

-- name: unready
-- Whether days of a month have yet to be rolled up, or never are.
select exists (select 1 from rollup_mark where day >= %(start)s and day < %(end)s)

-- name: survivors
-- Instances of a month that outlive it: what held when the kept time began (see past_instances).
select p.tenant, p.entity_id, p.attr, p.at, p.instance_id
from {table} p
join temporal_entity t on t.tenant = p.tenant and t.entity_id = p.entity_id
where p.deleted_at is null
    and (p.observed_at is null or p.attr = %(scope)s)
    and (t.deleted_at is null or t.deleted_at >= %(end)s::timestamp at time zone 'UTC')
    and not exists (
        select 1 from attribute_history n
        where n.tenant = p.tenant
            and n.entity_id = p.entity_id
            and n.attr = p.attr
            and n.dataset_id = p.dataset_id
            and (n.at, n.instance_id) > (p.at, p.instance_id)
            and n.at < %(end)s::timestamp at time zone 'UTC'
    )
limit %(limit)s

-- name: detach
-- Under the lock of the history.
alter table attribute_history detach partition {table}

-- name: keep_survivors
-- They go where rows of months without a partition are.
insert into attribute_history
select p.*
from unnest(
    %(tenants)s::text[], %(ids)s::text[], %(attrs)s::text[], %(ats)s::timestamptz[],
    %(instances)s::uuid[]
) as k (tenant, entity_id, attr, at, instance_id)
join {table} p
    on p.tenant = k.tenant and p.entity_id = k.entity_id and p.attr = k.attr and p.at = k.at
    and p.instance_id = k.instance_id

-- name: note_dropped
-- Rollups of an earlier generation are all that is left of the month.
with state as (
    update history_state set generation = generation + 1 returning generation
)
insert into history_dropped (month, generation)
select %(start)s, generation from state

-- name: drop_table
-- Empty of what is kept.
drop table {table}

-- name: applied
-- How far the rules were carried out.
update retention r
set
    applied_until = greatest(
        r.applied_until,
        least((%(now)s::timestamptz at time zone 'UTC' - r.keep)::date, s.folded_until)
    ),
    applied_at = %(now)s
from history_state s
where r.keep is not null

-- name: count_removed
-- Progress of a rule.
update retention set removed = removed + %(count)s where tenant = %(tenant)s and type = %(type)s

-- name: preview
-- What the rules would remove now, by tenant and first type of the entities.
select t.tenant, t.type, count(distinct t.entity_id), count(*), min(p.at), max(p.at)
from temporal_entity t
cross join lateral (
    select least(
        (%(now)s::timestamptz at time zone 'UTC' - r.keep)::date, s.folded_until
    ) as horizon
    from (
        select tenant, type, keep from retention
        where not (tenant = %(tenant)s and type = %(type)s)
        union all
        select %(tenant)s::text, %(type)s::text, %(keep)s::interval
    ) r, history_state s
    where r.tenant in (t.tenant, '*')
        and (r.type = '*' or r.type = any(t.types))
        and r.keep is not null
        and position(E'\x01' in t.tenant) = 0
    order by r.tenant <> '*' desc, r.type <> '*' desc, r.keep desc
    limit 1
) h
join attribute_history p
    on p.tenant = t.tenant and p.entity_id = t.entity_id
    and p.at < h.horizon::timestamp at time zone 'UTC'
group by t.tenant, t.type
order by t.tenant, t.type

-- name: gone_before
-- The day before which instances of such entities are no longer kept; null = all are.
select max(r.applied_until)
from (
    select applied_until, keep, row_number() over (
        partition by keep is null order by tenant <> '*' desc, type <> '*' desc, keep desc
    ) as rank
    from retention
    where tenant in (%(tenant)s, '*') and (type = '*' or type = any(%(types)s))
) r
where r.keep is null or r.rank = 1
