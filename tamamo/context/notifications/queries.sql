-- Statements of matching and delivery. Each is small and touches rows by key.

-- name: look
-- One look at whether there is anything to do. `due`: a periodic notification.
select
    version, xid::text, seq,
    exists (
        select 1 from subscription
        where next_at <= now() and is_active and (expires_at is null or expires_at > now())
    ) as due,
    now(),
    queued
from notification_state

-- name: advance
-- How far the outbox is matched. No row when another process went on meanwhile: then what was
-- matched here is theirs, and nothing of it may be stored. Stands behind `counted` as `told`, whose
-- rows are locked first.
update notification_state
set xid = %(xid)s::text::xid8, seq = %(seq)s
from (select count(*) from told) as counted
where xid = %(from_xid)s::text::xid8 and seq = %(from_seq)s
returning 1

-- name: cooling
-- Those whose last attempt failed less than their cooldown ago.
select s.tenant, s.id
from unnest(%(tenants)s::text[], %(ids)s::text[], %(seconds)s::float8[]) as w (tenant, id, seconds)
join subscription s using (tenant, id)
where s.last_failure > coalesce(s.last_success, '-infinity')
    and s.last_failure + w.seconds * interval '1 second' > now()

-- name: throttle
-- Let one notification of each subscription through unless its last was too short a time ago.
with wanted as (
    select s.tenant, s.id, w.seconds
    from unnest(%(tenants)s::text[], %(ids)s::text[], %(seconds)s::float8[])
        as w (tenant, id, seconds)
    join subscription s using (tenant, id)
    where s.throttled_until is null or s.throttled_until <= now()
    order by s.tenant, s.id
    for no key update of s
)
update subscription s
set throttled_until = now() + w.seconds * interval '1 second'
from wanted w
where s.tenant = w.tenant and s.id = w.id
returning s.tenant, s.id

-- name: store
-- Notifications to deliver, of subscriptions that are still there and stay until this is stored.
insert into notification (tenant, entity_id, subscription_id, bucket, media, body, request, reach)
select n.tenant, n.entity_id, n.subscription_id, n.bucket, n.media, n.body, n.request, n.reach::json
from unnest(
    %(tenants)b::text[], %(entities)b::text[], %(subscriptions)b::text[], %(buckets)s::int[],
    %(medias)b::text[], %(bodies)b::text[], %(requests)s::text[],
    %(reaches)s::text[]
) with ordinality
    as n (tenant, entity_id, subscription_id, bucket, media, body, request, reach, place)
where exists (
    select 1 from subscription s where s.tenant = n.tenant and s.id = n.subscription_id
    for key share
)
order by n.place
returning tenant, subscription_id, seq

-- name: queued
-- Every process looks at what waits, whoever matches.
update notification_state set queued = queued + 1

-- name: take_due
-- Periodic subscriptions whose time has come; each gets its next time, missed ones are not made up.
with due as (
    select tenant, id
    from subscription
    where next_at <= now() and is_active and (expires_at is null or expires_at > now())
    order by tenant, id
    limit %(limit)s
    for no key update
)
update subscription s
set next_at = case
    when s.next_at + make_interval(secs => (s.document ->> 'timeInterval')::float8) > now()
    then s.next_at + make_interval(secs => (s.document ->> 'timeInterval')::float8)
    else now() + make_interval(secs => (s.document ->> 'timeInterval')::float8)
end
from due
where s.tenant = due.tenant and s.id = due.id
returning s.tenant, s.id

-- name: waiting
-- What waits in the buckets of this process, behind what it has seen.
select
    tenant, subscription_id, entity_id, seq, media, body, attempts, now() - created_at, request,
    reach
from notification
where dead_at is null
    and seq > %(behind)s
    and bucket = any(%(buckets)s::int[])
    and not (tenant || ' ' || subscription_id = any(%(full)s::text[]))
order by seq
limit %(limit)s

-- name: delivered
delete from notification n
using unnest(
    %(tenants)b::text[], %(entities)b::text[], %(subscriptions)b::text[], %(seqs)s::bigint[]
) as d (tenant, entity_id, subscription_id, seq)
where n.tenant = d.tenant
    and n.entity_id = d.entity_id
    and n.subscription_id = d.subscription_id
    and n.seq = d.seq

