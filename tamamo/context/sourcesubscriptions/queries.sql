-- Who is told of the registrations of a tenant, and what is listed of that.

-- name: subscribers
-- The active subscriptions to registrations that are told of changes. Under the lock of the
-- registrations.
select id, document, terms, query_terms
from subscription
where tenant = %(tenant)s
    and api = 'csource'
    and is_active
    and (expires_at is null or expires_at > now())
    and next_at is null
order by id

-- name: page
-- Those of clients, and those that go with subscriptions to entities (5.8.1.4): these are told
-- within this broker (`callback`).
select
    id, document, terms, query_terms, created_at, modified_at,
    throttled_until is not null and throttled_until > now(),
    times_sent, times_failed, last_notification, last_success, last_failure, fails_in_row,
    last_error, null as callback
from subscription
where tenant = %(tenant)s and api = 'csource' and (%(id)s::text is null or id = %(id)s)
union all
select
    source_id, document, terms, query_terms, created_at, modified_at, false,
    0, 0, null, null, null, 0, null, callback
from subscription
where tenant = %(tenant)s
    and source_id is not null
    and (%(id)s::text is null or source_id = %(id)s)
order by 1
limit %(limit)s offset %(offset)s

-- name: count
select count(*) from subscription
where tenant = %(tenant)s and (api = 'csource' or source_id is not null)
