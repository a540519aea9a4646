-- The audit log: who did what to which object, a chain of hashes for each tenant.
--
-- audit_append() may be called anywhere in any transaction. The event waits in audit_pending and is
-- chained when the transaction commits: only then is the head of the tenant's chain locked, as the
-- transaction's last lock, so that two acts cannot wait for each other; and a rolled back act
-- leaves neither event nor gap. See docs/subsystems/audit.md.

create table audit_event (
    tenant text not null,
    seq bigint not null check (seq > 0),  -- 1, 2, 3 … in each tenant, without a gap
    at timestamptz not null,              -- when it was chained; never before the event before it
    actor text not null check (actor <> ''),
    action text not null check (action ~ '^[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)+$'),
    object text not null,
    before json,                          -- json, not jsonb: its text is what was hashed
    after json,
    previous bytea not null,              -- the hash of seq - 1; 32 zero bytes for the first
    hash bytea not null,
    primary key (tenant, seq)
);
create index audit_event_by_time on audit_event (at, tenant, seq);
create index audit_event_by_tenant on audit_event (tenant, at, seq);
create index audit_event_by_actor on audit_event (actor, at);
create index audit_event_by_object on audit_event (object, at);

create table audit_head (
    tenant text primary key,
    seq bigint not null,
    at timestamptz not null,
    hash bytea not null
);

-- Rows of transactions under way; empty for everybody who looks from outside one.
create unlogged table audit_pending (
    xid xid8 not null default pg_current_xact_id(),
    tenant text not null,
    ordinal bigint generated always as identity,
    actor text not null check (actor <> ''),
    action text not null check (action ~ '^[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)+$'),
    object text not null,
    before text,
    after text,
    primary key (xid, tenant, ordinal)
);

create function audit_append(
    tenant text, actor text, action text, object text,
    before jsonb default null, after jsonb default null
) returns void language sql volatile as $$
    insert into audit_pending (tenant, actor, action, object, before, after)
    values ($1, $2, $3, $4, $5::text, $6::text)
$$;

-- One field of the hashed text: its length in bytes of UTF-8, a colon, itself, a comma; - for null.
create function audit_field(value text) returns text language sql immutable as $$
    select coalesce(octet_length(convert_to(value, 'UTF8')) || ':' || value || ',', '-,')
$$;

create function audit_hash(
    previous bytea, tenant text, seq bigint, at timestamptz,
    actor text, action text, object text, before text, after text
) returns bytea language sql stable as $$
    select sha256(convert_to(
        audit_field('tamamo-audit-1') || audit_field(encode(previous, 'hex'))
        || audit_field(tenant) || audit_field(seq::text)
        || audit_field(to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
        || audit_field(actor) || audit_field(action) || audit_field(object)
        || audit_field(before) || audit_field(after),
        'UTF8'
    ))
$$;

-- Each of a transaction's events calls this; the first takes all of them, the others find
-- themselves gone.
create function audit_chain() returns trigger language plpgsql as $$
declare
    event record;
    head audit_head;
    fresh audit_event;
    batch audit_event[];
begin
    if not exists (
        select from audit_pending p
        where p.xid = new.xid and p.tenant = new.tenant and p.ordinal = new.ordinal
    ) then
        return null;
    end if;
    -- Tenant by tenant: whoever writes to several chains locks them in the same order.
    for event in
        with taken as (
            delete from audit_pending p where p.xid = pg_current_xact_id() returning p.*
        )
        select * from taken order by taken.tenant, taken.ordinal
    loop
        if head.tenant is distinct from event.tenant then
            perform audit_extend(head, batch);
            batch := '{}';
            insert into audit_head (tenant, seq, at, hash)
            values (event.tenant, 0, '-infinity', decode(repeat('00', 32), 'hex'))
            on conflict do nothing;
            select h.* into head from audit_head h where h.tenant = event.tenant for update;
        end if;
        fresh := row(
            event.tenant, head.seq + 1, greatest(clock_timestamp(), head.at), event.actor,
            event.action, event.object, event.before, event.after, head.hash, null
        );
        fresh.hash := audit_hash(
            fresh.previous, fresh.tenant, fresh.seq, fresh.at,
            fresh.actor, fresh.action, fresh.object, event.before, event.after
        );
        batch := batch || fresh;
        head.seq := fresh.seq;
        head.at := fresh.at;
        head.hash := fresh.hash;
    end loop;
    perform audit_extend(head, batch);
    return null;
end
$$;

-- Move a head on over the events that lead to it, and put them in: one new head however many.
create function audit_extend(head audit_head, batch audit_event[]) returns void language plpgsql
as $$
begin
    if head.tenant is not null then
        update audit_head h set seq = head.seq, at = head.at, hash = head.hash
        where h.tenant = head.tenant;
        perform set_config('tamamo.audit_extends', head.tenant, true);
        insert into audit_event select * from unnest(batch);
        perform set_config('tamamo.audit_extends', '', true);
    end if;
end
$$;
create constraint trigger audit_chain after insert on audit_pending
    deferrable initially deferred for each row execute function audit_chain();

create function audit_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log is only ever added to: % of % is refused', tg_op, tg_table_name
        using errcode = 'insufficient_privilege';
end
$$;

-- A row comes in only while audit_extend() is at work, and below the head that it has moved on.
create function audit_admit() returns trigger language plpgsql as $$
begin
    if not exists (
        select from audit_head h
        where h.tenant = new.tenant and h.seq >= new.seq
            and h.tenant = current_setting('tamamo.audit_extends', true)
    ) or new.hash <> audit_hash(
        new.previous, new.tenant, new.seq, new.at, new.actor, new.action, new.object,
        new.before::text, new.after::text
    ) then
        raise exception 'the audit log takes events only through audit_append()'
            using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;

create function audit_advance() returns trigger language plpgsql as $$
begin
    if new.tenant <> old.tenant or new.seq <= old.seq or new.at < old.at then
        raise exception 'the head of an audit chain only moves on'
            using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;

create trigger audit_event_admit before insert on audit_event
    for each row execute function audit_admit();
create trigger audit_event_refuse before update or delete on audit_event
    for each row execute function audit_refuse();
create trigger audit_event_keep before truncate on audit_event
    for each statement execute function audit_refuse();
create trigger audit_head_advance before update on audit_head
    for each row execute function audit_advance();
create trigger audit_head_refuse before delete on audit_head
    for each row execute function audit_refuse();
create trigger audit_head_keep before truncate on audit_head
    for each statement execute function audit_refuse();
-- Not even session_replication_role silences them.
alter table audit_pending enable always trigger audit_chain;
alter table audit_event enable always trigger audit_event_admit;
alter table audit_event enable always trigger audit_event_refuse;
alter table audit_event enable always trigger audit_event_keep;
alter table audit_head enable always trigger audit_head_advance;
alter table audit_head enable always trigger audit_head_refuse;
alter table audit_head enable always trigger audit_head_keep;
