-- Context source registrations (clause 5.9): who else has information about which entities.
create table registration (
    tenant text not null,
    id text not null,
    document json not null,              -- members of 5.2.9 with expanded names, others by IRI
    temporal boolean not null,           -- for the past (it names an interval), or for the present
    created_at timestamptz not null,
    modified_at timestamptz not null,
    expires_at timestamptz,
    primary key (tenant, id)
);
create index registration_expiring on registration (expires_at) where expires_at is not null;
