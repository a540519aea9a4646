-- name: lock
select pg_advisory_xact_lock(hashtextextended('data_request:' || %(tenant)s, 0));

-- name: recent
select count(*) from data_request_post
where tenant = %(tenant)s and actor = '' and at > now() - interval '1 hour';

-- name: insert_request
insert into data_request (tenant, number, title, visible)
select %(tenant)s, coalesce(max(number), 0) + 1, %(title)s, %(visible)s
from data_request where tenant = %(tenant)s
returning number;

-- name: insert_post
insert into data_request_post (tenant, request, kind, body, state, actor, unit, visible, reason)
values (%(tenant)s, %(request)s, %(kind)s, %(body)s, %(state)s, %(actor)s, %(unit)s, %(visible)s,
    %(reason)s)
returning id;

-- name: insert_person
insert into data_request_person (tenant, post, name, mail, language, token)
values (%(tenant)s, %(post)s, %(name)s, %(mail)s, %(language)s, %(token)s);

-- name: asked_today
select count(*) from data_request_person
where tenant = %(tenant)s and lower(mail) = lower(%(mail)s) and confirmed_at is null
    and at > now() - interval '1 day';

-- name: touch
update data_request set changed_at = clock_timestamp()
where tenant = %(tenant)s and number = %(request)s;

-- name: requests
-- waiting: texts that somebody has to read before others do; only staff ask for those.
select r.number, r.title, r.state, r.unit, r.dataset, r.visible, r.asked_at, r.answered_at,
    r.changed_at, p.shown, p.waiting, count(*) over ()
from data_request r
cross join lateral (
    select count(*) filter (where visible = 'shown') as shown,
        count(*) filter (where visible = 'held') as waiting
    from data_request_post p where p.tenant = r.tenant and p.request = r.number
) p
where r.tenant = %(tenant)s
    and (%(all)s or r.visible = 'shown')
    and (%(states)s::text[] = '{}' or r.state = any (%(states)s::text[]))
    and (not %(waiting)s or r.visible = 'held' or p.waiting > 0)
    and (%(like)s::text = '' or r.title ilike %(like)s or exists (
        select from data_request_post q
        where q.tenant = r.tenant and q.request = r.number and q.body ilike %(like)s
            and (%(all)s or q.visible = 'shown')))
order by r.changed_at desc, r.number desc
limit %(limit)s offset %(offset)s;

-- name: one
select r.number, r.title, r.state, r.unit, r.dataset, r.visible, r.asked_at, r.answered_at,
    r.changed_at, 0, 0
from data_request r
where r.tenant = %(tenant)s and r.number = %(request)s and (%(all)s or r.visible = 'shown');

-- name: lock_one
select r.number, r.title, r.state, r.unit, r.dataset, r.visible, r.asked_at, r.answered_at,
    r.changed_at, 0, 0
from data_request r
where r.tenant = %(tenant)s and r.number = %(request)s
for update;

-- name: posts
select p.id, p.request, p.kind, p.body, p.state, p.actor, p.unit, p.visible, p.reason, p.at,
    coalesce(n.name, ''), n.post is not null
from data_request_post p
left join data_request_person n on n.tenant = p.tenant and n.post = p.id
where p.tenant = %(tenant)s and p.request = %(request)s and (%(all)s or p.visible = 'shown')
order by p.at, p.id;

-- name: titles
select number, title from data_request
where tenant = %(tenant)s and visible = 'shown'
order by changed_at desc limit 2000;

-- name: of_numbers
select r.number, r.title, r.state, r.unit, r.dataset, r.visible, r.asked_at, r.answered_at,
    r.changed_at, 0, 0
from data_request r where r.tenant = %(tenant)s and r.number = any (%(numbers)s::bigint[]);

-- name: answer
update data_request
set state = %(state)s, dataset = %(dataset)s,
    unit = case when unit = '' then %(unit)s else unit end,
    answered_at = case when %(state)s = 'working' then answered_at
        else coalesce(answered_at, now()) end,
    changed_at = clock_timestamp()
