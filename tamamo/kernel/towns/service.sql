-- Tenants made and changed by people; each statement runs in one transaction with its audit row.

-- name: changed
-- Tell all processes to read again.
update town_generation set generation = generation + 1;

-- name: lock_town
-- The tenant as it is, held until the end of the transaction.
select
    name, title, code, languages, map_view, max_entities, max_requests, max_storage,
    public_types, state
from tenant
where name = %(name)s
for update;

-- name: insert_town
-- A new tenant; nothing comes back where there is one.
insert into tenant (
    name, title, code, languages, map_view, max_entities, max_requests, max_storage,
    public_types, state, created_by
) values (
    %(name)s, %(title)s, %(code)s, %(languages)s, %(map_view)s, %(max_entities)s,
    %(max_requests)s, %(max_storage)s, %(public_types)s, %(state)s, %(by)s
)
on conflict (name) do nothing
returning name;

-- name: update_town
-- All that can be changed of one.
update tenant
set
    title = %(title)s, code = %(code)s, languages = %(languages)s, map_view = %(map_view)s,
    max_entities = %(max_entities)s, max_requests = %(max_requests)s,
    max_storage = %(max_storage)s, public_types = %(public_types)s, state = %(state)s
where name = %(name)s;

-- name: list_towns
-- Every tenant with who made it and what it uses.
select
    t.name, t.title, t.code, t.languages, t.map_view, t.max_entities, t.max_requests,
    t.max_storage, t.public_types, t.state, t.created_at, t.created_by,
    coalesce(u.entities, 0) as entities, coalesce(u.storage, 0) as storage, u.counted_at,
    u.measured_at, coalesce(m.requests, 0) as requests, coalesce(m.refused, 0) as refused
from tenant t
left join tenant_usage u on u.tenant = t.name
left join tenant_minute m
    on m.tenant = t.name and m.minute = date_trunc('minute', now()) - interval '1 minute'
where %(name)s::text is null or t.name = %(name)s
order by t.name <> 'default', t.name;
