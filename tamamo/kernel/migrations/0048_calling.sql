-- Calling people: whom, in which order, who is on duty when, and the calls themselves. Contacts are
-- personal data: tamamo/calling/rights.py says who reads them.

create table contact (
    tenant text not null,
    id uuid not null default gen_random_uuid(),
    name text not null,
    organisation text not null default '',   -- department, or who they work for
    staff boolean not null default true,     -- false: from outside
    subject text,                            -- their account here, such as user:17
    language text not null default 'ja',
    note text not null default '',
    addresses jsonb not null default '[]',   -- [{"channel", "to"}], in the order they are shown
    version integer not null default 1,
    changed_at timestamptz not null default now(),
    primary key (tenant, id)
);
create unique index contact_of_subject on contact (tenant, subject) where subject is not null;

-- Who is on duty when (tamamo/calling/duty.py): weekly shifts, in a document.
create table duty_roster (
    tenant text not null,
    id uuid not null default gen_random_uuid(),
    name text not null,
    document jsonb not null,
    version integer not null default 1,
    changed_at timestamptz not null default now(),
    primary key (tenant, id)
);

-- Somebody in place of somebody else, or beside, or an absence: for a time.
create table duty_change (
    tenant text not null,
    id uuid not null default gen_random_uuid(),
    roster uuid not null,
    begins_at timestamptz not null,
    ends_at timestamptz not null check (ends_at > begins_at),
    absent uuid,                         -- who is not on duty; null: nobody is relieved
    present uuid,                        -- who is; null: nobody takes the place
    reason text not null default '',
    actor text not null,
    made_at timestamptz not null default now(),
    primary key (tenant, id),
    check (absent is not null or present is not null)
);
create index duty_change_of_roster on duty_change (tenant, roster, begins_at);

-- In which order people are called, in steps (tamamo/calling/tree.py), in a document.
create table call_tree (
    tenant text not null,
    id uuid not null default gen_random_uuid(),
    name text not null,
    document jsonb not null,
    version integer not null default 1,
    changed_at timestamptz not null default now(),
    primary key (tenant, id)
);

-- Which alerts call which tree, tried in this order; a tree is called once for an alert.
create table call_rule (
    tenant text not null,
    id uuid not null default gen_random_uuid(),
    position integer not null default 0,
    name text not null,
    tree uuid not null,
    active boolean not null default true,
    document jsonb not null,
    version integer not null default 1,
    changed_at timestamptz not null default now(),
    primary key (tenant, id)
);

-- How far the events of a tenant's alerts have been followed.
create table call_cursor (
    tenant text primary key,
    position bigint not null
);

-- A call. Moments are those of the tenant's own clock: in a drill, the drill's.
create table call (
    tenant text not null,
    id uuid not null default gen_random_uuid(),
    rule uuid,                           -- by which call_rule; null: a test
    tree uuid,
    tree_name text not null,
    document jsonb not null,             -- the tree as it was when the call began
    severity text not null,
    state text not null default 'running'
        check (state in ('running', 'acknowledged', 'unanswered', 'over', 'stopped')),
    test boolean not null default false,
    first_round integer not null default 0,  -- from which the tree's rounds are counted
    round integer not null default 0,        -- what is called next
    step integer not null default 0,
    place integer not null default 0,        -- of the next person of a step that calls one by one
    next_at timestamptz,                 -- running: when somebody else is called
    started_at timestamptz not null,
    ended_at timestamptz,
    answered_by text,                    -- contact:<id> or a subject
    answered_via text,                   -- link, page, webhook, alert
    noted_at timestamptz not null default now(),
    primary key (tenant, id)
);
create index call_running on call (tenant) where state = 'running';
create index call_by_time on call (tenant, started_at desc);

-- The alerts a call is about.
create table call_alert (
    tenant text not null,
    call uuid not null,
    alert text not null,
    episode integer not null,
    severity text not null,
    text jsonb not null default '{}',    -- what it says, by language
    state text not null default 'open' check (state in ('open', 'acknowledged', 'over')),
    added_at timestamptz not null,
    primary key (tenant, call, alert, episode)
);
create index call_alert_of_alert on call_alert (tenant, alert, episode);

-- Who was called, at which step of which round.
create table call_person (
    tenant text not null,
    call uuid not null,
    round integer not null,
    step integer not null,
    contact uuid not null,
    called_at timestamptz not null,
    messages uuid[] not null default '{}',
    answer text check (answer in ('acknowledged', 'declined')),
    answered_at timestamptz,
    primary key (tenant, call, round, step, contact)
);

-- What happened in a call, in order.
create table call_log (
    tenant text not null,
    call uuid not null,
    number bigint generated always as identity,
    kind text not null,
    at timestamptz not null,             -- by the tenant's clock
    noted_at timestamptz not null default clock_timestamp(),
    actor text,
    detail jsonb not null default '{}',
    primary key (tenant, call, number)
);