where tenant = %(tenant)s and number = %(request)s;

-- name: assign
update data_request set unit = %(unit)s, changed_at = clock_timestamp()
where tenant = %(tenant)s and number = %(request)s;

-- name: see_post
update data_request_post set visible = %(visible)s, reason = %(reason)s
where tenant = %(tenant)s and id = %(post)s and actor = ''
returning request, kind;

-- name: see_request
update data_request set visible = %(visible)s, changed_at = clock_timestamp()
where tenant = %(tenant)s and number = %(request)s;

-- name: post
select p.id, p.request, p.kind, p.body, p.state, p.actor, p.unit, p.visible, p.reason, p.at,
    coalesce(n.name, ''), n.post is not null
from data_request_post p
left join data_request_person n on n.tenant = p.tenant and n.post = p.id
where p.tenant = %(tenant)s and p.id = %(post)s
for update of p;

-- name: forget_post
delete from data_request_person where tenant = %(tenant)s and post = %(post)s returning post;

-- name: mine
select p.request, r.title, n.name, n.mail, n.confirmed_at is not null, p.visible
from data_request_person n
join data_request_post p on p.tenant = n.tenant and p.id = n.post
join data_request r on r.tenant = p.tenant and r.number = p.request
where n.tenant = %(tenant)s and n.token = %(token)s;

-- name: confirm
update data_request_person set confirmed_at = now()
where tenant = %(tenant)s and token = %(token)s and mail <> '' and confirmed_at is null
returning post;

-- name: forget
delete from data_request_person where tenant = %(tenant)s and token = %(token)s returning post;

-- name: readers
-- One mail an address, however often it wrote.
select distinct on (lower(n.mail)) n.mail, n.language
from data_request_person n
join data_request_post p on p.tenant = n.tenant and p.id = n.post
where p.tenant = %(tenant)s and p.request = %(request)s
    and n.confirmed_at is not null and p.visible = 'shown'
order by lower(n.mail), n.at desc;

-- name: sweep
-- An address that nobody confirmed within a week is forgotten; the name stays with the text.
update data_request_person set mail = ''
where mail <> '' and confirmed_at is null and at < now() - interval '7 days';

-- name: counts
select state, count(*) from data_request
where tenant = %(tenant)s and visible = 'shown' group by state;

-- name: days
-- Days are whole days between question and first answer, as both are shown.
select count(*), count(days), percentile_cont(0.5) within group (order by days), avg(days),
    avg((days <= 14)::int) filter (where days is not null),
    max(floor(extract(epoch from now() - asked_at) / 86400))
        filter (where answered_at is null)
from (
    select asked_at, answered_at,
        floor(extract(epoch from answered_at - asked_at) / 86400) as days
    from data_request where tenant = %(tenant)s and visible = 'shown'
) r;

-- name: unit_days
select unit, count(*), count(answered_at),
    percentile_cont(0.5) within group (
        order by floor(extract(epoch from answered_at - asked_at) / 86400))
from data_request
where tenant = %(tenant)s and visible = 'shown' and unit <> ''
group by unit order by unit;

-- name: demo_asked
with asked as (
    update data_request
    set asked_at = now() - make_interval(days => %(days)s),
        changed_at = now() - make_interval(days => %(days)s)
    where tenant = %(tenant)s and number = %(request)s
)
update data_request_post set at = now() - make_interval(days => %(days)s)
where tenant = %(tenant)s and request = %(request)s;

-- name: demo_answered
with answered as (
    update data_request
    set answered_at = asked_at + make_interval(days => %(after)s),
        changed_at = asked_at + make_interval(days => %(after)s)
    where tenant = %(tenant)s and number = %(request)s
)
update data_request_post
set at = now() - make_interval(days => %(days)s - %(after)s)
where tenant = %(tenant)s and request = %(request)s and kind = 'answer';
