-- Open datasets (docs/adr/0051): what a town publishes as tables, each version kept as it was.

create table dataset (
    tenant text not null,
    id text not null check (id ~ '^[a-z0-9_-]{2,100}$'),    -- as CKAN names datasets
    uuid uuid not null default gen_random_uuid(),           -- what harvesters know it by
    kind text not null check (kind in ('file', 'live')),
    state text not null default 'draft' check (state in ('draft', 'published', 'unpublished')),
    metadata jsonb not null,             -- tamamo.publishing.datasets.metadata
    -- What of it is searched, filtered and sorted by.
    unit text not null default '',
    groups text[] not null default '{}',
    tags text[] not null default '{}',
    formats text[] not null default '{}',
    licence text not null,
    title_key text not null,             -- the folded title
    folded text not null,                -- what a search looks into, as register_fold makes it
    type text,                           -- live: IRI of the type of entities it shows
    fields jsonb not null default '[]',
    current bigint,                      -- the version that the public sees
    versions int not null default 0,     -- the number of the newest one
    rows bigint,
    bbox double precision[],             -- west, south, east, north, degrees
    data_at timestamptz,                 -- when the data were changed last
    due date,                            -- when they should be changed next
    published_at timestamptz,            -- when it became public first
    created_at timestamptz not null default now(),
    created_by text not null,
    changed_at timestamptz not null default now(),
    changed_by text not null,
    primary key (tenant, id),
    unique (tenant, uuid)
);

create table dataset_version (
    tenant text not null,
    id bigint generated always as identity,
    dataset text not null,
    number int not null,                 -- counts the dataset's versions, from 1
    state text not null default 'new' check (state in (
        'new', 'settled', 'checking', 'checked', 'failed', 'submitted', 'published', 'declined',
        'discarded'
    )),
    filename text not null,
    size bigint not null,
    sha256 text not null,
    choice jsonb,                        -- which sheet, header and encoding of the file
    recipe jsonb,                        -- how its columns are read (tamamo.registers.intake)
    fields jsonb not null default '[]',
    counts jsonb,                        -- in, out, rejected
    reports jsonb,                       -- differences, standard, privacy, compared with which
    rows bigint,
    bbox double precision[],
    worked text[] not null default '{}', -- everybody who had a hand in it; none of them approves
    note text not null default '',
    reason jsonb,                        -- code, ja, en, numbers: why it failed or was declined
    done bigint not null default 0,
    total bigint not null default 0,
    job bigint,
    entities_done boolean not null default true,  -- whether its entities are all written
    created_at timestamptz not null default now(),
    created_by text not null,
    changed_at timestamptz not null default now(),
    submitted_at timestamptz,
    submitted_by text,
    approved_at timestamptz,
    approved_by text,
    published_at timestamptz,
    primary key (tenant, id),
    unique (tenant, dataset, number)
);
-- One file a dataset is worked on at a time: two would claim the same place.
create unique index dataset_version_open on dataset_version (tenant, dataset)
    where state in ('new', 'settled', 'checking', 'checked', 'failed', 'submitted');

-- The rows of a version, as a page asks for them: by number, key, place, or all of them.
create table dataset_row (
    tenant text not null,
    version bigint not null,
    number int not null,                 -- 1, 2, 3, … without gaps
    key text,
    quad bigint,                         -- where it is (tamamo/publishing/datasets/places.py)
    cells jsonb not null,                -- an array, in the order of the version's fields
    texts text not null,                 -- its texts folded, for searches
    primary key (tenant, version, number)
);
create index dataset_row_by_key on dataset_row (tenant, version, key) where key is not null;
create index dataset_row_by_place on dataset_row (tenant, version, quad) where quad is not null;

-- Files of versions in parts, so that none is ever held in memory: as it came, and its rejects.
create table dataset_file (
    tenant text not null,
    version bigint not null,
    kind text not null check (kind in ('original', 'rejects')),
    part int not null,
    content bytea not null,
    at timestamptz not null default now(),
    primary key (tenant, version, kind, part)
);

-- What the public was told: the feed of changes.
create table dataset_change (
    tenant text not null,
    number bigint generated always as identity,
    dataset text not null,
    version int,
    kind text not null check (kind in ('published', 'rolled_back', 'unpublished')),
    note text not null default '',
    at timestamptz not null default now(),
    primary key (tenant, number)
);

-- Which entity was made from a row of which dataset: nobody else's is ever touched.
create table dataset_entity (
    tenant text not null,
    entity_id text not null,
    dataset text not null,
    version bigint not null,             -- the last one that had it
    primary key (tenant, entity_id)
);
create index dataset_entity_by_dataset on dataset_entity (tenant, dataset, version);
