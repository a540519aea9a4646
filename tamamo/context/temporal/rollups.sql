-- Rollups: marking days, closing them, computing them (docs/adr/0014). What takes long only reads:
-- a transaction that has written holds up everyone who reads the outbox in order.

-- name: mark
-- Days whose measurements changed. Nobody waits for anybody: rows are only inserted.
insert into rollup_mark (tenant, entity_id, attr, day)
select *
from unnest(%(tenants)s::text[], %(ids)s::text[], %(attrs)s::text[], %(days)s::text[]::date[])

-- name: close
-- From its commit on, who writes measurements of days before this one marks them.
update history_state set closed_until = %(until)s where closed_until < %(until)s

-- name: state
-- How far days are closed and rolled up.
select closed_until, folded_until from history_state

-- name: unaware
-- Transactions that may have read `closed_until` before it was moved: whoever reads the table holds
-- a lock on it to the end of his transaction.
select distinct virtualtransaction
from pg_locks
where relation = 'history_state'::regclass
    and database = (select oid from pg_database where datname = current_database())
    and pid <> pg_backend_pid()

-- name: next_entities
-- Entities with a history, in order of their keys.
select tenant, entity_id from temporal_entity
where (tenant, entity_id) > (%(tenant)s, %(id)s)
order by tenant, entity_id
limit %(limit)s

-- name: measured_days
-- The days of some entities in a range that have measurements. One walk through the key's index.
select distinct h.tenant, h.entity_id, h.attr, (h.at at time zone 'UTC')::date::text
from unnest(%(tenants)s::text[], %(ids)s::text[]) as k (tenant, entity_id)
cross join lateral (
    select h.tenant, h.entity_id, h.attr, h.at
    from attribute_history h
    where h.tenant = k.tenant
        and h.entity_id = k.entity_id
        and h.at >= %(since)s
        and h.at < %(until)s
        and h.observed_at is not null
        and h.deleted_at is null
    offset 0
) h
where h.attr <> %(scope)s

-- name: folded
-- All days of the range are rolled up or marked.
update history_state set folded_until = %(until)s where folded_until = %(since)s

-- name: lock_rollups
-- Computing and dropping are done by one process at a time; whoever comes second does without.
select pg_try_advisory_xact_lock(%(lock)s)

-- name: marked
-- The next marked days and what their measurements come to: a row for each datasetId, or one with
-- null when nothing is left. `past`: of that day only the rollup is kept, instances that came later
-- are not counted (docs/adr/0014). `huge`: squares of these numbers are too large or too small for a float8.
with picked as materialized (
    select distinct m.tenant, m.entity_id, m.attr, m.day
    from (
        select tenant, entity_id, attr, day
        from rollup_mark
        where not huge and day < (select folded_until from history_state)
        order by tenant, entity_id, attr, day
        limit %(limit)s
    ) m
)
select
    p.tenant, p.entity_id, p.attr, p.day, d.*,
    exists (
        select 1 from rollup r
        where r.tenant = p.tenant and r.entity_id = p.entity_id and r.attr = p.attr
            and r.day = p.day and r.dataset_id = d.dataset_id and r.frozen
    ) as past
