-- Snapshots of a tenant. One that has expired is as good as gone.

-- name: insert_snapshot
-- Nothing comes back when there is one with this id that has not expired.
insert into snapshot (
    tenant, id, data_tenant, document, terms, source, details, priority, expires_at
)
values (
    %(tenant)s, %(id)s, %(data_tenant)s, %(document)s, %(terms)s, %(source)s, %(details)s,
    %(priority)s, %(expires_at)s
)
on conflict do nothing
returning 1;

-- name: find_snapshot
select
    id, data_tenant, document, status, details, priority, created_at, modified_at, last_used_at,
    expires_at, terms
from snapshot
where tenant = %(tenant)s and id = %(id)s and expires_at > now();

-- name: lock_snapshot
select
    id, data_tenant, document, status, details, priority, created_at, modified_at, last_used_at,
    expires_at, terms
from snapshot
where tenant = %(tenant)s and id = %(id)s and expires_at > now()
for update;

-- name: list_snapshots
select
    id, data_tenant, document, status, details, priority, created_at, modified_at, last_used_at,
    expires_at, terms
from snapshot
where tenant = %(tenant)s and expires_at > now()
order by id;

-- name: update_snapshot
update snapshot
set
    document = %(document)s, priority = %(priority)s, expires_at = %(expires_at)s,
    modified_at = now()
where tenant = %(tenant)s and id = %(id)s;

-- name: use_snapshot
-- Note that it is used; not with every request.
update snapshot
set last_used_at = now()
where tenant = %(tenant)s and id = %(id)s and last_used_at < now() - interval '5 s';

-- name: delete_snapshots
-- They are gone at once; what they held is removed later.
with gone as (
    delete from snapshot
    where tenant = %(tenant)s and id = any(%(ids)s)
    returning id, data_tenant, document, status, details, priority
), remains as (
    insert into snapshot_remains (tenant) select data_tenant from gone
)
select id, document, status, details, priority from gone;

-- name: crowded_out
-- What a tenant has no room for: the least important, of those the ones that end first (5.5.15).
select id
from snapshot
where tenant = %(tenant)s and id <> %(kept)s
order by priority desc, expires_at desc, id
offset %(room)s - 1;

-- name: expired_snapshots
select tenant, array_agg(id)
from (select tenant, id from snapshot where expires_at <= now() limit 100) as over
group by tenant;

-- name: preparing_snapshots
-- Snapshots to be filled, the oldest first.
select tenant, id, data_tenant, document, terms, source
from snapshot
where status = 'preparing' and expires_at > now()
order by created_at
limit 20;

-- name: find_source
-- What a clone is made of: its status, null when it is gone.
select status from snapshot where data_tenant = %(source)s;

-- name: finish_snapshot
-- Only while it is there: it may have been deleted while it was filled.
update snapshot
set status = %(status)s, details = coalesce(%(details)s, details), modified_at = now()
where tenant = %(tenant)s and data_tenant = %(data_tenant)s and status = 'preparing'
returning id, document, status, details, priority, expires_at;

-- name: insert_notice
insert into snapshot_notice (tenant, snapshot_id, uri, headers, body)
values (%(tenant)s, %(id)s, %(uri)s, %(headers)s, %(body)s);

-- name: claim_notices
-- Notices that are due, for this process alone for a while. Of each snapshot the first only, so
-- that they come in order; those that wait for their next attempt take no one's place.
update snapshot_notice n
set next_at = now() + interval '60 s', attempts = attempts + 1
where n.next_at <= now()
    and (n.tenant, n.snapshot_id, n.seq) in (
        select tenant, snapshot_id, seq
        from (
            select distinct on (tenant, snapshot_id) tenant, snapshot_id, seq, next_at
            from snapshot_notice
            order by tenant, snapshot_id, seq
        ) as first
        where next_at <= now()
        order by next_at
        limit 50
    )
returning n.tenant, n.snapshot_id, n.seq, n.uri, n.headers, n.body, n.attempts;

-- name: delay_notice
update snapshot_notice
set next_at = now() + %(pause)s
where tenant = %(tenant)s and snapshot_id = %(id)s and seq = %(seq)s;

-- name: delete_notice
delete from snapshot_notice
where tenant = %(tenant)s and snapshot_id = %(id)s and seq = %(seq)s;

-- name: anything_due
select
    exists (select from snapshot where status = 'preparing'),
    exists (select from snapshot where expires_at <= now()),
    exists (select from snapshot_notice where next_at <= now()),
    exists (select from snapshot_remains);

-- name: make_room_for_id
-- One that has expired but still stands is no obstacle for a new one of its id.
with gone as (
    delete from snapshot
    where tenant = %(tenant)s and id = %(id)s and expires_at <= now()
    returning data_tenant
)
insert into snapshot_remains (tenant) select data_tenant from gone;
