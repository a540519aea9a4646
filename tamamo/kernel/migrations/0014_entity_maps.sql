-- Entity maps (clause 4.5.25): which entities a query was about, and which sources hold them. They
-- are a cache with an end, so a crash of the database may empty them: whoever refers to one that is
-- gone gets a new one (clause 5.5.14).
create unlogged table entity_map (
    tenant text not null,
    id text not null,
    linked json not null default '{}',   -- {registration id: id of the source's entity map}
    size integer not null,               -- entries when it was made
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    primary key (tenant, id)
);
create index entity_map_expiring on entity_map (expires_at);

-- A page is a range of places; what is taken out leaves a gap, so that places stay.
create unlogged table entity_map_entry (
    tenant text not null,
    map_id text not null,
    place integer not null,
    entity_id text not null,
    sources text[] not null,             -- registration ids; @none: held here
    primary key (tenant, map_id, place, entity_id)
);
