-- What each process knows of the registrations.

-- name: list_generations
-- How often each tenant's registrations changed.
select tenant, generation from registration_generation;

-- name: list_sources
-- The registrations of these tenants (null: of all), in order of their ids.
select tenant, id, document
from registration
where
    (%(tenants)s::text[] is null or tenant = any(%(tenants)s::text[]))
    and (expires_at is null or expires_at > now())
order by tenant, id;

-- name: add_activity
-- Add what was counted to the registrations that are still there.
update registration as r
set
    times_sent = r.times_sent + n.sent,
    times_failed = r.times_failed + n.failed,
    last_success = greatest(r.last_success, n.success),
    last_failure = greatest(r.last_failure, n.failure)
from
    unnest(
        %(tenants)s::text[], %(ids)s::text[], %(sent)s::bigint[], %(failed)s::bigint[],
        %(successes)s::timestamptz[], %(failures)s::timestamptz[]
    ) as n (tenant, id, sent, failed, success, failure)
where r.tenant = n.tenant and r.id = n.id;
