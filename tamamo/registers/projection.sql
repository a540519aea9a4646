-- name: declared
-- What the rows of each register were made by.
select register, digest, filled from register_declared;

-- name: lock
-- One process at a time brings the declarations into the database; the others wait.
select pg_advisory_xact_lock(hashtext('register_declared'));

-- name: declare
insert into register_declared (
    register, type, digest, attributes, id_before, id_after, key_attribute, key_attributes,
    key_members, key_kinds, text_attributes, text_members, facet_attributes, place
)
values (
    %(register)s, %(type)s, %(digest)s, %(attributes)s, %(id_before)s, %(id_after)s,
    %(key_attribute)s, %(key_attributes)s, %(key_members)s, %(key_kinds)s, %(text_attributes)s,
    %(text_members)s, %(facet_attributes)s, %(place)s
);

-- name: forget
-- A register that is declared no longer, or otherwise than its rows were made.
delete from register_declared where register = any (%(registers)s::text[]);

-- name: forget_rows
delete from register_row where register = any (%(registers)s::text[]);

-- name: watched
-- Whether the triggers stand; a database that was restored may lack them.
select count(*) = 3
from pg_trigger
where tgrelid = 'entity'::regclass and not tgisinternal
    and tgname in ('register_created', 'register_updated', 'register_deleted');

-- name: watch
select register_watch();

-- name: fill
-- The rows of a tenant's next entities of the type. The entities are held until the end of the
-- transaction: none of them is changed or deleted meanwhile, and then told with what it was.
with next as materialized (
    select e.tenant, e.id, e.types, e.scopes, e.attrs
    from entity e
    where e.tenant = %(tenant)s and e.id > %(id)s and e.type = %(type)s
    order by e.id
    limit %(limit)s
    for no key update
), made as (
    select register_put(d, n.tenant, n.id, n.types, n.scopes, n.attrs)
    from next n, register_declared d
    where d.register = %(register)s
)
select (select count(*) from made), (select max(id) from next);

-- name: fill_other
-- The same of entities that have the type beside their first one.
with next as materialized (
    select e.tenant, e.id, e.types, e.scopes, e.attrs
    from entity e
    where e.tenant = %(tenant)s and e.id > %(id)s and cardinality(e.types) > 1
        and e.types @> array[%(type)s] and e.type <> %(type)s
    order by e.id
    limit %(limit)s
    for no key update
), made as (
    select register_put(d, n.tenant, n.id, n.types, n.scopes, n.attrs)
    from next n, register_declared d
    where d.register = %(register)s
)
select (select count(*) from made), (select max(id) from next);

-- name: tenants
select name from tenant order by name;

-- name: filled
update register_declared set filled = true where register = %(register)s;

-- name: part_types
-- Which further units answer for some fields of the registers' types: what the declarations say,
-- and no more. A unit that is not there (yet) stands by its name, which nobody holds.
with wanted as (
    select t.name as tenant, p.type, coalesce(o.id, p.unit) as unit,
        array_agg(distinct p.attr order by p.attr) as attrs
    from tenant t
    cross join unnest(%(types)s::text[], %(units)s::text[], %(attrs)s::text[])
        as p (type, unit, attr)
    left join lateral (
        select u.id
        from org_unit u
        where u.tenant = t.name and (u.name = p.unit or u.id = p.unit)
            and u.valid_from <= current_date
            and (u.valid_to is null or u.valid_to > current_date)
        order by u.position
        limit 1
    ) as o on true
    group by 1, 2, 3
),
gone as (
    delete from type_part p
    where not exists (
        select from wanted w
        where (w.tenant, w.type, w.unit) = (p.tenant, p.type, p.unit)
    )
)
insert into type_part (tenant, type, unit, attrs)
select tenant, type, unit, attrs from wanted
on conflict (tenant, type, unit) do update
set attrs = excluded.attrs
where type_part.attrs <> excluded.attrs;

-- name: own_types
-- Which unit answers for the types of the registers, where nobody has said otherwise. Units are
-- paths; a register names the last part of one, which becomes the path once there is one.
insert into owned_type (tenant, type, unit, personal)
select
    t.name,
    r.type,
    coalesce(
        (
            select o.id
            from org_unit o
            where o.tenant = t.name and (o.name = r.unit or o.id = r.unit)
                and o.valid_from <= current_date
                and (o.valid_to is null or o.valid_to > current_date)
            order by o.position
            limit 1
        ),
        r.unit
    ),
    r.personal
from tenant t
cross join unnest(%(types)s::text[], %(units)s::text[], %(personal)s::boolean[])
    as r (type, unit, personal)
on conflict (tenant, type) do update
set unit = excluded.unit
where owned_type.unit <> excluded.unit and owned_type.unit not like '%%/%%'
    and right(excluded.unit, length(owned_type.unit) + 1) = '/' || owned_type.unit;
