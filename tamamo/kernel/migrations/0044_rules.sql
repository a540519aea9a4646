-- Rules: how far the changes are evaluated, what staff changed of the rules, where each subject
-- stands, what became of the alerts. See docs/subsystems/rules.md and docs/adr/0044.

-- One row. (xid, seq) is how far the outbox is evaluated: it begins with what is committed from now
-- on. generation moves with every change of rules and silences, round with every step taken: whoever
-- worked from an older one stores nothing.
create table rule_progress (
    one boolean primary key default true check (one),
    xid xid8 not null,
    seq bigint not null default -1,
    generation bigint not null default 0,
    round bigint not null default 0
);
insert into rule_progress (xid) values (pg_snapshot_xmin(pg_current_snapshot()));

-- What staff made of a rule, newest version last; document null: the shipped one holds, or none.
create table rule_version (
    tenant text not null,
    rule_id text not null,
    version integer not null,
    document json,
    enabled boolean not null,
    actor text not null,
    at timestamptz not null default now(),
    primary key (tenant, rule_id, version)
);

-- Where the rules stand with one subject: {rule id: state}. due_at: by the town's clock, no later
-- than when silence has to be looked at; null: never.
create table rule_state (
    tenant text not null,
    subject text not null,
    states jsonb not null,
    due_at timestamptz,
    primary key (tenant, subject)
) with (fillfactor = 70);
create index rule_state_due on rule_state (due_at) where due_at is not null;

-- Alarms of a rule, a subject or both that nobody is to be called for until then.
create table rule_silence (
    tenant text not null,
    number bigint generated always as identity,
    rule_id text,
    subject text,
    until timestamptz not null,
    reason text not null,
    actor text not null,
    at timestamptz not null default now(),
    ended_at timestamptz,
    ended_by text,
    primary key (tenant, number),
    check (rule_id is not null or subject is not null)
);

-- The newest position of each tenant. Its row is locked until the commit, so that positions are
-- seen in their order and without gaps.
create table alert_head (
    tenant text primary key,
    position bigint not null
);

-- Every change of an alert, in order. at: event time; noted_at: ours.
create table alert_event (
    tenant text not null,
    position bigint not null,
    alert text not null,
    subject text not null,
    rule text not null,
    episode integer not null,
    kind text not null,
    "from" text not null,
    "to" text not null,
    at timestamptz not null,
    noted_at timestamptz not null default now(),
    severity text not null,
    actor text,
    value double precision,
    threshold double precision,
    silenced_until timestamptz,
    text json,
    primary key (tenant, position)
);
create index alert_event_of_alert on alert_event (tenant, alert, position);
