-- name: lock
-- Until the end of the transaction: whoever acts on a town's year sees all of what came before.
select pg_advisory_xact_lock(hashtextextended('plan-year:' || %(tenant)s, 0));

-- name: items
-- Everything entered of a year, values and texts alike; of one project, or of all of them.
select 'value' as kind, id::text, project, year, indicator as name, value, '' as body,
    '' as outcome, null::date as decided_on, basis, source, detail, counted_otherwise, state,
    replaces::text, reason, simulated, made_by, made_at, confirmed_by, confirmed_at,
    approved_by, approved_at, declined_by, declined_why, whole
from plan_value
where tenant = %(tenant)s and year = any(%(years)s) and area = ''
    and (%(project)s = '' or project = %(project)s) and basis in ('entered', 'recorded')
union all
select kind, id::text, project, year, kind, null, body, outcome, decided_on, 'entered', '', '', '',
    state, replaces::text, reason, simulated, made_by, made_at, confirmed_by, confirmed_at,
    approved_by, approved_at, declined_by, declined_why, null
from plan_text
where tenant = %(tenant)s and year = any(%(years)s)
    and (%(project)s = '' or project = %(project)s)
order by made_at, id;

-- name: item
select 'value' as kind, project, year, indicator from plan_value
where tenant = %(tenant)s and id = %(id)s::uuid and area = '' and basis = 'entered'
union all
select kind, project, year, kind from plan_text where tenant = %(tenant)s and id = %(id)s::uuid;

-- name: computed
-- The newest value of the year that Tamamo counted itself, and from nothing simulated: what an
-- owner may confirm.
select distinct on (indicator) indicator, value, at, source from plan_value
where tenant = %(tenant)s and project = %(project)s and year = %(year)s and area = ''
    and basis = 'computed' and state = 'approved' and not simulated
order by indicator, at desc;

-- name: text_waiting
select id::text, state from plan_text
where tenant = %(tenant)s and project = %(project)s and year = %(year)s and kind = %(kind)s
    and state in ('entered', 'confirmed')
for update;

-- name: text_holding
select id::text, body, outcome, decided_on from plan_text
where tenant = %(tenant)s and project = %(project)s and year = %(year)s and kind = %(kind)s
    and state = 'approved'
for update;

-- name: text_enter
insert into plan_text (
    tenant, project, year, kind, body, outcome, decided_on, replaces, reason, simulated, made_by,
    made_at
)
values (
    %(tenant)s, %(project)s, %(year)s, %(kind)s, %(body)s, %(outcome)s, %(decided_on)s,
    %(replaces)s::uuid, %(reason)s, %(simulated)s, %(by)s, %(now)s
)
returning id::text;

-- name: text_one
select state, replaces::text, made_by, project, kind, year from plan_text
where tenant = %(tenant)s and id = %(id)s::uuid
for update;

-- name: text_confirm
update plan_text set state = 'confirmed', confirmed_by = %(by)s, confirmed_at = %(now)s
where tenant = %(tenant)s and id = %(id)s::uuid;

-- name: text_approve
update plan_text set state = 'approved', approved_by = %(by)s, approved_at = %(now)s
where tenant = %(tenant)s and id = %(id)s::uuid;

-- name: text_decline
update plan_text set
    state = 'declined', declined_by = %(by)s, declined_at = %(now)s, declined_why = %(reason)s
where tenant = %(tenant)s and id = %(id)s::uuid;

-- name: text_withdraw
update plan_text set state = 'withdrawn' where tenant = %(tenant)s and id = %(id)s::uuid;

-- name: text_replaced
update plan_text set state = 'replaced' where tenant = %(tenant)s and id = %(id)s::uuid;

-- name: evidence
select id::text, project, year, title, url, filename, media_type, made_by, made_at
from plan_evidence
where tenant = %(tenant)s and year = any(%(years)s)
    and (%(project)s = '' or project = %(project)s) and removed_at is null
order by made_at, id;

-- name: evidence_one
select id::text, project, year, title, url, filename, media_type, made_by, made_at, body
from plan_evidence
where tenant = %(tenant)s and id = %(id)s::uuid and removed_at is null;

-- name: evidence_add
insert into plan_evidence (
    tenant, project, year, title, url, filename, media_type, body, sha256, made_by, made_at
)
values (
    %(tenant)s, %(project)s, %(year)s, %(title)s, %(url)s, %(filename)s, %(media_type)s, %(body)s,
    %(sha256)s, %(by)s, %(now)s
)
returning id::text;

-- name: evidence_remove
update plan_evidence set removed_by = %(by)s, removed_at = %(now)s
where tenant = %(tenant)s and id = %(id)s::uuid and removed_at is null
returning project, year, title;

-- name: people
-- Names of those who had a hand in it; here: whether they still work for the town.
select 'user:' || u.id, coalesce(nullif(u.name, ''), u.email),
    u.is_active and exists (
        select 1 from role_grant g
        where g.subject = 'user:' || u.id and g.tenant in (%(tenant)s, '*')
            and g.role in ('editor', 'approver', 'operator') and g.revoked_at is null
            and g.valid_from <= %(now)s and (g.valid_to is null or g.valid_to > %(now)s)
    )
from accounts_user u
where 'user:' || u.id = any(%(subjects)s);

