-- Deletions of what is known by its evolution alone.

-- name: find_living
-- An evolution that has not ended, locked.
select types, scopes
from temporal_entity
where tenant = %(tenant)s and entity_id = %(id)s and deleted_at is null
for update;

-- name: last_instances
-- The newest instance of an attribute for each datasetId asked for; null: all.
select distinct on (dataset_id) instance, deleted_at
from attribute_history
where tenant = %(tenant)s
    and entity_id = %(id)s
    and attr = %(attr)s
    and (%(dataset)s::text is null or dataset_id = %(dataset)s)
order by dataset_id, at desc;

-- name: insert_deletions
-- Record deletions.
insert into attribute_history (
    tenant, entity_id, attr, dataset_id, at, created_at, modified_at, deleted_at, instance
)
select
    %(tenant)s, %(id)s, %(attr)s, dataset_id, %(now)s, created_at, %(now)s, %(now)s,
    instance::json
from unnest(%(datasets)s::text[], %(created)s::timestamptz[], %(instances)s::text[])
    as t (dataset_id, created_at, instance);

-- name: touch
-- The evolution changed; without its scopes where they are what was deleted.
update temporal_entity
set modified_at = %(now)s, scopes = case when %(unscoped)s then '{}' else scopes end
where tenant = %(tenant)s and entity_id = %(id)s;
