-- What NGSIv2 tells of types beyond what discovery tells. Both read every entity of the types.

-- name: count_types
-- How many entities have each of the types.
select t.type, count(*)
from entity e
cross join unnest(e.types) as t (type)
where
    e.tenant = %(tenant)s and (e.expires_at is null or e.expires_at > now())
    and (e.type = any(%(types)s) or (cardinality(e.types) > 1 and e.types && %(types)s))
    and t.type = any(%(types)s)
group by 1;

-- name: list_attribute_types
-- One example of each shape of each attribute: NGSIv2's type follows from it.
select distinct on (t.type, a.key, shape.kind, shape.declared, shape.json)
    t.type, a.key, i.instance
from entity e
cross join unnest(e.types) as t (type)
cross join jsonb_each(e.attrs) as a
cross join jsonb_array_elements(a.value) as i (instance)
cross join lateral (
    select
        i.instance ->> 'type' as kind,
        i.instance ->> 'valueType' as declared,
        jsonb_typeof(coalesce(i.instance #> '{value,@value}', i.instance -> 'value')) as json
) as shape
where
    e.tenant = %(tenant)s and (e.expires_at is null or e.expires_at > now())
    and (e.type = any(%(types)s) or (cardinality(e.types) > 1 and e.types && %(types)s))
    and t.type = any(%(types)s)
order by t.type, a.key, shape.kind, shape.declared, shape.json;
