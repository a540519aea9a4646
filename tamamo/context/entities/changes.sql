-- State, evolution, history and outbox of many changes in one statement (see statement.py). Each
-- block is a part of it, named as it is called in the others; the last one is its answer: up to
-- which day measurements are rolled up (see temporal/marks.py), and the version of the rows it wrote.
-- It fails, and so writes nothing, when a row is not there as it was read: another transaction
-- created, changed or deleted it. A version (xmin, the transaction that wrote the row) is given
-- where rows are not locked. It fails, too, when the day is not the one it was given.
-- A column of all rows travels as one text (see columns.py): several times cheaper than an array.
-- What is the same in all of them travels once, as `one_…`, and its column is empty.

-- name: state
-- Kind is f (new, and never was there), n (new), s (types and scopes stay) or o (others); with a
-- head a row is told of, too: the document is the head, the attributes and `}`.
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
    coalesce(attrs_expire_at::timestamptz, %(one_attrs_expire)s::timestamptz) as attrs_expire_at,
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
);

-- name: inserted
insert into entity (
    tenant, id, type, types, scopes, attrs, bounds, created_at, modified_at, expires_at,
    attrs_expire_at
)
select
    tenant, id, type, types, scopes, attrs::jsonb, bounds, created_at, modified_at, expires_at,
    attrs_expire_at
from state
where kind in ('f', 'n')
returning 1;

-- name: updated
update entity e
set
    type = s.type, types = s.types, scopes = s.scopes, attrs = s.attrs::jsonb,
    bounds = s.bounds, created_at = s.created_at, modified_at = s.modified_at,
    expires_at = s.expires_at, attrs_expire_at = s.attrs_expire_at
from state s
where e.tenant = s.tenant and e.id = s.id and s.kind in ('s', 'o')
    and (s.version is null or e.xmin = s.version::xid)
returning 1;

-- name: deleted
delete from entity e
using unnest(
    string_to_array(%(gone_tenant)s, E'\x1f', E'\x1e'),
    string_to_array(%(gone_id)s, E'\x1f', E'\x1e'),
    string_to_array(%(gone_version)s, E'\x1f', E'\x1e')
) as g (tenant, id, version)
where e.tenant = g.tenant and e.id = g.id and (g.version is null or e.xmin = g.version::xid)
returning 1;

-- name: begun
-- Half of what an insert costs that looks for a conflict.
insert into temporal_entity (
    tenant, entity_id, type, types, scopes, created_at, modified_at
)
select tenant, id, type, types, scopes, created_at, modified_at
from state
where kind = 'f';

-- name: evolution
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
    deleted_at = excluded.deleted_at;

-- name: history
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
);

-- name: told
-- In the order they were asked for.
insert into outbox (tenant, entity_id, operation, types, changed, bounds, entity, previous)
select
    tenant, id, operation, types, changed, bounds, (head || attrs || '}')::json, previous::json
from state
where head is not null
order by place;

-- name: told_apart
-- Of entities that are gone, or were changed more than once.
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
) as t (tenant, entity_id, operation, types, changed, bounds, entity, previous);

-- name: answer
select case
    when %(rows)s = (select count(*) from inserted) + (select count(*) from updated)
            + (select count(*) from deleted)
        and coalesce(%(closed_until)s, h.day) = h.day
    then h.day
    else changed_meanwhile()
end, pg_current_xact_id()::xid::text
from (select to_char(closed_until, 'YYYY-MM-DD') as day from history_state) h;

-- name: answer_of_values
-- Where nothing but values change. An evolution that is missing (its record was deleted) is begun
-- by the other statement.
select case
    when %(rows)s = (select count(*) from updated)
        and %(rows)s = (
            select count(*)
            from state s
            join temporal_entity t on t.tenant = s.tenant and t.entity_id = s.id
        )
        and %(closed_until)s = h.day
    then h.day
    else changed_meanwhile()
end, pg_current_xact_id()::xid::text
from (select to_char(closed_until, 'YYYY-MM-DD') as day from history_state) h;
