-- name: known
-- Live datasets of a town as they stand.
select id, state, metadata, fields, type from dataset where tenant = %(tenant)s and kind = 'live';

-- name: types
-- Of some types: how many entities a town has of each (no more than a limit), whether all of the
-- first few are simulated, and which unit answers for it.
select t.type, coalesce(n.number, 0), coalesce(s.simulated, false), o.unit
from unnest(%(types)s::text[]) as t (type)
left join lateral (
    select count(*) as number from (
        select from entity e
        where e.tenant = %(tenant)s and e.type = t.type
        limit %(most)s
    ) as one_each
) as n on true
left join lateral (
    select bool_and(coalesce((f.attrs -> %(simulated)s -> 0 -> 'value')::text = 'true', false))
        as simulated
    from (
        select e.attrs from entity e
        where e.tenant = %(tenant)s and e.type = t.type
        limit 20
    ) as f
) as s on true
left join owned_type o on o.tenant = %(tenant)s and o.type = t.type;

-- name: counted
update dataset set rows = %(rows)s, bbox = %(bbox)s
where tenant = %(tenant)s and id = %(id)s and kind = 'live'
    and (rows is distinct from %(rows)s or bbox is distinct from %(bbox)s::double precision[]);

-- name: box
-- Around the places of a town's entities of a type.
select min((e.bounds[1])[0]), min((e.bounds[1])[1]), max((e.bounds[0])[0]), max((e.bounds[0])[1])
from (
    select bounds from entity
    where tenant = %(tenant)s and type = %(type)s and bounds is not null
    limit %(most)s
) as e;

-- name: retire
-- Of declarations that are no more: nothing can be read of them.
update dataset set state = 'unpublished'
where tenant = %(tenant)s and kind = 'live' and state = 'published'
    and not id = any(%(ids)s::text[])
returning id;
