-- What the broker does to its own tables without being asked. Steps are small, so that nobody
-- waits long for a lock, and several processes may run them at once.

-- name: expired_entities
-- Transient entities whose time is over (clause 4.22).
select tenant, id from entity where expires_at <= now() order by expires_at limit %(limit)s

-- name: lock_expired
-- Those of them that are still expired now that nobody else can change them.
select e.tenant, e.id, e.types, e.scopes, e.attrs, e.created_at, e.modified_at, e.expires_at
from unnest(%(tenants)s::text[], %(ids)s::text[]) as k (tenant, id)
join entity e using (tenant, id)
where e.expires_at <= now()
order by e.tenant, e.id
for update of e

-- name: remove_expired
-- The state goes, the evolution stays and ends now, whoever listens is told.
with gone as (
    select *
    from unnest(%(tenants)s::text[], %(ids)s::text[], %(documents)s::text[], %(bounds)s::text[])
        as t (tenant, id, document, bounds)
), deleted as (
    delete from entity e using gone g where e.tenant = g.tenant and e.id = g.id returning e.*
), ended as (
    update temporal_entity t
    set modified_at = now(), deleted_at = now()
    from gone g
    where t.tenant = g.tenant and t.entity_id = g.id
)
insert into outbox (tenant, entity_id, operation, types, changed, bounds, entity)
select
    d.tenant, d.id, 'delete', d.types, '{}', d.bounds, g.document::json
from deleted d
join gone g on g.tenant = d.tenant and g.id = d.id

-- name: entities_with_expired
-- Entities that have an attribute instance whose time is over.
select e.tenant, e.id from entity e where e.attrs_expire_at <= now() order by e.attrs_expire_at
limit %(limit)s

-- name: forget_expired
-- The history of a transient attribute goes with it; the days it was measured on are marked
-- (see temporal/marks.py).
with forgotten as (
    delete from attribute_history h
    using unnest(%(tenants)s::text[], %(ids)s::text[], %(attrs)s::text[])
        as gone (tenant, entity_id, attr)
    where h.tenant = gone.tenant
        and h.entity_id = gone.entity_id
        and h.attr = gone.attr
        and h.instance ->> 'expiresAt' <= %(now)s
    returning h.tenant, h.entity_id, h.attr, h.at, h.observed_at
)
insert into rollup_mark (tenant, entity_id, attr, day)
select distinct tenant, entity_id, attr, (at at time zone 'UTC')::date
from forgotten
where observed_at is not null
    and at < (select closed_until::timestamp at time zone 'UTC' from history_state)

-- name: trim_outbox
-- Changes older than anyone may resume from, in slices, the oldest first. What has yet to be held
-- against the subscriptions, or evaluated by rules, stays, however old it is.
with active as (
    select pg_snapshot_xmin(since) as since
    from subscription
    where is_active and (expires_at is null or expires_at > now())
    order by 1
    limit 1
), oldest as (
    select tenant, entity_id, xid, seq, at
    from outbox
    order by xid, seq
    limit %(limit)s
)
delete from outbox
using oldest
where outbox.tenant = oldest.tenant
    and outbox.entity_id = oldest.entity_id
    and outbox.xid = oldest.xid
    and outbox.seq = oldest.seq
    and oldest.at < %(before)s
    and oldest.xid < (select xid from rule_progress)
    and (
        not exists (select 1 from active)
        or oldest.xid < greatest(
            (select xid from notification_state), (select since from active)
        )
    )
