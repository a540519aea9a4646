-- Feeds that projects offer: which are on in a town, and what tells late, silent, invalid and
-- unauthorised apart. A row in feed_switch counts before what TAMAMO_FEEDS says.

create table feed_switch (
    tenant text not null,
    feed_id text not null,
    is_on boolean not null,
    options jsonb not null default '{}',  -- addresses and the like; never a secret
    changed_at timestamptz not null default now(),
    changed_by text not null,             -- subject of the actor
    primary key (tenant, feed_id)
);

alter table feed
    add column fresh_seconds double precision,        -- how old its newest value may be; null: not judged
    add column newest_at timestamptz,                 -- the latest observation it ever brought
    add column suspect bigint not null default 0,     -- values kept, but marked as not believable
    add column unusable integer not null default 0,   -- runs in a row that brought rows, and none usable
    add column unauthorised bigint not null default 0,     -- messages refused for their key
    add column last_unauthorised_at timestamptz,
    add column kinds text[] not null default '{}',    -- what it brings (feeds/kinds.toml)
    add column simulated boolean not null default false;