from picked p
left join lateral (
    select
        c.dataset_id,
        bool_or(c.huge) as huge,
        max(c.total) filter (where c.whole) as total,
        max(c.numbers) filter (where c.whole) as numbers,
        max(c.least) filter (where c.whole) as least,
        max(c.greatest) filter (where c.whole) as greatest,
        max(c.sum) filter (where c.whole) as sum,
        max(c.squares) filter (where c.whole) as squares,
        max(c.spread) filter (where c.whole) as spread,
        max(c.different) filter (where c.whole) as different,
        max(c.kind) as kind,
        array_agg(c.hour order by c.hour) filter (where not c.whole) as hours,
        array_agg(c.total order by c.hour) filter (where not c.whole) as h_total,
        array_agg(c.numbers order by c.hour) filter (where not c.whole) as h_numbers,
        array_agg(c.least order by c.hour) filter (where not c.whole) as h_least,
        array_agg(c.greatest order by c.hour) filter (where not c.whole) as h_greatest,
        array_agg(c.sum order by c.hour) filter (where not c.whole) as h_sum,
        array_agg(c.squares order by c.hour) filter (where not c.whole) as h_squares,
        array_agg(c.spread order by c.hour) filter (where not c.whole) as h_spread,
        array_agg(c.different order by c.hour) filter (where not c.whole) as h_different
    from (
        select
            h.dataset_id,
            h.hour,
            grouping(h.hour) = 1 as whole,
            bool_or(h.huge) as huge,
            count(*)::integer as total,
            count(h.number)::integer as numbers,
            min(h.number) as least,
            max(h.number) as greatest,
            sum(h.number) as sum,
            sum(h.number * h.number) as squares,
            var_pop(h.number) * count(h.number) as spread,
            count(distinct h.number)::integer as different,
            max(h.kind) as kind
        from (
            select
                h.dataset_id,
                extract(hour from h.at at time zone 'UTC')::smallint as hour,
                coalesce(h.number <> 0 and abs(h.number) not between 1e-100 and 1e100, false)
                    as huge,
                case when h.number = 0 or abs(h.number) between 1e-100 and 1e100
                    then h.number end as number,
                case when h.number is null then h.instance ->> 'type' end as kind
            from attribute_history h
            where h.tenant = p.tenant
                and h.entity_id = p.entity_id
                and h.attr = p.attr
                and h.at >= p.day::timestamp at time zone 'UTC'
                and h.at < (p.day + 1)::timestamp at time zone 'UTC'
                and h.observed_at is not null
                and h.deleted_at is null
            offset 0
        ) h
        group by grouping sets ((h.dataset_id), (h.dataset_id, h.hour))
    ) c
    group by c.dataset_id
) d on true
order by p.tenant, p.entity_id, p.attr, p.day

-- name: unmark
-- The marks this transaction saw; those of later writers stay.
delete from rollup_mark m
using unnest(
    %(tenants)s::text[], %(ids)s::text[], %(attrs)s::text[], %(days)s::date[]
) as k (tenant, entity_id, attr, day)
where m.tenant = k.tenant and m.entity_id = k.entity_id and m.attr = k.attr and m.day = k.day

-- name: mark_huge
-- Days that are never rolled up, as long as nothing changes.
insert into rollup_mark (tenant, entity_id, attr, day, huge)
select distinct *, true
from unnest(%(tenants)s::text[], %(ids)s::text[], %(attrs)s::text[], %(days)s::date[])

-- name: forget
-- Rollups of the days that are computed anew. Those of which nothing else is kept stay.
delete from attribute_rollup r
using unnest(
    %(tenants)s::text[], %(ids)s::text[], %(attrs)s::text[], %(days)s::date[]
) as k (tenant, entity_id, attr, day)
where r.tenant = k.tenant and r.entity_id = k.entity_id and r.attr = k.attr and r.day = k.day
    and not exists (
        select 1 from rollup f
        where f.tenant = r.tenant and f.entity_id = r.entity_id and f.attr = r.attr
            and f.day = r.day and f.dataset_id = r.dataset_id and f.frozen
    )

-- name: insert_rollup
-- One day of one attribute and datasetId.
insert into attribute_rollup (
    tenant, entity_id, attr, dataset_id, day, total, numbers, least, greatest, sum, squares, spread,
    different, kind, hours, h_total, h_numbers, h_least, h_greatest, h_sum, h_squares, h_spread,
    h_different, generation
)
values (
    %(tenant)s, %(entity_id)s, %(attr)s, %(dataset_id)s, %(day)s, %(total)s, %(numbers)s, %(least)s,
    %(greatest)s, %(sum)s, %(squares)s, %(spread)s, %(different)s, %(kind)s, %(hours)s,
    %(h_total)s, %(h_numbers)s, %(h_least)s::float8[], %(h_greatest)s::float8[],
    %(h_sum)s::float8[], %(h_squares)s::float8[], %(h_spread)s::float8[], %(h_different)s,
    (select generation from history_state)
)

-- name: discard
-- Instances that came for a day of which only the rollup is kept.
delete from attribute_history h
using unnest(
    %(tenants)s::text[], %(ids)s::text[], %(attrs)s::text[], %(datasets)s::text[], %(days)s::date[]
) as k (tenant, entity_id, attr, dataset_id, day)
where h.tenant = k.tenant
    and h.entity_id = k.entity_id
    and h.attr = k.attr
    and h.dataset_id = k.dataset_id
    and h.at >= k.day::timestamp at time zone 'UTC'
    and h.at < (k.day + 1)::timestamp at time zone 'UTC'
    and h.observed_at is not null
    and h.deleted_at is null
