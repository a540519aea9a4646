-- Catalogues of others that a town reads, and what they held last (docs/adr/0056).

create table catalogue_source (
    tenant text not null,
    id text not null check (id ~ '^[a-z0-9_-]{2,40}$'),
    kind text not null check (kind in ('ckan', 'dcat')),
    url text not null,
    title jsonb not null default '{}',   -- as the catalogue calls itself
    added_at timestamptz not null default now(),
    added_by text not null,
    read_at timestamptz,                 -- when it was last read whole
    tried_at timestamptz,                -- when it was last asked
    error text not null default '',      -- why it could not be read then
    primary key (tenant, id)
);

create table catalogue_entry (
    tenant text not null,
    source text not null,
    id text not null,                    -- as the other catalogue calls it
    entry jsonb not null,                -- tamamo.publishing.catalogue.entry.Entry
    title_key text not null,
    folded text not null,                -- what a search looks into, as register_fold makes it
    first_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    primary key (tenant, source, id)
);
create index catalogue_entry_title on catalogue_entry (tenant, title_key, source, id);
