-- Tenants as towns: what each is called, may use and shows to everybody; agreements between them.

alter table tenant
    add column title jsonb not null default '{}',            -- {"ja": …, "en": …}
    add column code text unique check (code ~ '^[0-9]{6}$'), -- 団体コード, with its check digit
    add column languages text[] not null default '{ja,en}',  -- of its pages, the first one first
    add column map_view jsonb,                               -- {"longitude", "latitude", "zoom"}
    add column max_entities bigint check (max_entities >= 0),                -- null: no limit
    add column max_requests integer check (max_requests > 0),                -- a minute
    add column max_storage bigint check (max_storage >= 0),                  -- bytes
    add column if not exists public_types text[] not null default '{}', -- IRIs everybody reads; '*'
    add column state text not null default 'active' check (state in ('active', 'suspended')),
    add column created_by text;
-- The installing town goes on as it was: everybody reads all of it.
update tenant set public_types = '{*}' where name = 'default';

-- What a tenant uses, as last measured (kernel/towns/usage.py says how exact each is).
create table tenant_usage (
    tenant text primary key,
    entities bigint not null default 0,
    storage bigint not null default 0,   -- bytes
    counted_at timestamptz,
    measured_at timestamptz
);

-- Requests of a tenant by minute, and those refused for being too many; kept for a day.
create table tenant_minute (
    tenant text not null,
    minute timestamptz not null,
    requests bigint not null,
    refused bigint not null,
    primary key (tenant, minute)
);

-- What one town lets another read or follow. It counts once an approver of each side has signed,
-- between its dates and until it is revoked. The terms never change: an amendment is a new row.
create table sharing_agreement (
    id uuid primary key default gen_random_uuid(),
    owner text not null,                 -- the tenant whose data it is
    reader text not null,                -- the tenant that reads
    types text[] not null check (cardinality(types) > 0),                    -- IRIs
    attrs text[] check (cardinality(attrs) > 0),                             -- IRIs; null: all
    actions text[] not null
        check (actions <@ '{read,subscribe}'::text[] and cardinality(actions) > 0),
    purpose text not null default '',
    valid_from timestamptz not null,
    valid_to timestamptz,                -- null: until revoked
    amends uuid,                         -- the agreement it takes the place of once both signed
    proposed_by text not null,
    proposed_for text not null,          -- the side that proposed
    proposed_at timestamptz not null default now(),
    owner_signed_by text,
    owner_signed_at timestamptz,
    reader_signed_by text,
    reader_signed_at timestamptz,
    revoked_by text,
    revoked_for text,                    -- the side that revoked
    revoked_at timestamptz,
    revoked_reason text,
    check (owner <> reader),
    check (valid_to > valid_from),
    check (owner_signed_by <> reader_signed_by),
    check ((owner_signed_by is null) = (owner_signed_at is null)),
    check ((reader_signed_by is null) = (reader_signed_at is null)),
    check (proposed_for in (owner, reader)),
    check (
        (revoked_by is null) = (revoked_at is null)
        and (revoked_by is null) = (revoked_reason is null)
        and (revoked_by is null) = (revoked_for is null)
    )
);
create index sharing_agreement_by_reader on sharing_agreement (reader);
create index sharing_agreement_by_owner on sharing_agreement (owner);
create index sharing_agreement_amending on sharing_agreement (amends) where amends is not null;

-- Those that count at this moment. One that was amended ends when the new one begins.
create view agreement_in_force as
select a.id, a.owner, a.reader, a.types, a.attrs, a.actions, a.valid_from, a.valid_to
from sharing_agreement a
where a.owner_signed_at is not null
    and a.reader_signed_at is not null
    and a.revoked_at is null
    and a.valid_from <= now()
    and (a.valid_to is null or a.valid_to > now())
    and not exists (
        select
        from sharing_agreement newer
        where newer.amends = a.id
            and newer.owner_signed_at is not null
            and newer.reader_signed_at is not null
            and newer.valid_from <= now()
    );

-- Counts the changes of tenants and agreements: processes compare it to know when to read them.
create table town_generation (
    one boolean primary key default true check (one),
    generation bigint not null
);
insert into town_generation (generation) values (1);
