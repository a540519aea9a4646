-- Feeds: what comes in from where, and how well it goes. Secrets never stand here.

create table feed (
    tenant text not null,
    id text not null,
    name_ja text not null,
    name_en text not null,
    source text not null,                 -- who publishes it: a URI or a name
    licence text not null,
    interval_seconds double precision,    -- how often it should bring something; null: on demand
    declared_at timestamptz not null default now(),
    last_attempt_at timestamptz,
    last_success_at timestamptz,
    successes bigint not null default 0,
    consecutive_failures integer not null default 0,
    stored bigint not null default 0,
    repeated bigint not null default 0,
    late bigint not null default 0,
    rejected bigint not null default 0,
    lag_seconds double precision,         -- from the newest observation to its arrival
    last_record text,                     -- the beginning of the last raw record
    primary key (tenant, id)
);

-- Each kind of error a feed had: when last, how often, what it said.
create table feed_error (
    tenant text not null,
    feed_id text not null,
    kind text not null check (kind in ('not_authorised', 'not_ready', 'update_failed')),
    last_at timestamptz not null,
    count bigint not null,
    message text not null,
    primary key (tenant, feed_id, kind)
);
