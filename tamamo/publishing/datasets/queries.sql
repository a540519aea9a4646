-- name: datasets
-- Datasets with the number of the version the public sees, and of the one that is worked on.
select
    d.id, d.uuid::text, d.kind, d.state, d.metadata, d.unit, d.formats, d.fields, d.rows,
    p.number, d.versions, d.bbox, d.created_at, d.changed_at, d.data_at, d.published_at, d.due,
    (
        select max(o.number) from dataset_version o
        where o.tenant = d.tenant and o.dataset = d.id
            and o.state in ('new', 'settled', 'checking', 'checked', 'failed', 'submitted')
    ),
    coalesce(d.current, 0)
from dataset d
left join dataset_version p on p.tenant = d.tenant and p.id = d.current
where d.tenant = %(tenant)s and d.id = any(%(ids)s::text[]);

-- name: id_of_uuid
select id from dataset where tenant = %(tenant)s and uuid = %(uuid)s::uuid;

-- name: lock_dataset
select state, coalesce(current, 0), metadata from dataset
where tenant = %(tenant)s and id = %(id)s
for update;

-- name: insert_dataset
insert into dataset (
    tenant, id, kind, state, metadata, unit, groups, tags, formats, licence, title_key, folded,
    type, fields, created_by, changed_by, published_at, data_at
)
values (
    %(tenant)s, %(id)s, %(kind)s, %(state)s, %(metadata)s, %(unit)s, %(groups)s, %(tags)s,
    %(formats)s, %(licence)s, %(title_key)s, %(folded)s, %(type)s, %(fields)s, %(by)s, %(by)s,
    case when %(state)s = 'published' then now() end,
    case when %(state)s = 'published' then now() end
)
on conflict (tenant, id) do nothing
returning id;

-- name: describe
update dataset
set
    metadata = %(metadata)s, unit = %(unit)s, groups = %(groups)s, tags = %(tags)s,
    licence = %(licence)s, title_key = %(title_key)s, folded = %(folded)s, due = %(due)s,
    fields = coalesce(%(fields)s, fields), formats = coalesce(%(formats)s, formats),
    type = coalesce(%(type)s, type), changed_at = now(), changed_by = %(by)s
where tenant = %(tenant)s and id = %(id)s;

-- name: versions
select
    v.id, v.dataset, v.number, v.state, v.filename, v.size, v.sha256, v.choice, v.recipe, v.fields,
    v.counts, v.reports, v.rows, v.bbox, v.worked, v.note, v.reason, v.done, v.total, v.job,
    v.entities_done, v.created_at, v.created_by, v.changed_at, v.submitted_at, v.submitted_by,
    v.approved_at, v.approved_by, v.published_at, coalesce(d.current = v.id, false), d.metadata
from dataset_version v
join dataset d on d.tenant = v.tenant and d.id = v.dataset
where v.tenant = %(tenant)s
    and (%(dataset)s::text is null or v.dataset = %(dataset)s)
    and (%(number)s::int is null or v.number = %(number)s)
    and (
        not %(public)s
        or v.published_at is not null and coalesce(v.reason ->> 'code', '') <> 'withdrawn'
    )
    and (
        not %(open)s
        or v.state in ('new', 'settled', 'checking', 'checked', 'failed', 'submitted')
    )
order by case when %(open)s then v.changed_at end desc, v.number desc
limit %(limit)s;

-- name: next_version
update dataset set versions = versions + 1 where tenant = %(tenant)s and id = %(id)s
returning versions;

-- name: reserve_version
select nextval(pg_get_serial_sequence('dataset_version', 'id'));

-- name: insert_version
insert into dataset_version (
    tenant, id, dataset, number, filename, size, sha256, choice, recipe, worked, created_by
)
overriding system value
values (
    %(tenant)s, %(id)s, %(dataset)s, %(number)s, %(filename)s, %(size)s, %(sha256)s, %(choice)s,
    %(recipe)s, array[%(by)s::text], %(by)s
);

-- name: insert_part
insert into dataset_file (tenant, version, kind, part, content)
values (%(tenant)s, %(version)s, %(kind)s, %(part)s, %(content)s);

-- name: part
select content from dataset_file
where tenant = %(tenant)s and version = %(version)s and kind = %(kind)s and part = %(part)s;

-- name: forget_file
delete from dataset_file
where tenant = %(tenant)s and version = %(version)s and kind = %(kind)s;

-- name: settle
update dataset_version
set
    state = 'settled', choice = %(choice)s, recipe = %(recipe)s, fields = %(fields)s,
    counts = null, reports = null, reason = null, rows = null, bbox = null, done = 0, total = 0,
    job = null, worked = array(select distinct unnest(worked || %(by)s::text)), changed_at = now()
where tenant = %(tenant)s and id = %(version)s;

-- name: claim_check
update dataset_version
set
    state = 'checking', claim = gen_random_uuid(), job = null, done = 0, total = %(total)s,
    reason = null, changed_at = now(),
    worked = array(select distinct unnest(worked || %(by)s::text))
where tenant = %(tenant)s and id = %(version)s and (
    state in ('settled', 'checked', 'failed')
    or state = 'checking' and changed_at < now() - %(lease)s
)
returning claim;

