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
