-- Drills (訓練): tenants of their own, made from a town, played beside the town's real work.

create table drill (
    tenant text primary key,             -- the drill's own tenant
    town text not null,                  -- the tenant it was made from
    title text not null,
    scenario text not null default '',   -- the script that is played; empty: none
    state text not null default 'making'
        check (state in ('making', 'ready', 'running', 'paused', 'ended', 'deleting')),
    recipients text[] not null default '{}',   -- addresses; nothing is sent to any other
    -- The drill's clock: at `anchored_at` it stood `position` seconds after `begins_at`, and
    -- since then, while the state is running, it goes `speed` times as fast as other clocks.
    begins_at timestamptz not null,
    length double precision not null default 0 check (length >= 0),  -- seconds; 0: no end
    position double precision not null default 0 check (position >= 0),
    anchored_at timestamptz not null default now(),
    speed double precision not null default 1 check (speed > 0 and speed <= 3600),
    played double precision not null default -1,  -- up to this second all of the script was played
    beat_at timestamptz,                 -- when a process last looked at it while it was running
    created_at timestamptz not null default now(),
    created_by text not null,
    started_at timestamptz,
    expires_at timestamptz not null,
    ended_at timestamptz,
    ended_by text
);
create index drill_by_town on drill (town, created_at);

-- Who takes part, and in which roles.
create table drill_person (
    tenant text not null,
    subject text not null,
    roles text[] not null,
    primary key (tenant, subject)
);

-- Every turn of the clock: from `noted_at` on it stood at `position` and went `speed` times as
-- fast (0: it stood). So a moment of other clocks can be told in the drill's time for ever.
create table drill_clock (
    tenant text not null,
    noted_at timestamptz not null,
    position double precision not null,
    speed double precision not null check (speed >= 0),
    primary key (tenant, noted_at)
);

-- What was played or put in by hand. A key is played once, however often a process begins anew.
create table drill_event (
    tenant text not null,
    number bigint generated always as identity,
    key text not null,
    position double precision not null,  -- seconds of the drill's clock it was meant for
    kind text not null,
    body jsonb not null default '{}',
    actor text,                          -- null: the script
    noted_at timestamptz not null default clock_timestamp(),
    primary key (tenant, key)
);
create index drill_event_in_order on drill_event (tenant, number);

-- What a person says of an entry of the log or of a decision that was expected; kept for good.
create table drill_note (
    tenant text not null,
    number bigint generated always as identity,
    about text not null,                 -- the entry's key; empty: the whole drill
    -- Whether an expected decision was taken, as a reviewer judges; null: only a comment.
    verdict text check (verdict in ('done', 'late', 'missed')),
    done_position double precision,      -- seconds of the drill's clock when it was taken
    comment text not null default '',
    by text not null,
    at timestamptz not null default now(),
    primary key (tenant, number)
);
