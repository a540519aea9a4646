-- Warnings to the public (docs/adr/0049): drafts, their approval, and what was published.

-- A warning: one event from its first message to its withdrawal.
create table warning (
    tenant text not null,
    id uuid not null default gen_random_uuid(),
    opened_at timestamptz not null default now(),
    opened_by text not null,
    primary key (tenant, id)
);

-- A message that is being written. Its text stands in warning_revision, version by version.
create table warning_draft (
    tenant text not null,
    id uuid not null default gen_random_uuid(),
    warning uuid not null,
    purpose text not null check (purpose in ('alert', 'update', 'cancel')),
    base uuid,                           -- the message it corrects or withdraws
    template text not null default '',
    state text not null default 'draft'
        check (state in ('draft', 'submitted', 'approved', 'published', 'discarded')),
    version int not null default 1,      -- the newest revision: what is submitted and approved
    created_by text not null,
    created_at timestamptz not null default now(),
    changed_by text not null,
    changed_at timestamptz not null default now(),
    submitted_by text,
    approved_by text,
    returned_reason text not null default '',   -- of the last time it came back
    primary key (tenant, id),
    check ((purpose = 'alert') = (base is null)),
    check ((state in ('approved', 'published')) = (approved_by is not null))
);
-- One message of a warning is written at a time.
create unique index warning_draft_open on warning_draft (tenant, warning)
    where state in ('draft', 'submitted', 'approved');
create index warning_draft_by_time on warning_draft (tenant, changed_at);

create table warning_revision (
    tenant text not null,
    draft uuid not null,
    version int not null,
    content jsonb not null,
    by text not null,
    at timestamptz not null default now(),
    primary key (tenant, draft, version)
);

-- What was published, word for word; corrections and withdrawals are further rows.
create table warning_message (
    tenant text not null,
    id uuid not null,
    number bigint not null,              -- counts the town's messages, from 1
    warning uuid not null,
    draft uuid not null,
    type text not null check (type in ('Alert', 'Update', 'Cancel')),
    status text not null check (status in ('Actual', 'Exercise', 'Test')),
    identifier text not null,
    sender text not null,
    sent timestamptz not null,           -- whole seconds; in a drill: its clock's
    noted_at timestamptz not null default now(),
    written_by text[] not null,          -- everybody who had a hand in the text
    approved_by text not null,
    published_by text not null,
    content jsonb not null,
    level smallint not null,             -- the highest of all messages of the warning so far; 0: none
    places text[] not null,              -- of all messages of the warning so far; {}: the whole town
    valid_from timestamptz not null,
    valid_to timestamptz not null,
    cap text not null,                   -- the CAP 1.2 document as it was validated
    primary key (tenant, id),
    unique (tenant, number),
    check (valid_to > valid_from),
    check (not approved_by = any (written_by))
);
create unique index warning_message_identifier on warning_message (tenant, identifier);
create index warning_message_of_warning on warning_message (tenant, warning, number);
create index warning_message_by_end on warning_message (tenant, valid_to);

create function warning_stays() returns trigger language plpgsql as $$
begin
    -- A drill is removed as a whole, with what was published in it.
    if tg_op = 'DELETE' and exists (select from drill where drill.tenant = old.tenant) then
        return old;
    end if;
    raise restrict_violation using message = 'what was published or written is never changed';
end
$$;
create trigger warning_message_stays before update or delete on warning_message
    for each row execute function warning_stays();
create trigger warning_revision_stays before update or delete on warning_revision
    for each row execute function warning_stays();

-- A town's templates, places and issuer, as TOML; the newest version counts.
create table warning_setup (
    tenant text not null,
    version int not null,
    body text not null,
    by text not null,
    at timestamptz not null default now(),
    primary key (tenant, version)
);

-- The arc below which a town's messages are named where nobody gave it one: 2.25.<arc> (ITU-T X.667).
create table warning_issuer (
    tenant text primary key,
    arc uuid not null default gen_random_uuid()
);
