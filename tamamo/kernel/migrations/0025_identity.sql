-- Who may do what. No row refers to Django's tables: subjects are texts (docs/subsystems/identity.md).

-- What anybody may read of a tenant: IRIs of entity types, `*` for all that are not personal.
-- Those who made a tenant choose; the installing city's own data stay as open as they were.
alter table tenant add column public_types text[] not null default '{}';
update tenant set public_types = '{*}' where name = 'default';

-- The organisation of a tenant. The id is the path of names (総務局/危機管理課): it says who is
-- under whom, and is the same wherever the same list is imported. A unit that is abolished and
-- comes back has two rows.
create table org_unit (
    tenant text not null,
    id text not null,
    parent text,
    name text not null,
    kind text not null default '',       -- 局, 部, 課 … as the list calls the level
    position int not null default 0,     -- order among all units of the list
    valid_from date not null,
    valid_to date,                       -- the first day on which it is no more
    check (valid_to is null or valid_from < valid_to),
    primary key (tenant, id, valid_from)
);

-- Which unit answers for a type of entities, and whether these are personal data.
create table owned_type (
    tenant text not null,
    type text not null,                  -- IRI
    unit text,                           -- org_unit.id
    personal boolean not null default false,
    primary key (tenant, type)
);

-- A role somebody holds. It counts from valid_from until valid_to or revoked_at, and, where it
-- names a unit, on the days on which that unit is valid.
create table role_grant (
    tenant text not null,                -- '*': every tenant
    id uuid not null default gen_random_uuid(),
    subject text not null,               -- user:17, client:<oauth client id>
    role text not null,
    unit text,
    types text[],                        -- IRIs; null: all
    scopes text[],                       -- each with all under it; null: all
    valid_from timestamptz not null default now(),
    valid_to timestamptz,
    revoked_at timestamptz,
    granted_by text not null,
    granted_at timestamptz not null default now(),
    revoked_by text,
    primary key (tenant, id)
);
create index role_grant_by_subject on role_grant (subject);
