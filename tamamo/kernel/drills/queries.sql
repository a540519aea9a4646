-- Drills made, run and ended by people; each statement runs in one transaction with its audit rows.

-- name: changed
-- Tell all processes to read towns and drills again.
update town_generation set generation = generation + 1;

-- name: lock_town
-- The town a drill is made from, held so that two people do not make one too many.
select
    t.title,
    exists (select from drill d where d.tenant = t.name) as drill,
    (select count(*) from drill d where d.town = t.name) as drills
from tenant t
where t.name = %(name)s and t.state = 'active'
for update;

-- name: insert_tenant
-- The drill's tenant: it shows what its town shows, and has no limits of anybody's.
with made as (
    insert into tenant (name, title, languages, map_view, public_types, created_by)
    select %(tenant)s, %(title)s, languages, map_view, public_types, %(by)s
    from tenant
    where name = %(of)s
    returning name
)
insert into tenant_usage (tenant, counted_at, measured_at)
select name, now(), now() from made;

-- name: copy_types
-- What is personal data in the town would be so in its drill.
insert into owned_type (tenant, type, personal)
select %(tenant)s, type, personal from owned_type where tenant = %(of)s and personal;

-- name: insert
insert into drill (
    tenant, town, title, scenario, recipients, begins_at, length, expires_at, created_by
) values (
    %(tenant)s, %(town)s, %(title)s, %(scenario)s, %(recipients)s, %(begins_at)s, %(length)s,
    %(expires_at)s, %(by)s
);

-- name: insert_person
insert into drill_person (tenant, subject, roles) values (%(tenant)s, %(subject)s, %(roles)s);

-- name: limits
-- What somebody's roles in a town are limited to; of a unit, the types it answers for.
select
    g.role,
    case
        when g.unit is null then g.types
        else (
            select coalesce(array_agg(o.type order by o.type), '{}')
            from owned_type o
            where o.tenant = g.tenant
                and (o.unit = g.unit or starts_with(o.unit, g.unit || '/'))
                and (g.types is null or o.type = any(g.types))
        )
    end,
    g.scopes
from role_grant g
where g.tenant in (%(town)s, '*')
    and g.subject = %(subject)s
    and g.revoked_at is null
    and g.valid_from <= now()
    and (g.valid_to is null or g.valid_to > now())
order by g.granted_at, g.id;

-- name: made
update drill set state = 'ready' where tenant = %(tenant)s and state = 'making';

-- name: lock
-- One act at a time.
select from drill where tenant = %(tenant)s for update;

-- name: turn
-- The clock stands at a position from a moment on, and goes on at a speed; 0 leaves the speed that
-- was set as it is.
update drill
set
    state = %(state)s, position = %(position)s, anchored_at = %(at)s,
    speed = case when %(speed)s > 0 then %(speed)s else speed end,
    started_at = coalesce(started_at, case when %(state)s = 'running' then %(at)s::timestamptz end),
    beat_at = %(at)s
where tenant = %(tenant)s;

-- name: note_turn
insert into drill_clock (tenant, noted_at, position, speed)
values (%(tenant)s, %(at)s, %(position)s, %(speed)s)
on conflict (tenant, noted_at) do update
set position = excluded.position, speed = excluded.speed;

-- name: turns
select noted_at, position, speed from drill_clock where tenant = %(tenant)s order by noted_at;

-- name: end
update drill
set ended_at = %(at)s, ended_by = %(by)s
where tenant = %(tenant)s;

-- name: suspend
-- Nothing of it is read or written any more through pages and APIs of its own.
update tenant set state = 'suspended' where name = %(tenant)s;

-- name: revoke
-- Whoever took part has nothing left to do there.
update role_grant
set revoked_at = %(at)s, revoked_by = %(by)s
where tenant = %(tenant)s and revoked_at is null;

-- name: delete
-- What it held is removed by the service that plays drills.
update drill set state = 'deleting' where tenant = %(tenant)s;

-- name: reach
update drill set recipients = %(recipients)s where tenant = %(tenant)s;

-- name: expired
-- Drills whose time is over; one at a time ends each.
select tenant
from drill
where expires_at <= %(now)s and state not in ('ended', 'deleting')
order by tenant
for update;

-- name: listed
-- Drills of a town, or one, with who takes part; the newest first.
select
    d.tenant, d.town, d.title, d.scenario, d.state, d.recipients, d.begins_at, d.length,
    d.position, d.anchored_at, d.speed, d.played, d.beat_at, d.created_at, d.created_by,
    d.started_at, d.expires_at, d.ended_at, d.ended_by,
    coalesce(
        (
            select jsonb_object_agg(p.subject, p.roles)
            from drill_person p
            where p.tenant = d.tenant
        ), '{}') as people
from drill d
where (%(town)s::text is null or d.town = %(town)s)
    and (%(tenant)s::text is null or d.tenant = %(tenant)s)
    and (d.state <> 'deleting' or %(tenant)s::text is not null)
order by d.created_at desc, d.tenant;
