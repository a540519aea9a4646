-- name: tables
-- Every table with rows to keep, partitions counted with the table they are part of; and its bytes.
select n.nspname, c.relname,
    coalesce(
        (select sum(pg_table_size(t.relid)) from pg_partition_tree(c.oid) t where t.isleaf),
        pg_table_size(c.oid)
    )::bigint
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence = 'p'
    and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and not exists (select 1 from pg_depend d where d.objid = c.oid and d.deptype = 'e')
order by 1, 2;

-- name: count
-- Rows of a table and the exclusive or of a hash of each: the same wherever they lie.
select count(*), coalesce(bit_xor(hashtextextended(t::text, 0)), 0) from {table} t;

-- name: entities
-- Entities by tenant and type.
select tenant, type, count(*) from entity group by 1, 2;

-- name: history
-- Instances by tenant.
select tenant, count(*) from attribute_history group by 1;

-- name: audit
-- Audit events by tenant.
select tenant, count(*) from audit_event group by 1;

-- name: migrations
-- What the database has seen.
select name from schema_migration order by name;

-- name: numbered
-- Columns that hold numbers of transactions, which mean nothing in another cluster.
select c.relname || '.' || a.attname
from pg_attribute a
join pg_class c on c.oid = a.attrelid
join pg_namespace n on n.oid = c.relnamespace
where a.atttypid in ('xid8'::regtype, 'xid'::regtype, 'pg_snapshot'::regtype)
    and a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p')
    and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
order by 1;

-- name: renumber
-- Transactions of the old cluster become 1 (matched already) and 2 (still to be matched): smaller
-- than any number the new one gives. seq keeps the order of changes to an entity. Subscriptions
-- take for news whatever has still to be matched.
with position as (select xid, seq from notification_state)
update outbox o
set xid = case when (o.xid, o.seq) <= (p.xid, p.seq) then '1'::xid8 else '2'::xid8 end
from position p;

-- name: renumber_state
update notification_state
set xid = '1', seq = coalesce((select max(seq) from outbox where xid = '1'), 0);

-- name: renumber_subscriptions
update subscription set since = '1:1:';

-- name: renumber_rules
-- Rules evaluate once more what is left of the changes: what they know already says nothing new to
-- them. A backup may be older than they are.
do $$
begin
    if to_regclass('rule_progress') is not null then
        update rule_progress set xid = '1', seq = -1, round = round + 1;
    end if;
end
$$;

-- name: begin
-- A backup begins.
insert into backup (file, trigger, actor, secrets)
values (%(file)s, %(trigger)s, %(actor)s, %(secrets)s)
returning id;

-- name: broken_off
-- None is being made: those that did not end never will.
update backup set ended_at = now(), error = 'broken off' where ended_at is null;

-- name: end
-- A backup was made.
update backup
set ended_at = now(), size = %(size)s, sha256 = %(sha256)s, rows = %(rows)s
where id = %(id)s;

-- name: fail
-- A backup was not made.
update backup set ended_at = now(), error = %(error)s where id = %(id)s;

-- name: checked
-- A backup was restored for trial. Known by its content, wherever it lies now.
update backup set checked_at = now(), check_error = %(error)s where sha256 = %(sha256)s;

-- name: newest
-- The newest attempts, made or not.
select id, file, trigger, actor, started_at, ended_at, size, sha256, rows, secrets, error,
    checked_at, check_error, removed_at
from backup
order by started_at desc, id desc
limit %(limit)s;

-- name: newest_made
-- The newest that was made.
select id, file, trigger, actor, started_at, ended_at, size, sha256, rows, secrets, error,
    checked_at, check_error, removed_at
from backup
where ended_at is not null and error is null
order by started_at desc, id desc
limit 1;

-- name: spare
-- Files made by the schedule or the console beyond the newest so many.
select id, file from backup
where trigger <> 'command' and removed_at is null and error is null and ended_at is not null
order by started_at desc, id desc
offset %(keep)s;

-- name: removed
update backup set removed_at = now() where id = any(%(ids)s);

-- name: scheduled_since
-- Whether the schedule has made one, or tried to, since a moment.
select exists (select from backup where trigger = 'schedule' and started_at >= %(since)s);
