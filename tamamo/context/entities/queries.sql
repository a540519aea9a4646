-- Statements on the current state. Every one touches rows by (tenant, id), so that it stays the
-- same when the tables are distributed by entity id.

-- name: get_entities
-- Several entities by key, of one or many tenants: what coalesced reads use.
select e.tenant, e.id, e.types, e.scopes, e.attrs, e.created_at, e.modified_at, e.expires_at
from unnest(%(tenants)b::text[], %(ids)b::text[]) as k (tenant, id)
join entity e using (tenant, id)
where e.expires_at is null or e.expires_at > now();

-- name: lock_entities
-- The same, locked for a change; the order keeps two writers from waiting for each other.
select e.tenant, e.id, e.types, e.scopes, e.attrs, e.created_at, e.modified_at, e.expires_at
from unnest(%(tenants)b::text[], %(ids)b::text[]) as k (tenant, id)
join entity e using (tenant, id)
order by e.tenant, e.id
for update of e;

-- name: read_entities
-- The same, not locked: what a change is worked out from. A row for each key: the day before which
-- measurements are rolled up, the version of the entity, null where there is none, and whether one
-- that is not there has an evolution all the same. Attributes come as the bytes of their JSON.
select
    (select to_char(closed_until, 'YYYY-MM-DD') from history_state),
    e.xmin::text,
    e.id is null and exists (
        select from temporal_entity t where t.tenant = k.tenant and t.entity_id = k.id
    ),
    k.tenant, k.id, array_to_json(e.types)::text, array_to_json(e.scopes)::text,
    convert_to(e.attrs::text, 'UTF8'), e.created_at, e.modified_at, e.expires_at
from unnest(%(tenants)b::text[], %(ids)b::text[]) as k (tenant, id)
left join entity e using (tenant, id);
