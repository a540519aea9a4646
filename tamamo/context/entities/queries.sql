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
    k.tenant, k.id, e.types, e.scopes, e.attrs, e.created_at, e.modified_at, e.expires_at
from unnest(%(tenants)b::text[], %(ids)b::text[]) as k (tenant, id)
left join entity e using (tenant, id);

-- name: write_changes
-- State, evolution, history and outbox of many changes in one statement. Fails, and so writes
-- nothing, when a row is not there as it was read: another transaction created, changed or deleted
-- it. A version (xmin, the transaction that wrote the row) is given where rows are not locked.
-- Answers up to which day measurements are rolled up (see temporal/marks.py); fails, too, when that
-- is not the day it was given.
-- A column of all rows travels as one text (see write.py): several times cheaper than an array.
with state as (
    select *
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
        string_to_array(%(version)s, E'\x1f', E'\x1e')
    ) as t (
        tenant, id, kind, type, types, scopes, attrs, bounds, created_at, modified_at, expires_at,
        attrs_expire_at, version
    )
), inserted as (
    insert into entity (
        tenant, id, type, types, scopes, attrs, bounds, created_at, modified_at, expires_at,
        attrs_expire_at
    )
    select
        tenant, id, type, types::text[], scopes::text[], attrs::jsonb, bounds::box,
        created_at::timestamptz, modified_at::timestamptz, expires_at::timestamptz,
        attrs_expire_at::timestamptz
    from state
    where kind = 'n'
    returning 1
), updated as (
    update entity e
    set
        type = s.type, types = s.types::text[], scopes = s.scopes::text[],
        attrs = s.attrs::jsonb, bounds = s.bounds::box, created_at = s.created_at::timestamptz,
        modified_at = s.modified_at::timestamptz, expires_at = s.expires_at::timestamptz,
        attrs_expire_at = s.attrs_expire_at::timestamptz
    from state s
    where e.tenant = s.tenant and e.id = s.id and s.kind <> 'n'
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
), evolving as (
    select *
    from unnest(
        string_to_array(%(e_tenant)s, E'\x1f', E'\x1e'),
        string_to_array(%(e_id)s, E'\x1f', E'\x1e'),
        string_to_array(%(e_type)s, E'\x1f', E'\x1e'),
        string_to_array(%(e_types)s, E'\x1f', E'\x1e'),
        string_to_array(%(e_scopes)s, E'\x1f', E'\x1e'),
        string_to_array(%(e_created)s, E'\x1f', E'\x1e'),
        string_to_array(%(e_modified)s, E'\x1f', E'\x1e'),
        string_to_array(%(e_deleted)s, E'\x1f', E'\x1e'),
        string_to_array(%(e_first)s, E'\x1f', E'\x1e')
    ) as s (tenant, id, type, types, scopes, created_at, modified_at, deleted_at, first)
), begun as (
    -- Half of what an insert costs that looks for a conflict.
    insert into temporal_entity (
        tenant, entity_id, type, types, scopes, created_at, modified_at, deleted_at
    )
    select
        tenant, id, type, types::text[], scopes::text[], created_at::timestamptz,
        modified_at::timestamptz, deleted_at::timestamptz
    from evolving
    where first is not null
), evolution as (
    insert into temporal_entity as t (
        tenant, entity_id, type, types, scopes, created_at, modified_at, deleted_at
    )
    select
        tenant, id, type, types::text[], scopes::text[], created_at::timestamptz,
        modified_at::timestamptz, deleted_at::timestamptz
    from evolving
    where first is null
    union all
    -- While only values change, the state tells when: a row less to write for most changes.
    select
        tenant, id, type, types::text[], scopes::text[], created_at::timestamptz,
        modified_at::timestamptz, null
    from state s
    where s.kind = 's' and not exists (
        select from temporal_entity h where h.tenant = s.tenant and h.entity_id = s.id
    )
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
        tenant, entity_id, attr, coalesce(dataset_id, ''), at::timestamptz,
        observed_at::timestamptz, created_at::timestamptz, modified_at::timestamptz,
        deleted_at::timestamptz, number::float8, instance::json, instance_id::uuid
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
end
from (select to_char(closed_until, 'YYYY-MM-DD') as day from history_state) h;
