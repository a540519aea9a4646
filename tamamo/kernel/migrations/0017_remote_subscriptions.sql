-- Subscriptions that go on to other context sources (clause 5.8.1.4).

alter table subscription
    add column source_id text,           -- the registration subscription that goes with it; null: it stays here
    add column callback text,            -- where sources tell this broker
    add column via text not null default ''; -- the sources its request came through

-- What this broker has subscribed to at sources: one row for each subscription and registration. A
-- row stays until the source has been told that it is over. As everywhere, every key holds the
-- tenant.
create table remote_subscription (
    tenant text not null,
    subscription_id text not null,
    registration_id text not null,
    remote_id text not null,             -- its id there; nobody else can guess it
    source json not null,                -- the registration: it may be gone when the source is told
    names bytea,                         -- the @context of `wanted`, resolved
    wanted jsonb,                        -- what the source should have; null: nothing any more
    told jsonb,                          -- what it has acknowledged; null: nothing
    begun_at timestamptz,                -- when it was first asked to make it
    attempts integer not null default 0, -- that failed in a row
    next_at timestamptz,                 -- when to tell it; null: it knows all
    last_error text,
    primary key (tenant, subscription_id, registration_id)
);
create index remote_subscription_due on remote_subscription (next_at) where next_at is not null;
create index remote_subscription_named on remote_subscription (remote_id);
