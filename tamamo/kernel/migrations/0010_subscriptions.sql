-- Subscriptions and the notifications waiting to be delivered. As everywhere, every key holds the
-- tenant, and the rows that come with each change hold the entity id.

create table subscription (
    tenant text not null,
    id text not null,
    document json not null,              -- as the client wrote it, names expanded
    terms bytea not null,                -- the @context of its notifications, resolved
    query_terms bytea not null,          -- the @context its `q` was written with, resolved
    since pg_snapshot not null,          -- what was visible when it became active is no news to it
    is_active boolean not null,
    expires_at timestamptz,
    created_at timestamptz not null default now(),
    modified_at timestamptz not null default now(),
    throttled_until timestamptz,
    next_at timestamptz,                 -- when the next periodic notification is due
    times_sent bigint not null default 0,
    times_failed bigint not null default 0,
    last_notification timestamptz,
    last_success timestamptz,
    last_failure timestamptz,
    primary key (tenant, id)
);
create index subscription_due on subscription (next_at) where next_at is not null;

-- One row. `version` moves with every change of a subscription, so that each process knows when
-- to read them again; (xid, seq) is how far the outbox has been matched.
create table notification_state (
    one boolean primary key default true check (one),
    version bigint not null default 0,
    xid xid8 not null default '0',
    seq bigint not null default 0
);
insert into notification_state default values;

-- What is to be delivered, until the receiver has it. `bucket` is the share of one process.
create table notification (
    tenant text not null,
    entity_id text not null,             -- '' for a periodic one, about many entities
    subscription_id text not null,
    seq bigint generated always as identity,
    bucket smallint not null,
    created_at timestamptz not null default now(),
    media text not null,
    body text not null,
    attempts integer not null default 0,
    last_attempt_at timestamptz,
    last_error text,
    dead_at timestamptz,                 -- given up; an operator may replay or drop it
    primary key (tenant, entity_id, subscription_id, seq)
);
create index notification_waiting on notification (seq) where dead_at is null;
create index notification_of_subscription on notification (tenant, subscription_id, seq);
