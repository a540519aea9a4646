-- What types and attributes the entities of a tenant have. Only the list of types is cheap (it
-- jumps through the index); the others read every entity, as clause 5.7.11 expects.

-- name: list_types
-- Every type in use.
with recursive leap as (
    (
        select type
        from entity
        where tenant = %(tenant)s
        order by type
        limit 1
    )
    union all
    select (
        select e.type
        from entity e
        where e.tenant = %(tenant)s and e.type > leap.type
        order by e.type
        limit 1
    )
    from leap
    where leap.type is not null
)
select type from leap where type is not null
union
select unnest(types) from entity where tenant = %(tenant)s and cardinality(types) > 1
order by 1;

-- name: list_type_attributes
-- Every type with its attributes.
select t.type, a.attr
from entity e
cross join unnest(e.types) as t (type)
left join jsonb_object_keys(e.attrs) as a (attr) on true
where e.tenant = %(tenant)s and (e.expires_at is null or e.expires_at > now())
group by 1, 2
order by 1, 2;

-- name: count_entities
-- How many entities have a type.
select count(*)
from entity e
where
    e.tenant = %(tenant)s and (e.expires_at is null or e.expires_at > now())
    and (e.type = %(type)s or (cardinality(e.types) > 1 and e.types @> array[%(type)s]));

-- name: list_attribute_kinds
-- The attributes of the entities of one type, with the kinds of attributes they are.
select a.key, i.instance ->> 'type', count(*)
from entity e
cross join jsonb_each(e.attrs) as a
cross join jsonb_array_elements(a.value) as i (instance)
where
    e.tenant = %(tenant)s and (e.expires_at is null or e.expires_at > now())
    and (e.type = %(type)s or (cardinality(e.types) > 1 and e.types @> array[%(type)s]))
group by 1, 2
order by 1, 2;

-- name: list_attribute_types
-- Every attribute with the types of entities that have it.
select a.attr, t.type
from entity e
cross join jsonb_object_keys(e.attrs) as a (attr)
cross join unnest(e.types) as t (type)
where e.tenant = %(tenant)s and (e.expires_at is null or e.expires_at > now())
group by 1, 2
order by 1, 2;

-- name: describe_attribute
-- One attribute by type of entity and kind of attribute: how many entities and instances.
select t.type, i.instance ->> 'type', count(*), (t.place = 1)
from entity e
cross join unnest(e.types) with ordinality as t (type, place)
cross join jsonb_array_elements(e.attrs -> %(attr)s) as i (instance)
where
    e.tenant = %(tenant)s and e.attrs ? %(attr)s
    and (e.expires_at is null or e.expires_at > now())
group by 1, 2, 4
order by 1, 2;

-- name: identify
-- What tells this installation from every other: the database cluster and the database in it.
select (select system_identifier from pg_control_system()), current_database();
