-- name: horizon
-- Every transaction before this one has ended: what it wrote is visible now or never.
select pg_snapshot_xmin(pg_current_snapshot())::text

-- name: next_xid
-- No transaction has this number yet.
select pg_snapshot_xmax(pg_current_snapshot())::text

-- name: after
-- The next changes behind a position in the order all readers share, and the horizon below which
-- nothing can appear any more. There is always a row: without a change only the horizon is set.
-- %(tenants)s and %(types)s narrow it to what any reader of this process wants; null = all.
with snapshot as materialized (select pg_snapshot_xmin(pg_current_snapshot()) as horizon)
select
    snapshot.horizon::text,
    o.xid::text,
    o.seq,
    o.tenant,
    o.operation,
    o.entity_id,
    o.types,
    o.changed,
    array[(o.bounds[1])[0], (o.bounds[1])[1], (o.bounds[0])[0], (o.bounds[0])[1]],
    o.entity::text,
    o.previous::text,
    o.at,
    extract(epoch from now() - o.at)::float8
from snapshot
left join lateral (
    select *
    from outbox
    where (outbox.xid, outbox.seq) > (%(xid)s::text::xid8, %(seq)s)
        and outbox.xid < snapshot.horizon
        and (%(tenants)s::text[] is null or outbox.tenant = any(%(tenants)s))
        and (%(types)s::text[] is null or outbox.types && %(types)s)
    order by outbox.xid, outbox.seq
    limit %(limit)s
) o on true
order by o.xid, o.seq

-- name: is_kept
-- Whether a position a reader resumes from is still in the outbox; if not, what followed it may
-- be gone too.
select exists (
    select 1 from outbox where (xid, seq) <= (%(xid)s::text::xid8, %(seq)s) limit 1
)
