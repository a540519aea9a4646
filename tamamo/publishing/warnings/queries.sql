-- name: lock_tenant
-- One at a time numbers a town's messages and changes its setup.
select pg_advisory_xact_lock(hashtextextended('warning ' || %(tenant)s, 0));

-- name: read_setup
select version, body, by, at from warning_setup
where tenant = %(tenant)s order by version desc limit 1;

-- name: write_setup
insert into warning_setup (tenant, version, body, by)
select %(tenant)s, %(was)s + 1, %(body)s, %(by)s
where %(was)s = coalesce(
    (select max(version) from warning_setup where tenant = %(tenant)s), 0
)
returning version, at;

-- name: read_arc
select arc from warning_issuer where tenant = %(tenant)s;

-- name: make_arc
insert into warning_issuer (tenant) values (%(tenant)s) on conflict do nothing;

-- name: open_warning
insert into warning (tenant, opened_by) values (%(tenant)s, %(by)s) returning id;

-- name: insert_draft
insert into warning_draft (tenant, warning, purpose, base, template, created_by, changed_by)
values (%(tenant)s, %(warning)s, %(purpose)s, %(base)s, %(template)s, %(by)s, %(by)s)
on conflict (tenant, warning) where state in ('draft', 'submitted', 'approved') do nothing
returning id;

-- name: insert_revision
insert into warning_revision (tenant, draft, version, content, by)
values (%(tenant)s, %(id)s, %(version)s, %(content)s, %(by)s);

-- name: drafts
-- Drafts with their newest text and everybody who wrote at it.
select d.id, d.warning, d.purpose, d.base, d.template, d.state, d.version, d.created_by,
    d.created_at, d.changed_by, d.changed_at, d.submitted_by, d.approved_by, d.returned_reason,
    r.content,
    (select array_agg(distinct w.by order by w.by) from warning_revision w
     where w.tenant = d.tenant and w.draft = d.id) as authors
from warning_draft d
join warning_revision r on r.tenant = d.tenant and r.draft = d.id and r.version = d.version
where d.tenant = %(tenant)s
    and (%(id)s::uuid is null or d.id = %(id)s)
    and (%(warning)s::uuid is null or d.warning = %(warning)s)
    and (%(states)s::text[] is null or d.state = any (%(states)s))
order by d.changed_at desc, d.id
limit %(limit)s;

-- name: lock_draft
select 1 from warning_draft where tenant = %(tenant)s and id = %(id)s for update;

-- name: change_draft
update warning_draft
set state = %(state)s,
    version = %(version)s,
    submitted_by = %(submitted_by)s,
    approved_by = %(approved_by)s,
    returned_reason = %(returned_reason)s,
    changed_by = %(by)s,
    changed_at = clock_timestamp()
where tenant = %(tenant)s and id = %(id)s;

-- name: void_approvals
-- The town's places or its issuer changed: nobody has seen what these would say now.
update warning_draft
set state = 'draft',
    submitted_by = null,
    approved_by = null,
    returned_reason = '',
    changed_by = %(by)s,
    changed_at = clock_timestamp()
where tenant = %(tenant)s and state in ('submitted', 'approved')
returning id, warning, version;

-- name: has_open_draft
select id from warning_draft
where tenant = %(tenant)s and warning = %(warning)s and id <> %(id)s
    and state in ('draft', 'submitted', 'approved');

-- name: next_number
select coalesce(max(number), 0) + 1 from warning_message where tenant = %(tenant)s;

-- name: insert_message
insert into warning_message (tenant, id, number, warning, draft, type, status, identifier, sender,
    sent, written_by, approved_by, published_by, content, level, places, valid_from, valid_to, cap)
values (%(tenant)s, %(id)s, %(number)s, %(warning)s, %(draft)s, %(type)s, %(status)s,
    %(identifier)s, %(sender)s, %(sent)s, %(written_by)s, %(approved_by)s, %(published_by)s,
    %(content)s, %(level)s, %(places)s, %(valid_from)s, %(valid_to)s, %(cap)s);

-- name: messages
select m.id, m.number, m.warning, m.type, m.status, m.identifier, m.sender, m.sent, m.noted_at,
    m.written_by, m.approved_by, m.published_by, m.content, m.level, m.places, m.valid_from,
    m.valid_to,
    not exists (
        select from warning_message n
        where n.tenant = m.tenant and n.warning = m.warning and n.number > m.number
    ) as newest
from warning_message m
where m.tenant = %(tenant)s
    and (%(id)s::uuid is null or m.id = %(id)s)
    and (%(warning)s::uuid is null or m.warning = %(warning)s)
    and (%(before)s::bigint is null or m.number < %(before)s)
    and (not %(newest)s or not exists (
        select from warning_message n
        where n.tenant = m.tenant and n.warning = m.warning and n.number > m.number
    ))
order by m.number desc
limit %(limit)s;

-- name: in_force
-- The newest message of each warning that has not ended yet; those still to begin too.
select m.id, m.number, m.warning, m.type, m.status, m.identifier, m.sender, m.sent, m.noted_at,
    m.written_by, m.approved_by, m.published_by, m.content, m.level, m.places, m.valid_from,
    m.valid_to, true as newest
from warning_message m
where m.tenant = %(tenant)s
    and m.valid_to > %(now)s
    and m.type <> 'Cancel'
    and not exists (
        select from warning_message n
        where n.tenant = m.tenant and n.warning = m.warning and n.number > m.number
    )
order by m.number desc
limit 100;

-- name: document
select cap, sent from warning_message where tenant = %(tenant)s and id = %(id)s;

-- name: names
select 'user:' || id, name from accounts_user
where 'user:' || id = any (%(subjects)s);
