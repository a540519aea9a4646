-- Entity maps of a tenant. One that has expired is as good as gone.

-- name: insert_map
-- A new map with its entries, in the order of their places; the sources of an entry travel as one
-- text, as there are no arrays of arrays of different lengths.
with made as (
    insert into entity_map (tenant, id, owner, linked, size, expires_at)
    values (
        %(tenant)s, %(id)s, %(owner)s, %(linked)s, cardinality(%(entities)s::text[]),
        %(expires_at)s
    )
)
insert into entity_map_entry (tenant, map_id, place, entity_id, sources)
select %(tenant)s, %(id)s, e.number - 1, e.entity_id, string_to_array(e.sources, E'\x1f')
from unnest(%(entities)s::text[], %(sources)s::text[])
    with ordinality as e (entity_id, sources, number);

-- name: find_map
-- One that can still be used. owner: null finds those of everybody, here and below.
select id, linked, expires_at
from entity_map
where tenant = %(tenant)s and id = %(id)s and expires_at > now()
    and (%(owner)s::text is null or owner = %(owner)s);

-- name: list_entries
-- All entries of a map.
select entity_id, sources
from entity_map_entry
where tenant = %(tenant)s and map_id = %(id)s
order by place;

-- name: entries_from
-- Some entries from a place on.
select place, entity_id, sources
from entity_map_entry
where tenant = %(tenant)s and map_id = %(id)s and place >= %(place)s
order by place
limit %(limit)s;

-- name: places_before
-- The first of the `limit` places before one, and how many there are.
select coalesce(min(place), 0), count(*)
from (
    select place
    from entity_map_entry
    where tenant = %(tenant)s and map_id = %(id)s and place < %(place)s
    order by place desc
    limit %(limit)s
) as page;

-- name: sources_of
-- Where a map says an entity is held.
select sources
from entity_map_entry
where tenant = %(tenant)s and map_id = %(id)s and entity_id = %(entity_id)s;

-- name: remove_entries
-- Entities that do not fit the query any more.
delete from entity_map_entry
where tenant = %(tenant)s and map_id = %(id)s and place = any(%(places)s);

-- name: link_maps
-- Entity maps that sources have made for this one since.
update entity_map
set linked = (linked::jsonb || %(linked)s::jsonb)::json
where tenant = %(tenant)s and id = %(id)s;

-- name: set_expiry
-- Keep a map for longer, or end it.
update entity_map
set expires_at = %(expires_at)s
where tenant = %(tenant)s and id = %(id)s and expires_at > now()
    and (%(owner)s::text is null or owner = %(owner)s)
returning 1;

-- name: delete_map
-- Remove a map with its entries.
with gone as (
    delete from entity_map
    where tenant = %(tenant)s and id = %(id)s
        and (%(owner)s::text is null or owner = %(owner)s)
    returning expires_at > now() as living
), entries as (
    delete from entity_map_entry
    where tenant = %(tenant)s and map_id = %(id)s and exists (select from gone)
)
select living from gone;

-- name: crowded_out
-- Maps that a tenant has no room for any more: those that would end first.
select id
from (
    select id, sum(size + 1) over (order by expires_at desc, id) as total
    from entity_map
    where tenant = %(tenant)s
) as ranked
where total > %(room)s and id <> %(kept)s;

-- name: expired_maps
-- Maps whose time is over.
select tenant, id from entity_map where expires_at <= now() order by expires_at limit %(limit)s;
