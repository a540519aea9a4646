-- name: ask
-- Whoever asks again before the pause is over is not written to again; who is confirmed stays so.
insert into warning_subscription as s (
    tenant, channel, address, language, least_level, places, asked, asked_at, leaving
)
values (%(tenant)s, 'mail', %(address)s, %(language)s, %(least_level)s, %(places)s, %(asked)s,
    %(now)s, %(leaving)s)
on conflict (tenant, lower(address)) where channel = 'mail' do update
set asked_at = %(now)s,
    asked = case when s.confirmed_at is null then excluded.asked end,
    language = case when s.confirmed_at is null then excluded.language else s.language end,
    least_level = case when s.confirmed_at is null then excluded.least_level else s.least_level end,
    places = case when s.confirmed_at is null then excluded.places else s.places end
where s.asked_at <= %(pause)s
returning id, confirmed_at, leaving;

-- name: confirm
update warning_subscription
set confirmed_at = now(), asked = null
where tenant = %(tenant)s and asked = %(asked)s and confirmed_at is null and asked_at > %(since)s
returning id;

-- name: add_push
insert into warning_subscription (
    tenant, channel, language, least_level, places, leaving, confirmed_at
)
values (%(tenant)s, 'webpush', %(language)s, %(least_level)s, %(places)s, %(leaving)s, now())
returning id;

-- name: same_browser
-- A browser that subscribes again: what it said before counts no more.
with mine as (
    select endpoint from push_subscription
    where tenant = %(tenant)s and owner = 'resident:' || %(id)s
), old as (
    delete from push_subscription p
    where p.tenant = %(tenant)s
        and p.endpoint in (select endpoint from mine)
        and p.owner like 'resident:%%'
        and p.owner <> 'resident:' || %(id)s
    returning p.owner
)
delete from warning_subscription
where tenant = %(tenant)s and 'resident:' || id in (select owner from old);

-- name: leave
delete from warning_subscription
where tenant = %(tenant)s and leaving = %(leaving)s
returning id, channel;

-- name: there
select 1 from warning_subscription where tenant = %(tenant)s and leaving = %(leaving)s;

-- name: counts
select channel, count(*) from warning_subscription
where tenant = %(tenant)s and confirmed_at is not null
group by channel;

-- name: count_reached
select channel, count(*) from warning_subscription
where tenant = %(tenant)s
    and confirmed_at is not null
    and least_level <= %(level)s
    and (%(places)s::text[] = '{}' or places = '{}' or places && %(places)s::text[])
group by channel;

-- name: matching
-- A browser is named by what tamamo.messaging calls it.
select s.id, s.channel, coalesce(s.address, p.id::text), s.language, s.leaving
from warning_subscription s
left join push_subscription p
    on p.tenant = s.tenant and p.owner = 'resident:' || s.id and s.channel = 'webpush'
where s.tenant = %(tenant)s
    and s.confirmed_at is not null
    and s.least_level <= %(level)s
    and (%(places)s::text[] = '{}' or s.places = '{}' or s.places && %(places)s::text[])
    and (%(after)s::uuid is null or s.id > %(after)s)
    and (s.channel = 'mail' or p.id is not null)
order by s.id
limit %(limit)s;

-- name: sweep
delete from warning_subscription where confirmed_at is null and asked_at <= %(before)s;

-- name: sweep_push
-- The push service said that the browser is gone, and tamamo.messaging forgot it.
delete from warning_subscription s
where s.channel = 'webpush'
    and s.created_at <= %(before)s
    and not exists (
        select from push_subscription p where p.tenant = s.tenant and p.owner = 'resident:' || s.id
    );

-- name: reach
select channel, state, reason, count(*)
from message
where tenant = %(tenant)s and about = %(about)s
group by channel, state, reason;
