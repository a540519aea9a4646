-- name: waiting
select id::text, value, state from plan_value
where tenant = %(tenant)s and project = %(project)s and indicator = %(indicator)s
    and area = '' and at = %(at)s and state in ('entered', 'confirmed')
for update;

-- name: holding
select id::text, value, basis, whole from plan_value
where tenant = %(tenant)s and project = %(project)s and indicator = %(indicator)s
    and area = '' and at = %(at)s and state = 'approved'
for update;

-- name: enter
insert into plan_value (
    tenant, project, indicator, at, year, value, basis, source, detail, state, replaces, reason,
    made_by, made_at, counted_otherwise, simulated, whole
)
values (
    %(tenant)s, %(project)s, %(indicator)s, %(at)s, %(year)s, %(value)s, 'entered', %(source)s,
    %(detail)s, 'entered', %(replaces)s::uuid, %(reason)s, %(by)s, %(now)s,
    %(counted_otherwise)s, %(simulated)s, %(whole)s
)
returning id::text;

-- name: one
select state, replaces::text, made_by, project, indicator, at, value from plan_value
where tenant = %(tenant)s and id = %(id)s::uuid
for update;

-- name: confirm
update plan_value set state = 'confirmed', confirmed_by = %(by)s, confirmed_at = %(now)s
where tenant = %(tenant)s and id = %(id)s::uuid;

-- name: approve
update plan_value set state = 'approved', approved_by = %(by)s, approved_at = %(now)s
where tenant = %(tenant)s and id = %(id)s::uuid;

-- name: decline
update plan_value set
    state = 'declined', declined_by = %(by)s, declined_at = %(now)s, declined_why = %(reason)s
where tenant = %(tenant)s and id = %(id)s::uuid;

-- name: replaced
update plan_value set state = 'replaced' where tenant = %(tenant)s and id = %(id)s::uuid;

-- name: withdraw
update plan_value set state = 'withdrawn' where tenant = %(tenant)s and id = %(id)s::uuid;
