-- What drills play and what their reviewers say.

-- name: note_event
-- Something was played; a process that begins anew plays nothing twice.
insert into drill_event (tenant, key, position, kind, body, actor)
values (%(tenant)s, %(key)s, %(position)s, %(kind)s, %(body)s, %(actor)s)
on conflict (tenant, key) do nothing;

-- name: events
select number, key, position, kind, body, actor, noted_at
from drill_event
where tenant = %(tenant)s and kind <> %(place)s
order by number;

-- name: places
select key, body from drill_event where tenant = %(tenant)s and kind = %(place)s;

-- name: comment
insert into drill_note (tenant, about, comment, verdict, done_position, by)
values (%(tenant)s, %(about)s, %(comment)s, %(verdict)s, %(done)s, %(by)s);

-- name: notes
select number, about, comment, verdict, done_position, by, at
from drill_note
where tenant = %(tenant)s
order by number;

-- name: try_lock
-- One process at a time prepares, plays or removes a drill; the lock goes with the transaction.
select pg_try_advisory_xact_lock(hashtextextended('drill/' || %(tenant)s, 0));

-- name: beat
-- All up to this second was played.
update drill
set
    played = greatest(played, %(played)s),
    beat_at = case when state = 'running' then %(at)s::timestamptz else beat_at end
where tenant = %(tenant)s and state in ('running', 'paused');

-- name: remove
-- The last that is left of a drill; the audit logs stay.
with gone as (
    delete from tenant where name = %(tenant)s
), used as (
    delete from tenant_usage where tenant = %(tenant)s
)
delete from drill where tenant = %(tenant)s;

-- name: changed
update town_generation set generation = generation + 1;

-- name: people
-- Accounts by e-mail address or subject, with the roles they hold in a town.
select n.given, 'user:' || u.id, array_agg(distinct g.role)
from unnest(%(named)s::text[]) as n (given)
join accounts_user u on lower(u.email) = lower(n.given) or 'user:' || u.id = n.given
join role_grant g on g.subject = 'user:' || u.id
where u.is_active
    and g.tenant in (%(tenant)s, '*')
    and g.role = any(%(roles)s)
    and g.revoked_at is null
    and g.valid_from <= now()
    and (g.valid_to is null or g.valid_to > now())
group by n.given, u.id;
