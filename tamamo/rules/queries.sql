-- Statements of rules and alerts. Those of the evaluation touch rows by key.

-- name: look
select generation, round, xid::text, seq from rule_progress

-- name: advance
-- How far the changes are evaluated. No row when somebody else took a step, or changed a rule:
-- then what was worked out here is worth nothing.
update rule_progress
set xid = %(xid)s::text::xid8, seq = %(seq)s, round = round + 1
where round = %(round)s and generation = %(generation)s
returning 1

-- name: changed
-- A rule or a silence was changed.
update rule_progress set generation = generation + 1

-- name: current
-- The newest version of every rule that staff changed.
select distinct on (tenant, rule_id)
    tenant, rule_id, version, document, enabled, actor, at
from rule_version
where %(tenant)s::text is null or tenant = %(tenant)s
order by tenant, rule_id, version desc

-- name: versions
select version, document, enabled, actor, at
from rule_version
where tenant = %(tenant)s and rule_id = %(rule)s
order by version desc

-- name: lock_rules
-- One at a time changes the rules of a town.
select pg_advisory_xact_lock(hashtextextended('rules ' || %(tenant)s, 0))

-- name: add_version
insert into rule_version (tenant, rule_id, version, document, enabled, actor)
values (%(tenant)s, %(rule)s, %(version)s, %(document)s::json, %(enabled)s, %(actor)s)

-- name: copy_rules
-- What staff made of the rules of one town, for another that has none of its own.
insert into rule_version (tenant, rule_id, version, document, enabled, actor)
select distinct on (rule_id) %(into)s, rule_id, 1, document, enabled, %(actor)s
from rule_version
where tenant = %(of)s
order by rule_id, version desc
on conflict do nothing
returning rule_id

-- name: states
-- Where subjects stand.
select s.tenant, s.subject, s.states::text, s.due_at
from unnest(%(tenants)s::text[], %(subjects)s::text[]) as k (tenant, subject)
join rule_state s using (tenant, subject)

-- name: save_states
insert into rule_state as s (tenant, subject, states, due_at)
select *
from unnest(
    %(tenants)s::text[], %(subjects)s::text[], %(states)s::jsonb[], %(dues)s::timestamptz[]
)
on conflict (tenant, subject) do update set states = excluded.states, due_at = excluded.due_at

-- name: forget_rule
-- A rule is gone, or switched off: nothing is known of it any more but how many episodes it had.
update rule_state
set states = jsonb_set(
    states, array[%(rule)s::text],
    jsonb_build_object('episode', coalesce(states -> %(rule)s::text -> 'episode', '0'))
)
where tenant = %(tenant)s and states ? %(rule)s::text

-- name: due
-- Subjects that may have fallen silent, by a clock.
select s.tenant, s.subject, s.states::text, s.due_at
from rule_state s
where s.due_at <= %(clock)s
    and (%(tenant)s::text is null or s.tenant = %(tenant)s)
    and not (s.tenant = any(%(others)s::text[]))
order by s.due_at
limit %(limit)s

-- name: clocks
-- Towns that play a recording, and what time it is there.
select tenant, attrs #>> array[%(clock)s, '0', 'value']
from entity
where id = %(id)s and tenant = any(%(tenants)s::text[])

-- name: between
-- Readings that one write brought beside the newest, in the order they were measured.
select k.n::int, k.attr, h.instance
from unnest(
    %(tenants)s::text[], %(ids)s::text[], %(attrs)s::text[], %(lows)s::timestamptz[],
    %(highs)s::timestamptz[], %(modified)s::timestamptz[], %(ns)s::int[]
) as k (tenant, id, attr, low, high, modified_at, n)
cross join lateral (
    select h.at, h.instance
    from attribute_history h
    where h.tenant = k.tenant and h.entity_id = k.id and h.attr = k.attr
        and h.at > k.low and h.at < k.high
        and h.modified_at = k.modified_at and h.dataset_id = ''
        and h.observed_at is not null and h.deleted_at is null
    order by h.at
    limit %(limit)s
) h
order by k.n, h.at

-- name: next_positions
-- Take the next places in a town's order of events; nobody else does until this commits.
insert into alert_head as h (tenant, position)
values (%(tenant)s, %(count)s)
on conflict (tenant) do update set position = h.position + excluded.position
returning position

-- name: add_events
insert into alert_event (
    tenant, position, alert, subject, rule, episode, kind, "from", "to", at, severity, actor,
    value, threshold, silenced_until, text
)
select *
from unnest(
    %(tenant)s::text[], %(position)s::bigint[], %(alert)s::text[], %(subject)s::text[],
    %(rule)s::text[], %(episode)s::int[], %(kind)s::text[], %(before)s::text[], %(after)s::text[],
    %(at)s::timestamptz[], %(severity)s::text[], %(actor)s::text[], %(value)s::float8[],
    %(threshold)s::float8[], %(silenced_until)s::timestamptz[], %(text)s::json[]
)

-- name: heads
select tenant, position from alert_head

-- name: events_after
select
    position, tenant, alert, subject, rule, episode, kind, "from", "to", at, noted_at, severity,
    actor, value, threshold, silenced_until, text
from alert_event
where tenant = %(tenant)s and position > %(position)s
order by position
limit %(limit)s

-- name: events_of
select
    position, tenant, alert, subject, rule, episode, kind, "from", "to", at, noted_at, severity,
    actor, value, threshold, silenced_until, text
from alert_event
where tenant = %(tenant)s and alert = %(alert)s
order by position desc
limit %(limit)s

-- name: episodes
-- Episodes that began in a time, with when they ended.
select
    e.alert, e.subject, e.rule, e.episode, min(e.at) filter (where e."to" = 'firing'),
    max(e.at) filter (where e."to" = 'normal'), max(e.value), max(e.threshold), min(e.severity)
from alert_event e
where e.tenant = %(tenant)s and e.kind = 'state' and e.episode > 0
group by e.alert, e.subject, e.rule, e.episode
having min(e.at) filter (where e."to" = 'firing') >= %(start)s
    and min(e.at) filter (where e."to" = 'firing') < %(end)s
order by 5
limit %(limit)s

-- name: alerts
select id, attrs
from entity
where tenant = %(tenant)s and type = %(type)s
    and (%(ids)s::text[] is null or id = any(%(ids)s))
    and (%(states)s::text[] is null or attrs #>> array[%(state)s, '0', 'value'] = any(%(states)s))
    and (%(rule)s::text is null or attrs #>> array[%(rule_name)s, '0', 'value'] = %(rule)s)
    and (
        %(subject)s::text is null
        or attrs #>> array[%(source)s, '0', 'object'] = %(subject)s
    )
order by id
limit %(limit)s

-- name: open_silences
-- Of a town, or of all.
select number, tenant, rule_id, subject, until, reason, actor, at
from rule_silence
where ended_at is null and (%(tenant)s::text is null or tenant = %(tenant)s)
order by number

-- name: add_silence
insert into rule_silence (tenant, rule_id, subject, until, reason, actor)
values (%(tenant)s, %(rule)s, %(subject)s, %(until)s, %(reason)s, %(actor)s)
returning number

-- name: end_silence
update rule_silence
set ended_at = now(), ended_by = %(actor)s
where tenant = %(tenant)s and number = %(number)s and ended_at is null
returning number, tenant, rule_id, subject, until, reason, actor, at
