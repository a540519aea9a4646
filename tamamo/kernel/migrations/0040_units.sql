-- Where portable units stand, and stood: what a unit measured belongs to the place it stood at.

create table unit_stay (
    tenant text not null,
    unit text not null,                  -- as devices are called in topics
    place text not null,                 -- id of the entity that is measured there
    from_at timestamptz not null,
    to_at timestamptz,                   -- null: it stands there now
    noted_at timestamptz not null default now(),
    noted_by text not null,
    check (to_at is null or to_at > from_at),
    primary key (tenant, unit, from_at)
);
create unique index unit_stay_open on unit_stay (tenant, unit) where to_at is null;
