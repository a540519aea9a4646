-- name: cursor
insert into call_cursor (tenant, position) values (%(tenant)s, 0)
on conflict (tenant) do nothing

-- name: lock_cursor
select position from call_cursor where tenant = %(tenant)s for update

-- name: cursors
select tenant, position from call_cursor

-- name: move_cursor
update call_cursor set position = %(position)s where tenant = %(tenant)s

-- name: is_called
select 1 from call_alert where tenant = %(tenant)s and alert = %(alert)s and episode = %(episode)s
limit 1

-- name: open_call
-- The call that a further alert joins: one nobody has answered, or one that began a moment ago.
select *
from call
where tenant = %(tenant)s and rule::text = %(rule)s
    and (
        state in ('running', 'unanswered')
        or (state = 'acknowledged' and started_at > %(since)s)
    )
order by started_at desc
limit 1
for update

-- name: begin
insert into call
    (tenant, rule, tree, tree_name, document, severity, test, next_at, started_at)
values (
    %(tenant)s, %(rule)s::uuid, %(tree)s::uuid, %(tree_name)s, %(document)s, %(severity)s,
    %(test)s, %(now)s, %(now)s
)
returning *

-- name: raise
-- The tree is gone through anew.
update call
set
    severity = %(severity)s, state = 'running', round = round + 1, first_round = round + 1,
    step = 0, place = 0, next_at = %(now)s, ended_at = null, answered_by = null, answered_via = null
where tenant = %(tenant)s and id = %(id)s

-- name: add_alert
insert into call_alert (tenant, call, alert, episode, severity, text, added_at)
values (%(tenant)s, %(call)s, %(alert)s, %(episode)s, %(severity)s, %(text)s, %(now)s)
on conflict do nothing
returning 1

-- name: close_alert
update call_alert set state = %(state)s
where tenant = %(tenant)s and alert = %(alert)s and episode = %(episode)s
    and state <> 'over' and state <> %(state)s
returning call

-- name: settled
-- Calls that nobody has answered and none of whose alerts is open any more.
select c.*, (
    select count(*) from call_alert a
    where a.tenant = c.tenant and a.call = c.id and a.state = 'acknowledged'
) as acknowledged
from call c
where c.tenant = %(tenant)s and c.id = any(%(ids)s::uuid[])
    and c.state in ('running', 'unanswered') and not c.test
    and not exists (
        select from call_alert a
        where a.tenant = c.tenant and a.call = c.id and a.state = 'open'
    )
for update of c

-- name: running
-- Running calls; hopeless: none of those called last can be reached, or all have declined.
select
    c.tenant, c.id, c.next_at,
    l.round = c.round and not exists (
        select from call_person p
        where p.tenant = c.tenant and p.call = c.id and p.called_at = l.called_at
            and p.answer is null
            and exists (
                select from message m
                where m.tenant = p.tenant and m.id = any(p.messages)
                    and m.state in ('queued', 'sent', 'delivered', 'read')
            )
    ) as hopeless
from call c
left join lateral (
    select p.round, p.called_at from call_person p
    where p.tenant = c.tenant and p.call = c.id
    order by p.called_at desc
    limit 1
) l on true
where c.state = 'running'

-- name: lock
select * from call where tenant = %(tenant)s and id::text = %(id)s for update

-- name: call
select * from call where tenant = %(tenant)s and id::text = %(id)s

-- name: calls
select *
from call
where tenant = %(tenant)s
order by state in ('running', 'unanswered') desc, started_at desc
limit %(limit)s

-- name: step_to
update call set round = %(round)s, step = %(step)s, place = %(place)s, next_at = %(next_at)s
where tenant = %(tenant)s and id = %(id)s

-- name: end
update call
set
    state = %(state)s, next_at = null, ended_at = %(now)s,
    answered_by = coalesce(%(by)s, answered_by), answered_via = coalesce(%(via)s, answered_via)
where tenant = %(tenant)s and id = %(id)s

-- name: alerts
select alert, episode, severity, text, state, added_at
from call_alert
where tenant = %(tenant)s and call = %(call)s
order by added_at, alert

-- name: people
select round, step, contact::text, called_at, messages::text[], answer, answered_at
from call_person
where tenant = %(tenant)s and call = %(call)s
order by called_at, contact

-- name: add_person
insert into call_person (tenant, call, round, step, contact, called_at, messages)
values (
    %(tenant)s, %(call)s, %(round)s, %(step)s, %(contact)s::uuid, %(now)s, %(messages)s::uuid[]
)
on conflict do nothing

-- name: answer
update call_person set answer = %(answer)s, answered_at = %(now)s
where tenant = %(tenant)s and call = %(call)s and contact::text = %(contact)s and answer is null
returning messages::text[]

-- name: log
insert into call_log (tenant, call, kind, at, actor, detail)
values (%(tenant)s, %(call)s, %(kind)s, %(at)s, %(actor)s, %(detail)s)

-- name: logged
select kind, at, noted_at, actor, detail
from call_log
where tenant = %(tenant)s and call = %(call)s
order by number

-- name: town
select title from tenant where name = %(tenant)s
