-- Requests for data (docs/adr/0053): public threads, and apart from them what is personal.
create table data_request (
    tenant text not null,
    number bigint not null,              -- counts the town's requests, from 1
    title text not null,
    state text not null default 'open'
        check (state in ('open', 'working', 'answered', 'published', 'declined')),
    unit text not null default '',       -- who answers: a unit's path; '': not settled yet
    dataset text not null default '',    -- what was published for it
    visible text not null check (visible in ('shown', 'held', 'hidden')),
    asked_at timestamptz not null default now(),
    answered_at timestamptz,             -- the first answer of a department
    changed_at timestamptz not null default now(),
    primary key (tenant, number),
    check ((state = 'published') = (dataset <> ''))
);
create index data_request_listed on data_request (tenant, visible, changed_at);

-- What was said, one row a text; the first of a request is the request itself.
create table data_request_post (
    tenant text not null,
    id uuid not null default gen_random_uuid(),
    request bigint not null,
    kind text not null check (kind in ('request', 'comment', 'answer')),
    body text not null,
    state text,                          -- of an answer: what the request became by it
    actor text not null default '',      -- the subject of who answered; '': somebody of the public
    unit text not null default '',
    visible text not null check (visible in ('shown', 'held', 'hidden')),
    reason text not null default '',     -- why it is held or hidden
    at timestamptz not null default now(),
    primary key (tenant, id)
);
create index data_request_post_of on data_request_post (tenant, request, at);
create index data_request_post_recent on data_request_post (tenant, at) where actor = '';

-- Who said it, as far as they told. Erasing somebody is deleting this row.
create table data_request_person (
    tenant text not null,
    post uuid not null,
    name text not null default '',       -- shown beside the text
    mail text not null default '',       -- told of answers once confirmed; never shown
    language text not null default 'ja',
    -- The SHA-256 of what the person's own page is reached by.
    token bytea not null,
    confirmed_at timestamptz,
    at timestamptz not null default now(),
    primary key (tenant, post)
);
create unique index data_request_person_token on data_request_person (tenant, token);
