-- The broker's tables. Every key holds (tenant, entity id) and nothing refers across entities, so
-- that state, history and outbox can be distributed by entity id (docs/adr/, Citus).

create table tenant (
    name text primary key,
    created_at timestamptz not null default now()
);
insert into tenant (name) values ('default');

-- State: one row an entity. `attrs` is {attribute IRI: [instance, …]} in stored form.
create table entity (
    tenant text not null,
    id text not null,
    type text not null,                  -- the first of `types`: most entities have one
    types text[] not null,
    scopes text[] not null default '{}',
    attrs jsonb not null,
    bounds box,                          -- of the GeoProperty `location`; null without one
    created_at timestamptz not null,
    modified_at timestamptz not null,
    expires_at timestamptz,              -- transient entities (clause 4.5.25)
    primary key (tenant, id)
);
-- A page of one type in id order, without a sort.
create index entity_by_type on entity (tenant, type, id);
-- Entities of several types are rare: only they need the array looked into.
create index entity_by_types on entity using gin (types) where cardinality(types) > 1;
create index entity_by_bounds on entity using gist (bounds) where bounds is not null;
create index entity_expiring on entity (expires_at) where expires_at is not null;

-- The evolution of an entity outlives it: its types and its life span (clause 4.5.6).
create table temporal_entity (
    tenant text not null,
    entity_id text not null,
    type text not null,
    types text[] not null,
    scopes text[] not null default '{}',
    created_at timestamptz not null,
    modified_at timestamptz not null,
    deleted_at timestamptz,
    primary key (tenant, entity_id)
);
create index temporal_entity_by_type on temporal_entity (tenant, type, entity_id);

-- History: one row an attribute instance. `at` is observedAt, or modifiedAt where nothing was
-- observed; it is the partition key, so that a month is dropped in one stroke.
create table attribute_history (
    tenant text not null,
    entity_id text not null,
    attr text not null,
    dataset_id text not null default '',
    at timestamptz not null,
    instance_id uuid not null default gen_random_uuid(),
    observed_at timestamptz,
    created_at timestamptz not null,
    modified_at timestamptz not null,
    deleted_at timestamptz,
    number double precision,             -- the value where it is a number, for aggregates
    instance json not null,              -- stored form, as the API gives it back
    primary key (tenant, entity_id, attr, at, instance_id)
) partition by range (at);
-- Whatever no month partition takes; months are made ahead by the housekeeping.
create table attribute_history_default partition of attribute_history default;

-- Outbox: what changed, for notifications and browsers. Read by (xid, seq) below the oldest
-- running transaction, so that no late commit is skipped.
create table outbox (
    tenant text not null,
    entity_id text not null,
    seq bigint generated always as identity,
    xid xid8 not null default pg_current_xact_id(),
    at timestamptz not null default now(),
    operation text not null check (operation in ('create', 'update', 'delete')),
    types text[] not null,
    changed text[] not null,             -- attribute IRIs
    bounds box,
    entity json not null,                -- after the change (before it, for a deletion)
    previous json                        -- {attribute IRI: [instance, …]} before the change
);
-- The only index: each change pays for it, and a key would be one more that nobody reads by.
create index outbox_in_order on outbox (xid, seq);
