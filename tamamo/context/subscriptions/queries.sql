-- name: create
-- A new subscription; no row when its id is taken. What is visible now is no news to it.
insert into subscription (
    tenant, id, api, owner, document, terms, query_terms, since, is_active, expires_at, next_at,
    callback, via, source_id
)
values (
    %(tenant)s, %(id)s, %(api)s, %(owner)s, %(document)s, %(terms)s, %(query_terms)s, pg_current_snapshot(),
    %(is_active)s, %(expires_at)s, now() + %(interval)s * interval '1 second',
    %(callback)s, %(via)s, case when %(callback)s::text is not null then %(source_id)s end
)
on conflict do nothing
returning 1

-- name: update
-- What is in the row stays as far as the client did not change it. One that becomes active again,
-- or that was, goes on from now or from where it was. rearm: it begins anew, throttling too.
update subscription
set
    document = %(document)s, query_terms = %(query_terms)s, terms = %(terms)s,
    since = case
        when is_active and (expires_at is null or expires_at > now()) and not %(rearm)s then since
        else pg_current_snapshot()
    end,
    throttled_until = case when not %(rearm)s then throttled_until end,
    is_active = %(is_active)s, expires_at = %(expires_at)s,
    next_at = case
        when %(same_interval)s then next_at
        else now() + %(interval)s * interval '1 second'
    end,
    source_id = case
        when callback is not null and %(source_id)s::text is not null
        then coalesce(source_id, %(source_id)s)
    end,
    modified_at = now()
where tenant = %(tenant)s and id = %(id)s

-- name: delete
-- Before its notifications, as everywhere: rows are locked in this order.
delete from subscription
where tenant = %(tenant)s and id = %(id)s and api = %(api)s
    and (%(owner)s::text is null or owner = %(owner)s)
returning document

-- name: drop_waiting
-- Whatever waits to be delivered for a subscription that is gone.
delete from notification where tenant = %(tenant)s and subscription_id = %(id)s

-- name: moved
-- Every process reads the subscriptions again.
update notification_state set version = version + 1

-- name: get
select
    id, document, terms, query_terms, created_at, modified_at,
    throttled_until is not null and throttled_until > now(),
    times_sent, times_failed, last_notification, last_success, last_failure, fails_in_row,
    last_error
from subscription
where tenant = %(tenant)s and id = %(id)s and api = %(api)s
    and (%(owner)s::text is null or owner = %(owner)s)

-- name: newest_change
-- The last of what a subscription may be told of that happened a moment ago and is behind the
-- position: it is being told, or soon will be.
select o.xid::text, o.seq
from subscription s
cross join lateral (
    select xid, seq, tenant, types, at
    from outbox
    where (xid, seq) > (select p.xid, p.seq from notification_state p)
    order by xid, seq
    limit 500
) o
where s.tenant = %(tenant)s
    and s.id = %(id)s
    and s.is_active
    and o.tenant = s.tenant
    and o.at > now() - interval '2 seconds'
    and coalesce(
        jsonb_path_query_array((s.document -> 'entities')::jsonb, '$[*].type') ?| o.types, true
    )
order by o.xid desc, o.seq desc
limit 1

-- name: under_way
-- The last notification, of those up to one, that was stored a moment ago and has not failed yet.
-- Of a long queue only its end is looked at.
select max(seq)
from (
    select seq, dead_at, attempts, created_at
    from notification
    where tenant = %(tenant)s
        and subscription_id = %(id)s
        and (%(last)s::bigint is null or seq <= %(last)s)
    order by seq desc
    limit 100
) as newest
where dead_at is null and attempts = 0 and created_at > now() - interval '2 seconds'

-- name: is_behind
-- Whether a change has been matched, and what it gave rise to is delivered or stored.
select (xid, seq) >= (%(xid)s::text::xid8, %(seq)s::bigint) from notification_state

-- name: lock
select document, terms, query_terms
from subscription
where tenant = %(tenant)s and id = %(id)s and api = %(api)s
    and (%(owner)s::text is null or owner = %(owner)s)
for update

-- name: page
-- place: only those made for this service path (NGSIv2).
select
    id, document, terms, query_terms, created_at, modified_at,
    throttled_until is not null and throttled_until > now(),
    times_sent, times_failed, last_notification, last_success, last_failure, fails_in_row,
    last_error
from subscription
where tenant = %(tenant)s and api = %(api)s
    and (%(place)s::text is null or document #>> '{ngsiv2,servicePath}' = %(place)s)
    and (%(owner)s::text is null or owner = %(owner)s)
order by id
limit %(limit)s offset %(offset)s

-- name: count
select count(*)
from subscription
where tenant = %(tenant)s and api = %(api)s
    and (%(place)s::text is null or document #>> '{ngsiv2,servicePath}' = %(place)s)
    and (%(owner)s::text is null or owner = %(owner)s)

-- name: heads
-- What there is, and whether it is what a process has compiled.
select tenant, id, modified_at, since::text from subscription

-- name: some
-- Those that are new to a process, or changed.
select
    s.tenant, s.id, s.modified_at, s.since::text, s.document, s.terms, s.query_terms, s.api, s.owner
from unnest(%(tenants)s::text[], %(ids)s::text[]) as k (tenant, id)
join subscription s using (tenant, id)
