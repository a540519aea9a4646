-- Imports of tables into registers, from the upload until some days after; and the views of
-- registers that people have saved.

create table register_import (
    id uuid not null default gen_random_uuid(),
    tenant text not null,
    register text not null,
    owner text not null,                 -- subject
    filename text not null,
    content bytea not null,
    options json not null,               -- sheet, header_row, encoding
    state text not null default 'new'
        check (state in ('new', 'previewed', 'running', 'done', 'failed')),
    plan json,                           -- matching, blank, whole: what was previewed
    counts json,
    rejects json,                        -- [row, column, reason ja, reason en], …
    done int not null default 0,
    total int not null default 0,
    batch uuid,
    error json,
    created_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    primary key (tenant, id)
);
create index register_import_by_time on register_import (created_at);

create table saved_view (
    id bigint generated always as identity,
    tenant text not null,
    register text not null,
    owner text not null,                 -- subject
    unit text,                           -- the owner's department, with which it may be shared
    shared boolean not null default false,
    name text not null check (length(name) between 1 and 80),
    query text not null check (length(query) <= 2000),
    created_at timestamptz not null default now(),
    primary key (tenant, id),
    unique (tenant, register, owner, name)
);
