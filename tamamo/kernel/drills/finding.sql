-- One drill, and all of them for the memory of each process.

-- name: find
-- The drill that a tenant is.
select
    tenant, town, title, scenario, state, recipients, begins_at, length, position, anchored_at,
    speed, expires_at
from drill
where tenant = %(tenant)s;
