-- name: endpoints
select id::text, endpoint
from push_subscription
where tenant = %(tenant)s and id::text = any(%(ids)s)

-- name: is_active
select state = 'active' from tenant where name = %(tenant)s

-- name: insert
-- Messages in their order. One whose dedupe is there already is left as it is.
insert into message (
    tenant, channel, recipient, subject, body, url, unsubscribe, language, about, dedupe, urgent,
    drill, host, state, reason, next_at, created_at, expires_at, ended_at
)
select
    m.tenant, m.channel, m.recipient, m.subject, m.body, m.url, m.unsubscribe, m.language, m.about,
    m.dedupe, m.urgent, m.drill, m.host, m.state, m.reason,
    case when m.state = 'queued' then %(now)s end, %(now)s,
    %(now)s + m.lifetime * interval '1 second',
    case when m.state <> 'queued' then %(now)s end
from unnest(
    %(tenant)s::text[], %(channel)s::text[], %(recipient)s::text[], %(subject)s::text[],
    %(body)s::text[], %(url)s::text[], %(unsubscribe)s::text[], %(language)s::text[],
    %(about)s::text[], %(dedupe)s::text[], %(urgent)s::bool[], %(drill)s::bool[],
    %(host)s::text[], %(state)s::text[], %(reason)s::text[], %(lifetime)s::float8[]
) with ordinality as m (
    tenant, channel, recipient, subject, body, url, unsubscribe, language, about, dedupe, urgent,
    drill, host, state, reason, lifetime, place
)
order by m.place
on conflict (tenant, dedupe) where dedupe is not null do nothing
returning tenant, id::text, dedupe

-- name: by_dedupe
select tenant, dedupe, id::text
from message
where (tenant, dedupe) in (
    select * from unnest(%(tenants)s::text[], %(dedupes)s::text[])
)

-- name: about
select
    id::text, channel, recipient as "to", subject, state, reason, attempts, created_at, expires_at,
    sent_at, delivered_at, read_at, ended_at
from message
where tenant = %(tenant)s and about = %(about)s
order by created_at, id

-- name: recent
select
    id::text, channel, recipient as "to", subject, state, reason, attempts, created_at, expires_at,
    sent_at, delivered_at, read_at, ended_at
from message
where tenant = %(tenant)s and (%(state)s::text is null or state = %(state)s)
order by created_at desc, id
limit %(limit)s

-- name: counts
select state, count(*) from message where tenant = %(tenant)s and about = %(about)s group by state

-- name: mark_delivered
update message set state = 'delivered', delivered_at = %(now)s
where tenant = %(tenant)s and id::text = %(id)s and state in ('queued', 'sent')
returning id

-- name: mark_read
update message
set state = 'read', read_at = %(now)s, delivered_at = coalesce(delivered_at, %(now)s)
where tenant = %(tenant)s and id::text = %(id)s and state in ('queued', 'sent', 'delivered')
returning id

-- name: cancel
update message set state = 'failed', reason = 'not_needed', ended_at = %(now)s, next_at = null
where tenant = %(tenant)s and about = %(about)s and state = 'queued'

-- name: expire
-- Those nobody is at: a process that is at one has moved its `next_at` on.
update message set state = 'failed', reason = 'expired', ended_at = %(now)s, next_at = null
where state = 'queued' and next_at <= %(now)s and expires_at <= %(now)s
returning channel

-- name: claim
-- What is due at hosts that are not busy. Of two processes the second one waits for the row, then
-- finds it moved on. Whoever dies lets go of it when the lease is over.
update message m set next_at = %(now)s + %(lease)s * interval '1 second'
from (
    select tenant, id
    from message
    where state = 'queued' and next_at <= %(now)s and not (host = any(%(busy)s::text[]))
    order by urgent desc, next_at
    limit %(limit)s
) due
where m.tenant = due.tenant and m.id = due.id and m.state = 'queued' and m.next_at <= %(now)s
returning
    m.tenant, m.id::text as id, m.channel, m.recipient as "to", m.subject, m.body as text, m.url,
    m.unsubscribe, m.language, m.about, m.urgent, m.drill, m.host, m.attempts, m.created_at,
    m.expires_at

-- name: is_wanted
-- Whether it still waits: whoever made it may have taken it back meanwhile.
select 1 from message where tenant = %(tenant)s and id::text = %(id)s and state = 'queued'

-- name: sent
-- A receipt may have come before.
update message
set
    state = case when state = 'queued' then %(state)s else state end,
    attempts = attempts + 1, sent_at = %(now)s, next_at = null, reason = '', detail = '',
    delivered_at = case when %(state)s = 'delivered' then %(now)s else delivered_at end
where tenant = %(tenant)s and id::text = %(id)s

-- name: later
update message
set
    attempts = attempts + %(tried)s, detail = %(detail)s,
    next_at = least(%(now)s + %(pause)s * interval '1 second', expires_at)
where tenant = %(tenant)s and id::text = %(id)s and state = 'queued'

-- name: ended
update message
set
    state = %(state)s, reason = %(reason)s, detail = %(detail)s, attempts = attempts + %(tried)s,
    ended_at = %(now)s, next_at = null
where tenant = %(tenant)s and id::text = %(id)s and state = 'queued'

-- name: forget
delete from message where created_at < %(before)s

-- name: sender
select t.title, s.mail_from, s.mail_name
from tenant t
left join message_sender s on s.tenant = t.name
where t.name = %(tenant)s

-- name: set_sender
insert into message_sender (tenant, mail_from, mail_name)
values (%(tenant)s, %(mail_from)s, %(mail_name)s)
on conflict (tenant) do update set mail_from = excluded.mail_from, mail_name = excluded.mail_name

-- name: subscribe
insert into push_subscription (tenant, owner, endpoint, p256dh, auth, language)
values (%(tenant)s, %(owner)s, %(endpoint)s, %(p256dh)s, %(auth)s, %(language)s)
on conflict (tenant, owner, endpoint) do update
set p256dh = excluded.p256dh, auth = excluded.auth, language = excluded.language
returning id::text

-- name: replace
-- A browser's new endpoint, for all that it has subscribed to.
update push_subscription s
set endpoint = %(endpoint)s, p256dh = %(p256dh)s, auth = %(auth)s
where endpoint = %(old)s
    and not exists (
        select from push_subscription o
        where o.tenant = s.tenant and o.owner = s.owner and o.endpoint = %(endpoint)s
    )

-- name: unsubscribe
delete from push_subscription where tenant = %(tenant)s and id::text = %(id)s returning owner

-- name: unsubscribe_owner
delete from push_subscription where tenant = %(tenant)s and owner = %(owner)s

-- name: subscriptions
select id::text, owner, language, created_at, last_ok_at
from push_subscription
where tenant = %(tenant)s and owner = %(owner)s
order by created_at

-- name: push_keys
select endpoint, p256dh, auth from push_subscription where tenant = %(tenant)s and id::text = %(id)s

-- name: push_ok
update push_subscription set last_ok_at = %(now)s where tenant = %(tenant)s and id::text = %(id)s
