-- Which backups were made and proved. A backup holds the rows of those before it, not its own.
create table backup (
    id bigint generated always as identity primary key,
    file text not null,                  -- absolute path on the machine that made it
    trigger text not null check (trigger in ('command', 'console', 'schedule')),
    actor text not null,
    started_at timestamptz not null default now(),
    ended_at timestamptz,
    size bigint,                         -- bytes
    sha256 text,                         -- of the whole file
    rows bigint,
    secrets boolean not null default false,
    error text,                          -- why it was not made
    checked_at timestamptz,              -- when it was last restored for trial
    check_error text,                    -- what that found; null: nothing
    removed_at timestamptz               -- gone to make room for later ones
);
create index backup_by_time on backup (started_at);
