-- The @contexts this broker keeps (clause 5.13): hosted for users, cached, implicitly created.
create table jsonld_context (
    tenant text not null,
    -- Local identifier. That of a cached one follows from its address, that of an implicitly
    -- created one from its content, so that each is kept once.
    id text not null,
    kind text not null check (kind in ('Hosted', 'Cached', 'ImplicitlyCreated')),
    url text,                            -- where a cached one came from
    context json not null,               -- the value of "@context", as it was given
    created_at timestamptz not null,     -- of a cached one: when it was downloaded
    expires_at timestamptz,              -- cached: look it up again; created for an answer: remove
    primary key (tenant, id)
);
create index jsonld_context_expiring on jsonld_context (expires_at) where expires_at is not null;

-- Counts what makes a @context mean something else: processes compare it to drop what they hold.
create table jsonld_context_generation (
    tenant text primary key,
    generation bigint not null
);
