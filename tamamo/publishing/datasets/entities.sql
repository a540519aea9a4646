-- name: rows
select number, coalesce(key, number::text), cells from dataset_row
where tenant = %(tenant)s and version = %(version)s and number > %(after)s
order by number
limit %(limit)s;

-- name: owned
-- Which of these entities were made from which dataset.
select entity_id, dataset from dataset_entity
where tenant = %(tenant)s and entity_id = any(%(ids)s::text[]);

-- name: own
insert into dataset_entity (tenant, entity_id, dataset, version)
select %(tenant)s, i.id, %(dataset)s, %(version)s
from unnest(%(ids)s::text[]) as i (id)
on conflict (tenant, entity_id) do update set version = excluded.version
where dataset_entity.dataset = excluded.dataset;

-- name: left_over
-- Entities of a dataset that the version has no row for.
select entity_id from dataset_entity
where tenant = %(tenant)s and dataset = %(dataset)s and version <> %(version)s
order by entity_id
limit %(limit)s;

-- name: disown
delete from dataset_entity
where tenant = %(tenant)s and entity_id = any(%(ids)s::text[]);

-- name: wanted
-- What a dataset's entities should be made from now; 0: from nothing.
select case when state = 'published' then coalesce(current, 0) else 0 end, metadata
from dataset where tenant = %(tenant)s and id = %(dataset)s;

-- name: done
update dataset_version set entities_done = true
where tenant = %(tenant)s and dataset = %(dataset)s and not entities_done;
