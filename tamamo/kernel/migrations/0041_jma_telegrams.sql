-- Telegrams of the Japan Meteorological Agency that a town has heard, so that what they say together
-- can be told again after a restart, whatever order they came in.

create table jma_telegram (
    tenant text not null,
    digest text not null,               -- SHA-256 of the telegram: the same one twice is one
    title text not null,                -- Control/Title
    report_at timestamptz not null,     -- ReportDateTime
    mode text not null,                 -- normal, drill or test
    name text not null,                 -- file or address it came from
    received_at timestamptz not null default now(),
    body bytea not null,                -- as it came, zlib
    primary key (tenant, digest)
);
create index jma_telegram_by_time on jma_telegram (tenant, report_at);

-- The rain nowcast a town shows: the frames of the last run and their tiles. A cache, which may be
-- lost, bounded by the feed that fills it.
create unlogged table nowcast_frame (
    tenant text not null,
    valid_at timestamptz not null,      -- the moment it shows
    base_at timestamptz not null,       -- the moment it was made of; the same: observed
    fetched_at timestamptz not null,
    primary key (tenant, valid_at)
);

create unlogged table nowcast_tile (
    tenant text not null,
    valid_at timestamptz not null,
    z integer not null,
    x integer not null,
    y integer not null,
    body bytea not null,                -- PNG
    primary key (tenant, valid_at, z, x, y)
);
