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
-- that is not there has an evolution all the same.
select
    (select to_char(closed_until, 'YYYY-MM-DD') from history_state),
    e.xmin::text,
    e.id is null and exists (
        select from temporal_entity t where t.tenant = k.tenant and t.entity_id = k.id
    ),
    k.tenant, k.id, array_to_json(e.types)::text, array_to_json(e.scopes)::text, e.attrs::text,
    e.created_at, e.modified_at, e.expires_at
from unnest(%(tenants)b::text[], %(ids)b::text[]) as k (tenant, id)
left join entity e using (tenant, id);

-- name: write_changes
-- State, evolution, history and outbox of many changes in one statement. Fails, and so writes
-- nothing, when a row is not there as it was read: another transaction created, changed or deleted
-- it. A version (xmin, the transaction that wrote the row) is given where rows are not locked.
-- Answers up to which day measurements are rolled up (see temporal/marks.py), and the version of the
-- rows it wrote; fails, too, when that is not the day it was given.
-- A column of all rows travels as one text (see columns.py): several times cheaper than an array.
-- What is the same in all of them travels once, as `one_…`, and its column is empty.
-- Of a row of the state: kind is f (new, and never was there), n (new), s (types and scopes stay)
-- or o (others); with a head it is told of, too: the document is the head, the attributes and `}`.
with state as (
    select
        coalesce(tenant, %(one_tenant)s) as tenant,
        id,
        coalesce(kind, %(one_kind)s) as kind,
        coalesce(type, %(one_type)s) as type,
        coalesce(types::text[], %(one_types)s::text[]) as types,
        coalesce(scopes::text[], %(one_scopes)s::text[]) as scopes,
        attrs,
        coalesce(bounds::box, %(one_bounds)s::box) as bounds,
        coalesce(created_at::timestamptz, %(one_created)s::timestamptz) as created_at,
        coalesce(modified_at::timestamptz, %(one_modified)s::timestamptz) as modified_at,
        coalesce(expires_at::timestamptz, %(one_expires)s::timestamptz) as expires_at,
        coalesce(attrs_expire_at::timestamptz, %(one_attrs_expire)s::timestamptz)
            as attrs_expire_at,
        coalesce(version, %(one_version)s) as version,
        coalesce(operation, %(one_operation)s) as operation,
        coalesce(changed::text[], %(one_changed)s::text[]) as changed,
        coalesce(head, %(one_head)s) as head,
        previous,
        place::int as place
    from unnest(
        string_to_array(%(tenant)s, E'\x1f', E'\x1e'),
        string_to_array(%(id)s, E'\x1f', E'\x1e'),
        string_to_array(%(kind)s, E'\x1f', E'\x1e'),
        string_to_array(%(type)s, E'\x1f', E'\x1e'),
        string_to_array(%(types)s, E'\x1f', E'\x1e'),
        string_to_array(%(scopes)s, E'\x1f', E'\x1e'),
        string_to_array(%(attrs)s, E'\x1f', E'\x1e'),
        string_to_array(%(bounds)s, E'\x1f', E'\x1e'),
        string_to_array(%(created)s, E'\x1f', E'\x1e'),
        string_to_array(%(modified)s, E'\x1f', E'\x1e'),
        string_to_array(%(expires)s, E'\x1f', E'\x1e'),
        string_to_array(%(attrs_expire)s, E'\x1f', E'\x1e'),
        string_to_array(%(version)s, E'\x1f', E'\x1e'),
        string_to_array(%(operation)s, E'\x1f', E'\x1e'),
        string_to_array(%(changed)s, E'\x1f', E'\x1e'),
        string_to_array(%(head)s, E'\x1f', E'\x1e'),
        string_to_array(%(previous)s, E'\x1f', E'\x1e'),
        string_to_array(%(place)s, E'\x1f', E'\x1e')
    ) as t (
        tenant, id, kind, type, types, scopes, attrs, bounds, created_at, modified_at, expires_at,
        attrs_expire_at, version, operation, changed, head, previous, place
    )
), inserted as (
    insert into entity (
        tenant, id, type, types, scopes, attrs, bounds, created_at, modified_at, expires_at,
        attrs_expire_at
    )
    select
        tenant, id, type, types, scopes, attrs::jsonb, bounds, created_at, modified_at, expires_at,
        attrs_expire_at
    from state
    where kind in ('f', 'n')
    returning 1
), updated as (
    update entity e
    set
        type = s.type, types = s.types, scopes = s.scopes, attrs = s.attrs::jsonb,
        bounds = s.bounds, created_at = s.created_at, modified_at = s.modified_at,
        expires_at = s.expires_at, attrs_expire_at = s.attrs_expire_at
    from state s
    where e.tenant = s.tenant and e.id = s.id and s.kind in ('s', 'o')
        and (s.version is null or e.xmin = s.version::xid)
    returning 1
), deleted as (
    delete from entity e
    using unnest(
        string_to_array(%(gone_tenant)s, E'\x1f', E'\x1e'),
        string_to_array(%(gone_id)s, E'\x1f', E'\x1e'),
        string_to_array(%(gone_version)s, E'\x1f', E'\x1e')
    ) as g (tenant, id, version)
    where e.tenant = g.tenant and e.id = g.id and (g.version is null or e.xmin = g.version::xid)
    returning 1
), begun as (
    -- Half of what an insert costs that looks for a conflict.
    insert into temporal_entity (
        tenant, entity_id, type, types, scopes, created_at, modified_at
    )
    select tenant, id, type, types, scopes, created_at, modified_at
    from state
    where kind = 'f'
), evolution as (
    insert into temporal_entity as t (
        tenant, entity_id, type, types, scopes, created_at, modified_at, deleted_at
    )
    select tenant, id, type, types, scopes, created_at, modified_at, null::timestamptz
    from state
    where kind in ('n', 'o')
    union all
    -- While only values change, the state tells when: a row less to write for most changes.
    select tenant, id, type, types, scopes, created_at, modified_at, null::timestamptz
    from state s
    where s.kind = 's' and not exists (
        select from temporal_entity h where h.tenant = s.tenant and h.entity_id = s.id
    )
    union all
    select
        tenant, id, type, types::text[], scopes::text[], created_at::timestamptz,
        deleted_at::timestamptz, deleted_at::timestamptz
    from unnest(
        string_to_array(%(e_tenant)s, E'\x1f', E'\x1e'),
        string_to_array(%(e_id)s, E'\x1f', E'\x1e'),
        string_to_array(%(e_type)s, E'\x1f', E'\x1e'),
        string_to_array(%(e_types)s, E'\x1f', E'\x1e'),
        string_to_array(%(e_scopes)s, E'\x1f', E'\x1e'),
        string_to_array(%(e_created)s, E'\x1f', E'\x1e'),
        string_to_array(%(e_deleted)s, E'\x1f', E'\x1e')
    ) as s (tenant, id, type, types, scopes, created_at, deleted_at)
    on conflict (tenant, entity_id) do update
    set
        type = excluded.type,
        types = case
            when t.types @> excluded.types then t.types
            else array(select distinct unnest(t.types || excluded.types))
        end,
        scopes = excluded.scopes, modified_at = excluded.modified_at,
        deleted_at = excluded.deleted_at
), history as (
    insert into attribute_history (
        tenant, entity_id, attr, dataset_id, at, observed_at, created_at, modified_at,
        deleted_at, number, instance, instance_id
    )
    select
        coalesce(tenant, %(one_h_tenant)s), coalesce(entity_id, %(one_h_entity)s),
        coalesce(attr, %(one_h_attr)s), coalesce(dataset_id, %(one_h_dataset)s, ''),
        coalesce(at::timestamptz, %(one_h_at)s::timestamptz),
        coalesce(observed_at::timestamptz, %(one_h_observed)s::timestamptz),
        coalesce(created_at::timestamptz, %(one_h_created)s::timestamptz),
        coalesce(modified_at::timestamptz, %(one_h_modified)s::timestamptz),
        coalesce(deleted_at::timestamptz, %(one_h_deleted)s::timestamptz),
        coalesce(number::float8, %(one_h_number)s::float8), instance::json, instance_id::uuid
    from unnest(
        string_to_array(%(h_tenant)s, E'\x1f', E'\x1e'),
        string_to_array(%(h_entity)s, E'\x1f', E'\x1e'),
        string_to_array(%(h_attr)s, E'\x1f', E'\x1e'),
        string_to_array(%(h_dataset)s, E'\x1f', E'\x1e'),
        string_to_array(%(h_at)s, E'\x1f', E'\x1e'),
        string_to_array(%(h_observed)s, E'\x1f', E'\x1e'),
        string_to_array(%(h_created)s, E'\x1f', E'\x1e'),
        string_to_array(%(h_modified)s, E'\x1f', E'\x1e'),
        string_to_array(%(h_deleted)s, E'\x1f', E'\x1e'),
        string_to_array(%(h_number)s, E'\x1f', E'\x1e'),
        string_to_array(%(h_instance)s, E'\x1f', E'\x1e'),
        string_to_array(%(h_id)s, E'\x1f', E'\x1e')
    ) as t (
        tenant, entity_id, attr, dataset_id, at, observed_at, created_at, modified_at,
        deleted_at, number, instance, instance_id
    )
), out as (
    insert into outbox (tenant, entity_id, operation, types, changed, bounds, entity, previous)
    (
        select
            tenant, id, operation, types, changed, bounds, (head || attrs || '}')::json,
            previous::json
        from state
        where head is not null
        order by place  -- in the order they were asked for
    )
    union all
    -- Of entities that are gone, or were changed more than once.
    select
        tenant, entity_id, operation, types::text[], changed::text[], bounds::box, entity::json,
        previous::json
    from unnest(
        string_to_array(%(o_tenant)s, E'\x1f', E'\x1e'),
        string_to_array(%(o_entity)s, E'\x1f', E'\x1e'),
        string_to_array(%(o_operation)s, E'\x1f', E'\x1e'),
        string_to_array(%(o_types)s, E'\x1f', E'\x1e'),
        string_to_array(%(o_changed)s, E'\x1f', E'\x1e'),
        string_to_array(%(o_bounds)s, E'\x1f', E'\x1e'),
        string_to_array(%(o_document)s, E'\x1f', E'\x1e'),
        string_to_array(%(o_previous)s, E'\x1f', E'\x1e')
    ) as t (tenant, entity_id, operation, types, changed, bounds, entity, previous)
)
select case
    when %(rows)s = (select count(*) from inserted) + (select count(*) from updated)
            + (select count(*) from deleted)
        and coalesce(%(closed_until)s, h.day) = h.day
    then h.day
    else changed_meanwhile()
end, pg_current_xact_id()::xid::text
from (select to_char(closed_until, 'YYYY-MM-DD') as day from history_state) h;
