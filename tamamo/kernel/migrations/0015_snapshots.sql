-- Snapshots (clause 4.3.7): results of queries, kept as they were. What a snapshot holds stands in
-- the tables of all entities under a tenant of its own, `data_tenant`, which no client can name
-- (tamamo/context/tenants.py) and which is in no list of tenants.
create table snapshot (
    tenant text not null,
    id text not null,
    data_tenant text not null,
    document json not null,              -- members as the client gave them
    terms bytea not null,                -- the @context of its queries, resolved
    source text,                         -- the data_tenant it is a clone of
    status text not null default 'preparing'
        check (status in ('preparing', 'success', 'partial', 'empty', 'failure')),
    details json not null default '{}',  -- results of its queries
    priority smallint not null,
    created_at timestamptz not null default now(),
    modified_at timestamptz not null default now(),
    last_used_at timestamptz not null default now(),
    expires_at timestamptz not null,
    primary key (tenant, id)
);
create index snapshot_preparing on snapshot (created_at) where status = 'preparing';
create index snapshot_expiring on snapshot (expires_at);

-- What deleted snapshots held, until it is removed.
create table snapshot_remains (
    tenant text primary key              -- a data_tenant
);

-- Notifications of snapshots (clause 5.16.6), until their receivers have them.
create table snapshot_notice (
    tenant text not null,
    snapshot_id text not null,
    seq bigint generated always as identity,
    uri text not null,
    headers json not null,
    body text not null,
    attempts integer not null default 0,
    next_at timestamptz not null default now(),
    primary key (tenant, snapshot_id, seq)
);
create index snapshot_notice_due on snapshot_notice (next_at);
