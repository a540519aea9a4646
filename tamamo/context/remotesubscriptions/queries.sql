-- What this broker has subscribed to at sources, and what it has yet to tell them. One process at a
-- time works on it, whichever holds the lock.

-- name: claim
select pg_try_advisory_lock(%(kind)s, 0)

-- name: look
-- Which subscriptions there are, by their version, and what is due to be told.
select (select version from notification_state), exists (
    select 1 from remote_subscription where next_at <= now()
)

-- name: going_on
-- The subscriptions of these tenants that are for other sources too.
select tenant, id, modified_at, document, terms, query_terms, callback, via
from subscription
where tenant = any(%(tenants)s)
    and source_id is not null
    and (expires_at is null or expires_at > now())

-- name: known
-- What sources have, or should have.
select tenant, subscription_id, registration_id, wanted, source, begun_at is not null
from remote_subscription

-- name: want
-- A source should have this from now on. What it has been told does not change by that.
insert into remote_subscription as r (
    tenant, subscription_id, registration_id, remote_id, source, names, wanted, next_at
)
values (
    %(tenant)s, %(subscription)s, %(registration)s, %(remote_id)s, %(source)s, %(names)s,
    %(wanted)s, now()
)
on conflict (tenant, subscription_id, registration_id) do update set
    source = excluded.source,
    names = excluded.names,
    wanted = excluded.wanted,
    attempts = 0,
    next_at = case when r.told is distinct from excluded.wanted then now() end

-- name: unwant
-- It should have nothing any more. One that was never asked of the source needs no telling.
with gone as (
    delete from remote_subscription
    where tenant = %(tenant)s
        and subscription_id = %(subscription)s
        and registration_id = %(registration)s
        and begun_at is null
    returning 1
)
update remote_subscription
set wanted = null, attempts = 0, next_at = now()
where tenant = %(tenant)s
    and subscription_id = %(subscription)s
    and registration_id = %(registration)s
    and begun_at is not null

-- name: due
-- Of each source the first few, so that one that is away keeps nobody else waiting.
select
    r.tenant, r.subscription_id, r.registration_id, r.remote_id, r.source, r.names, r.wanted,
    r.told, now() - r.begun_at, r.attempts, coalesce(s.via, '')
from (
    select
        *,
        row_number() over (partition by source ->> 'endpoint' order by next_at) as place
    from remote_subscription
    where next_at <= now()
) as r
left join subscription s on s.tenant = r.tenant and s.id = r.subscription_id
where r.place <= 2 * %(to_one)s
order by r.next_at
limit 500

-- name: begin
-- Before the source is asked to make it: from now on it may have it. No row: nobody wants it.
update remote_subscription
set begun_at = coalesce(begun_at, now())
where tenant = %(tenant)s
    and subscription_id = %(subscription)s
    and registration_id = %(registration)s
    and remote_id = %(remote_id)s
    and wanted is not null
returning 1

-- name: told
-- The source knows this now; more may have come meanwhile.
update remote_subscription
set
    told = %(told)s,
    attempts = 0,
    last_error = null,
    next_at = case when wanted is distinct from %(told)s::jsonb then now() end
where tenant = %(tenant)s
    and subscription_id = %(subscription)s
    and registration_id = %(registration)s
    and remote_id = %(remote_id)s

-- name: failed
-- The source could not be told. What has changed meanwhile is tried at once.
update remote_subscription
set
    attempts = attempts + 1,
    last_error = %(error)s,
    next_at = now() + %(pause)s * interval '1 second'
where tenant = %(tenant)s
    and subscription_id = %(subscription)s
    and registration_id = %(registration)s
    and remote_id = %(remote_id)s
    and (wanted is null) = %(over)s

-- name: over
-- The source has nothing any more; unless it should again have something.
delete from remote_subscription
where tenant = %(tenant)s
    and subscription_id = %(subscription)s
    and registration_id = %(registration)s
    and remote_id = %(remote_id)s
    and wanted is null

-- name: anew
-- The source has it no longer, but should: it is asked again to make it, under a new id.
update remote_subscription
set remote_id = %(fresh)s, told = null, begun_at = null, next_at = now()
where tenant = %(tenant)s
    and subscription_id = %(subscription)s
    and registration_id = %(registration)s
    and remote_id = %(remote_id)s

-- name: named
-- What a source tells of, by the id it has there.
select
    r.tenant, r.subscription_id, r.registration_id, r.source, r.wanted, s.document, s.terms,
    s.query_terms, s.owner
from remote_subscription r
join subscription s on s.tenant = r.tenant and s.id = r.subscription_id
where r.remote_id = %(remote_id)s and r.wanted is not null