-- name: take_over
update dataset_version set claim = gen_random_uuid(), changed_at = now()
where tenant = %(tenant)s and id = %(version)s and state = 'checking' and job = %(job)s
returning claim;

-- name: hold_claim
update dataset_version set done = coalesce(%(done)s, done), changed_at = now()
where tenant = %(tenant)s and id = %(version)s and state = 'checking' and claim = %(claim)s
returning id;

-- name: set_job
update dataset_version set job = %(job)s where tenant = %(tenant)s and id = %(version)s;

-- name: checked
update dataset_version
set
    state = %(state)s, counts = %(counts)s, reports = %(reports)s, reason = %(reason)s,
    rows = %(rows)s, bbox = %(bbox)s, done = %(done)s, claim = null, changed_at = now()
where tenant = %(tenant)s and id = %(version)s and state = 'checking' and claim = %(claim)s
returning id;

-- name: move
update dataset_version
set
    state = %(state)s, note = coalesce(%(note)s, note), reason = %(reason)s,
    submitted_by = case
        when %(state)s = 'submitted' then %(by)s::text
        when %(state)s in ('published', 'declined') then submitted_by
    end,
    submitted_at = case
        when %(state)s = 'submitted' then now()
        when %(state)s in ('published', 'declined') then submitted_at
    end,
    approved_by = case when %(state)s = 'published' then %(by)s::text end,
    approved_at = case when %(state)s = 'published' then now() end,
    published_at = case when %(state)s = 'published' then now() else published_at end,
    entities_done = %(entities_done)s,
    changed_at = now()
where tenant = %(tenant)s and id = %(version)s;

-- name: show_version
-- From here on the public sees this version.
update dataset d
set
    state = 'published', current = v.id, fields = v.fields, rows = v.rows, bbox = v.bbox,
    formats = %(formats)s, data_at = coalesce(%(data_at)s, now()), due = %(due)s,
    published_at = coalesce(d.published_at, now()), changed_at = now(), changed_by = %(by)s
from dataset_version v
where d.tenant = %(tenant)s and d.id = %(id)s
    and v.tenant = d.tenant and v.id = %(version)s;

-- name: hide
update dataset
set state = 'unpublished', changed_at = now(), changed_by = %(by)s
where tenant = %(tenant)s and id = %(id)s;

-- name: withdraw
-- Nobody outside sees this version again, whatever else is published, but by an act of its own.
update dataset_version set reason = %(reason)s, changed_at = now()
where tenant = %(tenant)s and id = %(version)s;

-- name: show_live
update dataset
set state = 'published', changed_at = now(), changed_by = %(by)s
where tenant = %(tenant)s and id = %(id)s;

-- name: insert_change
insert into dataset_change (tenant, dataset, version, kind, note)
values (%(tenant)s, %(dataset)s, %(version)s, %(kind)s, %(note)s);

-- name: changes
select c.dataset, d.metadata, c.version, c.kind, c.note, c.at
from dataset_change c
join dataset d on d.tenant = c.tenant and d.id = c.dataset
where c.tenant = %(tenant)s
    and (%(dataset)s::text is null or c.dataset = %(dataset)s)
order by c.number desc
limit %(limit)s;

-- name: stamp
select count(*)::text || '-' || coalesce(extract(epoch from max(changed_at))::text, '')
from dataset where tenant = %(tenant)s;

-- name: acts
select e.at, e.actor, coalesce(u.name, ''), e.action, coalesce(e.after, e.before, '{}')
from audit_event e
left join accounts_user u on 'user:' || u.id = e.actor
where e.tenant = %(tenant)s and e.object = %(object)s and e.action like 'dataset.%%'
order by e.seq desc
limit %(limit)s;

-- name: names
select 'user:' || id, name from accounts_user
where 'user:' || id = any(%(subjects)s);

-- name: forget_rows
delete from dataset_row where tenant = %(tenant)s and version = %(version)s;

-- name: duplicates
-- Keys that stand twice: how many, and the first of them with the numbers of their rows.
with twice as (
    select key, count(*) as times, (array_agg(number order by number))[1:5] as numbers
    from dataset_row
    where tenant = %(tenant)s and version = %(version)s and key is not null
    group by key
    having count(*) > 1
)
select (select count(*) from twice), (select coalesce(sum(times), 0)::bigint from twice),
    (select json_agg(f) from (select key, times, numbers from twice order by numbers limit 20) f);

-- name: fold_again
update dataset set folded = %(folded)s where tenant = %(tenant)s and id = %(id)s;

-- name: entities_follow
update dataset_version set entities_done = false
where tenant = %(tenant)s and id = %(version)s;

-- name: forget_orphans
-- Files whose version never came to be: the upload was cut off a day ago.
delete from dataset_file f
where f.at < now() - interval '1 day'
    and not exists (
        select from dataset_version v where v.tenant = f.tenant and v.id = f.version
    );

-- name: put_aside
select tenant, id from dataset_version
where state in ('declined', 'discarded') and rows is not null
    and changed_at < now() - interval '30 days'
limit 100;

-- name: emptied
update dataset_version set rows = null where tenant = %(tenant)s and id = %(version)s;
