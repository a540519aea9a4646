-- What the console reads that no other part keeps in this shape. All of it reads only.

-- name: dead_letters
-- Notifications given up, newest first. tenants: null = all.
select tenant, seq, subscription_id, nullif(entity_id, ''), created_at, attempts, last_error, dead_at
from notification
where dead_at is not null and (%(tenants)s::text[] is null or tenant = any (%(tenants)s))
    and (%(subscription)s::text is null or subscription_id = %(subscription)s)
order by seq desc
limit %(limit)s

-- name: queues
-- Subscriptions with what waits and what was given up.
select
    n.tenant, n.subscription_id, s.document,
    count(*) filter (where n.dead_at is null), count(*) filter (where n.dead_at is not null),
    min(n.created_at) filter (where n.dead_at is null), s.last_success, s.last_failure,
    s.last_error, s.is_active
from notification n
left join subscription s on s.tenant = n.tenant and s.id = n.subscription_id
where %(tenants)s::text[] is null or n.tenant = any (%(tenants)s)
group by n.tenant, n.subscription_id, s.tenant, s.id
order by 5 desc, 4 desc, 1, 2
limit 200

-- name: dead_count
-- How many notifications were given up.
select count(*) from notification
where dead_at is not null and (%(tenants)s::text[] is null or tenant = any (%(tenants)s))

-- name: failed_jobs
-- Jobs that failed in the last days.
select count(*)
from job j join procrastinate_jobs q on q.id = j.id
where q.status = 'failed' and j.ended_at > now() - interval '3 days'
    and (%(tenants)s::text[] is null or j.tenant = any (%(tenants)s))

-- name: database
-- The database as a whole.
select
    current_database(), pg_database_size(current_database()),
    current_setting('server_version'), current_setting('max_connections')::int,
    pg_postmaster_start_time(),
    (select sum(xact_commit) from pg_stat_database where datname = current_database()),
    (select sum(xact_rollback) from pg_stat_database where datname = current_database()),
    (select sum(deadlocks) from pg_stat_database where datname = current_database()),
    (
        select sum(blks_hit)::float8 / nullif(sum(blks_hit + blks_read), 0)
        from pg_stat_database where datname = current_database()
    ),
    age(datfrozenxid)
from pg_database where datname = current_database()

-- name: tables
-- Tables by size, partitions counted into the table they are part of.
select
    root.relname, sum(pg_total_relation_size(c.oid))::bigint, sum(pg_indexes_size(c.oid))::bigint,
    sum(greatest(s.n_live_tup, 0))::bigint, sum(s.n_dead_tup)::bigint,
    max(greatest(s.last_vacuum, s.last_autovacuum)), count(*) filter (where c.relispartition)
from pg_class c
join pg_class root on root.oid = coalesce(pg_partition_root(c.oid), c.oid)
left join pg_stat_user_tables s on s.relid = c.oid
where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
group by root.relname
order by 2 desc, 1

-- name: partitions
-- The months of the history.
select c.relname, pg_get_expr(c.relpartbound, c.oid), pg_total_relation_size(c.oid), s.n_live_tup
from pg_inherits i
join pg_class c on c.oid = i.inhrelid
left join pg_stat_user_tables s on s.relid = c.oid
where i.inhparent = 'attribute_history'::regclass
order by c.relname desc

-- name: connections
-- Who is connected: by process, with what it does and its oldest transaction, in seconds.
select
    coalesce(nullif(application_name, ''), '—'), coalesce(host(client_addr), ''), count(*),
    count(*) filter (where state = 'active'),
    count(*) filter (where state like 'idle in transaction%%'),
    min(backend_start),
    extract(epoch from now() - min(xact_start))::float8,
    count(*) filter (where wait_event_type = 'Lock')
from pg_stat_activity
where datname = current_database() and backend_type = 'client backend'
group by 1, 2
order by 1, 2

-- name: oldest
-- The transaction that has been open longest: it keeps dead rows from being cleared away.
select application_name, state, extract(epoch from now() - xact_start)::float8
from pg_stat_activity
where datname = current_database() and xact_start is not null and pid <> pg_backend_pid()
order by xact_start
limit 1

-- name: migrations
-- What was applied, newest first.
select name, applied_at from schema_migration order by applied_at desc, name desc

-- name: workers
-- Processes at work on jobs.
select id, last_heartbeat from procrastinate_workers order by id
