-- Units that answer for some attributes of a type only: the fields of a register that its
-- declaration gives them. Follows from the declarations (tamamo/registers), nobody edits it.
create table type_part (
    tenant text not null,
    type text not null,                  -- IRI
    unit text not null,                  -- org_unit.id
    attrs text[] not null,               -- IRIs
    primary key (tenant, type, unit)
);

-- What somebody out there says is different from what the map of facilities shows. No names, no
-- addresses: who wrote is not asked. Texts go some months after the last decision.
create table facility_correction (
    tenant text not null,
    id uuid not null default gen_random_uuid(),
    entity_id text not null,
    digest bytea not null,               -- SHA-256 of the token in the writer's own address
    comment text not null default '',
    seen_on date,                        -- the day on which it was seen there
    language text not null check (language in ('ja', 'en')),
    created_at timestamptz not null default now(),
    closed_at timestamptz,
    primary key (tenant, id)
);
create unique index facility_correction_token on facility_correction (tenant, digest);
create index facility_correction_open on facility_correction (tenant, created_at)
    where closed_at is null;
create index facility_correction_closed on facility_correction (closed_at)
    where closed_at is not null;

-- One field of a correction: each is decided by the division that owns the field.
create table facility_correction_item (
    tenant text not null,
    correction uuid not null,
    field text not null,                 -- a column of the register; '' : the comment alone
    before jsonb,                        -- what the writer saw
    proposed jsonb,
    state text not null default 'open' check (state in ('open', 'accepted', 'declined')),
    reason text not null default '',
    decided_by text,
    decided_at timestamptz,
    edit bigint,                         -- register_edit.id of what was changed
    primary key (tenant, correction, field)
);

-- Photos of facilities, re-encoded by us: no place, no camera, no name of a file in them.
create table facility_photo (
    tenant text not null,
    id uuid not null default gen_random_uuid(),
    entity_id text not null,
    correction uuid,                     -- it came with; null: staff added it
    state text not null default 'waiting' check (state in ('waiting', 'shown', 'removed')),
    alt_ja text not null default '',
    alt_en text not null default '',
    taken_on date,
    width integer not null,
    height integer not null,
    body bytea,                          -- JPEG; null once removed
    sha256 text not null,
    created_at timestamptz not null default now(),
    created_by text not null default '',
    decided_by text,
    decided_at timestamptz,
    primary key (tenant, id)
);
create index facility_photo_of on facility_photo (tenant, entity_id) where state <> 'removed';