-- name: owners
-- Who may enter: for the division a unit is named after, or for the whole town (unit null). The
-- latter are reminded only of what nobody else answers for.
select u.email, u.language, g.unit from role_grant g
join accounts_user u on 'user:' || u.id = g.subject
where g.tenant = %(tenant)s and g.role in ('editor', 'approver')
    and g.revoked_at is null and g.valid_from <= %(now)s
    and (g.valid_to is null or g.valid_to > %(now)s) and u.is_active
order by u.id;

-- name: by_year
-- The value that closes each year of each indicator: what is real before what is simulated, what
-- people entered before what was counted.
-- areas: '' and, of indicators that are kept by area, the town's own and its benchmark.
select distinct on (v.project, v.indicator, v.area, v.year)
    v.area, v.project, v.indicator, v.year, v.value, v.at, v.basis, v.source, v.detail,
    v.counted_otherwise, v.simulated, v.approved_at,
    coalesce(nullif(u.name, ''), case when v.approved_by like 'user:%%' then '' else 'Tamamo' end),
    v.whole
from plan_value v
left join accounts_user u on 'user:' || u.id = v.approved_by
where v.tenant = %(tenant)s and v.area = any(%(areas)s) and v.state = 'approved'
    and (%(project)s = '' or v.project = %(project)s)
order by v.project, v.indicator, v.area, v.year, v.simulated, (v.basis = 'computed'), v.at desc;

-- name: all_of
-- All that was ever said of an indicator and approved once: what holds, and what was put right.
select v.year, v.at, v.value, v.basis, v.source, v.detail, v.counted_otherwise, v.simulated,
    v.state, v.reason, v.approved_at,
    coalesce(nullif(u.name, ''), case when v.approved_by like 'user:%%' then '' else 'Tamamo' end),
    v.part, v.whole
from plan_value v
left join accounts_user u on 'user:' || u.id = v.approved_by
where v.tenant = %(tenant)s and v.project = %(project)s and v.indicator = %(indicator)s
    and v.area = any(%(areas)s) and v.state in ('approved', 'replaced')
order by v.at desc, v.made_at desc
limit %(most)s;

-- name: told
-- Narratives and decisions that hold, of a project.
select t.year, t.kind, t.body, t.outcome, t.decided_on, t.simulated, t.approved_at,
    coalesce(nullif(u.name, ''), 'Tamamo')
from plan_text t
left join accounts_user u on 'user:' || u.id = t.approved_by
where t.tenant = %(tenant)s and t.project = %(project)s and t.state = 'approved'
order by t.year desc, t.kind desc;

-- name: links
-- Links attached to years of which something is approved; files stay with the town.
select e.year, e.title, e.url from plan_evidence e
where e.tenant = %(tenant)s and e.project = %(project)s and e.removed_at is null and e.url <> ''
    and exists (
        select 1 from plan_text t where t.tenant = e.tenant and t.project = e.project
            and t.year = e.year and t.state = 'approved'
        union all
        select 1 from plan_value v where v.tenant = e.tenant and v.project = e.project
            and v.year = e.year and v.state = 'approved' and v.basis = 'entered'
    )
order by e.year desc, e.made_at;

-- name: any_value
select 1 from plan_value where tenant = %(tenant)s and basis <> 'computed' limit 1;

-- name: report_values
-- What a year's report prints of an indicator: what people entered before what was imported, and
-- that before what Tamamo counted. Nothing invented; areas: '' and the town's own, and benchmarks.
select distinct on (v.project, v.indicator, v.area = any(%(benchmarks)s))
    v.area = any(%(benchmarks)s), v.project, v.indicator, v.value, v.at, v.basis, v.source,
    v.detail, v.counted_otherwise, v.approved_at,
    case when v.replaces is null and not v.project || '/' || v.indicator = any(%(printed)s) then ''
        else v.reason end,
    v.whole
from plan_value v
where v.tenant = %(tenant)s and v.year = %(year)s and v.state = 'approved' and not v.simulated
    and v.area = any(%(areas)s)
order by v.project, v.indicator, v.area = any(%(benchmarks)s),
    array_position(array['entered', 'recorded', 'imported', 'computed'], v.basis), v.area,
    v.at desc;

-- name: report_texts
select project, kind, body, outcome, decided_on, reason, approved_at from plan_text
where tenant = %(tenant)s and year = %(year)s and state = 'approved' and not simulated;

-- name: report_waiting
-- What was entered and is not approved: the report says so, and nothing of what it is.
select project, indicator from plan_value
where tenant = %(tenant)s and year = %(year)s and area = '' and not simulated
    and state in ('entered', 'confirmed')
union all
select project, kind from plan_text
where tenant = %(tenant)s and year = %(year)s and not simulated
    and state in ('entered', 'confirmed');

-- name: report_links
-- Links of projects of which something real is approved; files stay with the town.
select e.project, e.title, e.url from plan_evidence e
where e.tenant = %(tenant)s and e.year = %(year)s and e.removed_at is null and e.url <> ''
    and exists (
        select 1 from plan_text t where t.tenant = e.tenant and t.project = e.project
            and t.year = e.year and t.state = 'approved' and not t.simulated
        union all
        select 1 from plan_value v where v.tenant = e.tenant and v.project = e.project
            and v.year = e.year and v.state = 'approved' and v.basis = 'entered'
            and not v.simulated
    )
order by e.made_at;

-- name: report_years
-- Years of which owners reported something that is approved.
select year from plan_value
where tenant = %(tenant)s and state = 'approved' and basis = 'entered' and area = ''
    and not simulated
union
select year from plan_text where tenant = %(tenant)s and state = 'approved' and not simulated
order by year;
