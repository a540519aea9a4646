-- name: holding
select id::text, area, at, value, part, whole, whole_at, simulated, year
from plan_value
where tenant = %(tenant)s and project = %(project)s and indicator = %(indicator)s
    and state = 'approved' and area = any(%(areas)s) and at = any(%(days)s)
for update;

-- name: replace
update plan_value set state = 'replaced'
where tenant = %(tenant)s and id = any(%(ids)s::uuid[]) and state = 'approved';

-- name: insert
insert into plan_value (
    tenant, project, indicator, area, at, year, value, part, whole, whole_at, basis, source, detail,
    state, replaces, reason, made_by, made_at, approved_by, approved_at, simulated
)
select %(tenant)s, %(project)s, %(indicator)s, n.area, n.at, n.year, n.value, n.part, n.whole,
    n.whole_at, %(basis)s, %(source)s, n.detail, 'approved', n.replaces::uuid,
    case when n.replaces is null then '' else %(reason)s end, %(by)s, %(now)s, %(by)s, %(now)s, %(simulated)s
from unnest(
    %(areas)s::text[], %(days)s::date[], %(years)s::int[], %(values)s::numeric[],
    %(parts)s::numeric[], %(wholes)s::numeric[], %(whole_days)s::date[], %(details)s::text[],
    %(replaced)s::text[]
) as n (area, at, year, value, part, whole, whole_at, detail, replaces);

-- name: series
select id::text, project, indicator, area, at, year, value, part, whole, whole_at, basis, source,
    detail, state, replaces::text, reason, made_by, made_at, approved_by, approved_at,
    declined_why, simulated
from plan_value
where tenant = %(tenant)s and project = %(project)s and indicator = %(indicator)s
    and state = 'approved' and (%(areas)s::text[] is null or area = any(%(areas)s))
order by at, area;

-- name: past
select id::text, project, indicator, area, at, year, value, part, whole, whole_at, basis, source,
    detail, state, replaces::text, reason, made_by, made_at, approved_by, approved_at,
    declined_why, simulated
from plan_value
where tenant = %(tenant)s and project = %(project)s and indicator = %(indicator)s
    and area = %(area)s and at = %(at)s
order by made_at, id;

-- name: stamp
select count(*), max(made_at) from plan_value
where tenant = %(tenant)s and project = %(project)s and indicator = %(indicator)s;
