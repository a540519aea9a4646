-- Statements of jobs. The queue's own state is only ever changed by its library's functions.

-- name: defer
-- The function also serves callers that are no Python (migration 0035).
select job_defer(
    %(tenant)s::text, %(actor)s::text, %(name)s::text, %(args)s::jsonb, %(once)s::boolean,
    %(at)s::timestamptz
)

-- name: list
-- Jobs, newest first. tenants: null = all. The library's seven states are our six.
select
    j.tenant, j.id, j.actor, j.name, q.args -> 'args',
    case
        when q.status = 'doing' and q.abort_requested then 'stopping'
        when q.status = 'todo' then 'waiting'
        when q.status = 'doing' then 'running'
        when q.status in ('aborted', 'aborting') then 'cancelled'
        else q.status::text
    end as state,
    j.attempts, j.created_at, q.scheduled_at, j.started_at, j.ended_at, j.done, j.total, j.note,
    j.result, j.error
from job j
join procrastinate_jobs q on q.id = j.id
where (%(tenants)s::text[] is null or j.tenant = any (%(tenants)s))
    and (%(id)s::bigint is null or j.id = %(id)s)
    and (%(name)s::text is null or j.name = %(name)s)
    and (
        %(statuses)s::text[] is null
        or q.status = any (%(statuses)s::text[]::procrastinate_job_status[])
    )
    and (%(before)s::bigint is null or j.id < %(before)s)
order by j.id desc
limit %(limit)s

-- name: lock
-- One job as it stands, held until the end of the transaction.
select q.status::text, j.name
from procrastinate_jobs q
join job j on j.id = q.id
where j.tenant = %(tenant)s and j.id = %(id)s
for update of q

-- name: retry
-- Back into the queue, at once.
select procrastinate_retry_job_v2(%(id)s, now(), null, null, null)

-- name: forget_end
-- A job that goes again has not ended.
update job set ended_at = null, note = '' where tenant = %(tenant)s and id = %(id)s

-- name: cancel
-- One that waits is cancelled; one that runs is asked to stop.
select procrastinate_cancel_job_v1(%(id)s, true, false)

-- name: ended
-- What ended without running.
update job set ended_at = now() where tenant = %(tenant)s and id = %(id)s

-- name: started
-- An attempt begins.
update job
set attempts = attempts + 1, started_at = now(), ended_at = null, done = 0, total = null, note = ''
where tenant = %(tenant)s and id = %(id)s

-- name: progress
-- How far it is.
update job
set done = %(done)s, total = %(total)s, note = %(note)s
where tenant = %(tenant)s and id = %(id)s

-- name: succeeded
-- It went well: an earlier attempt's error no longer matters.
update job
set ended_at = now(), result = %(result)s, error = null
where tenant = %(tenant)s and id = %(id)s

-- name: failed
-- An attempt failed.
update job set ended_at = now(), error = %(error)s where tenant = %(tenant)s and id = %(id)s

-- name: due
-- Whether there is a job to do now, or one whose worker has died.
select
    exists (
        select 1 from procrastinate_jobs
        where status = 'todo' and (scheduled_at is null or scheduled_at <= now())
    ),
    exists (select 1 from procrastinate_jobs where status = 'doing')

-- name: abandoned
-- Running jobs whose worker has given no sign for some time, each held for this transaction.
select q.id, q.args ->> 'tenant', q.task_name, q.attempts, q.abort_requested
from procrastinate_jobs q
where q.status = 'doing'
    and not exists (
        select 1 from procrastinate_workers w
        where w.id = q.worker_id and w.last_heartbeat > now() - %(silence)s
    )
order by q.id
for update of q

-- name: give_up
-- Ends an abandoned job.
select procrastinate_finish_job_v1(%(id)s, %(status)s::procrastinate_job_status, false)

-- name: clear
-- Ended jobs nobody looks at any more go, and what is known of them with them.
delete from procrastinate_jobs
where id in (select id from job where ended_at < now() - %(kept)s)
    and status not in ('todo', 'doing')
