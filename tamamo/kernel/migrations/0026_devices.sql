-- Devices and their keys. A key itself is nowhere: only its SHA-256, which tells nothing, because
-- a key is 256 random bits.

create table device (
    tenant text not null,
    id uuid not null default gen_random_uuid(),
    name text not null,
    type text,                           -- IRI of the one entity type it writes
    topic text,                          -- or the one MQTT topic it publishes to
    created_at timestamptz not null default now(),
    created_by text not null,
    valid_to timestamptz,
    revoked_at timestamptz,
    revoked_by text,
    last_used_at timestamptz,            -- within a quarter of a minute
    check ((type is null) <> (topic is null)),
    primary key (tenant, id)
);

-- More than one while a new key is carried to the device.
create table device_key (
    tenant text not null,
    device uuid not null,
    digest bytea not null,
    hint text not null,                  -- the last characters: to tell keys apart
    created_at timestamptz not null default now(),
    created_by text not null,
    ends_at timestamptz,                 -- null: as long as the device may
    last_used_at timestamptz,
    primary key (tenant, device, digest)
);
create index device_key_by_digest on device_key (digest);
