-- Who is told of the registrations of a tenant. All run under the lock of its registrations.

-- name: subscribers
-- The active subscriptions to registrations that are told of changes.
select id, document, terms, query_terms
from subscription
where tenant = %(tenant)s
    and api = 'csource'
    and is_active
    and (expires_at is null or expires_at > now())
    and next_at is null
order by id