-- name: failed
-- An attempt that failed; `dead` when it was the last.
update notification n
set
    attempts = f.attempts,
    last_attempt_at = now(),
    last_error = f.error,
    dead_at = case when f.dead then now() end
from unnest(
    %(tenants)s::text[], %(entities)s::text[], %(subscriptions)s::text[], %(seqs)s::bigint[],
    %(attempts)s::int[], %(errors)s::text[], %(dead)s::bool[]
) as f (tenant, entity_id, subscription_id, seq, attempts, error, dead)
where n.tenant = f.tenant
    and n.entity_id = f.entity_id
    and n.subscription_id = f.subscription_id
    and n.seq = f.seq

-- name: counted
-- What the owner of a subscription sees: attempts when they begin, results when they come; one that
-- is tried again is counted once. Of a success and a failure the later one keeps its time. A row
-- that is gone stays gone.
with counts as (
    select c.*, clock_timestamp() as moment
    from unnest(
        %(tenants)s::text[], %(ids)s::text[], %(tried)s::int[], %(sent)s::int[],
        %(fresh)s::int[], %(failed)s::int[], %(ok)s::int[], %(last_failed)s::bool[],
        %(in_row)s::int[], %(errors)s::text[]
    ) as c (tenant, id, tried, sent, fresh, failed, ok, last_failed, in_row, error)
    join subscription s using (tenant, id)
    order by c.tenant, c.id
    for no key update of s
)
update subscription s
set
    times_sent = s.times_sent + c.sent,
    times_failed = s.times_failed + c.fresh,
    last_notification = case when c.tried > 0 then c.moment else s.last_notification end,
    last_success = case
        when c.ok = 0 then s.last_success
        when c.last_failed then c.moment - interval '1 millisecond'
        else c.moment
    end,
    last_failure = case
        when c.failed = 0 then s.last_failure
        when c.last_failed then c.moment
        else c.moment - interval '1 millisecond'
    end,
    fails_in_row = case when c.ok > 0 then c.in_row else s.fails_in_row + c.in_row end,
    last_error = coalesce(c.error, s.last_error)
from counts c
where s.tenant = c.tenant and s.id = c.id

-- name: claim
select pg_try_advisory_lock(%(kind)s, %(number)s)

-- name: release
select pg_advisory_unlock(%(kind)s, %(number)s)

-- name: join_in
select pg_advisory_lock_shared(%(kind)s, %(number)s)

-- name: sharers
-- How many processes deliver from this database.
select count(distinct pid)
from pg_locks
where locktype = 'advisory'
    and database = (select oid from pg_database where datname = current_database())
    and classid = %(kind)s::int::oid
    and objid = %(number)s::int::oid
    and granted

-- name: list
select tenant, seq, subscription_id, entity_id, created_at, attempts, last_error, dead_at
from notification
where (%(tenant)s::text is null or tenant = %(tenant)s)
    and (%(subscription)s::text is null or subscription_id = %(subscription)s)
    and (dead_at is not null or not %(dead)s)
order by seq
limit %(limit)s

-- name: show
select
    tenant, seq, subscription_id, entity_id, created_at, attempts, last_error, dead_at, body,
    request
from notification
where seq = %(seq)s

-- name: replay
-- Dead letters back into their queue, behind what waits there.
update notification
set dead_at = null, attempts = 0, seq = default, created_at = now()
where dead_at is not null
    and (%(tenant)s::text is null or tenant = %(tenant)s)
    and (%(subscription)s::text is null or subscription_id = %(subscription)s)
    and (%(seqs)s::bigint[] is null or seq = any(%(seqs)s))
returning tenant, subscription_id

-- name: drop
-- Dead letters that nobody wants any more.
delete from notification
where dead_at is not null
    and (%(tenant)s::text is null or tenant = %(tenant)s)
    and (%(subscription)s::text is null or subscription_id = %(subscription)s)
    and (%(seqs)s::bigint[] is null or seq = any(%(seqs)s))
returning tenant, subscription_id
