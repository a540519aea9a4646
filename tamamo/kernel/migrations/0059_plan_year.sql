-- The working year: what owners write beside their values, the evidence, who was reminded.
-- A value taken back before it was approved, and one that is counted otherwise than before.
alter table plan_value drop constraint plan_value_state_check;
alter table plan_value add constraint plan_value_state_check check (
    state in ('entered', 'confirmed', 'approved', 'declined', 'replaced', 'withdrawn')
);
alter table plan_value
    add column counted_otherwise text not null default '',  -- how, where the series breaks here
    add column simulated boolean not null default false;

-- Narrative and decision of a project and year, kept by correction as values are.
create table plan_text (
    tenant text not null,
    id uuid not null default gen_random_uuid(),
    project text not null,
    year integer not null,
    kind text not null check (kind in ('narrative', 'decision')),
    body text not null,                      -- a decision's reasons
    outcome text not null default '',        -- of a decision: one of the plan's states
    decided_on date,
    state text not null default 'entered'
        check (state in ('entered', 'confirmed', 'approved', 'declined', 'replaced', 'withdrawn')),
    replaces uuid,
    reason text not null default '',
    simulated boolean not null default false,
    made_by text not null,
    made_at timestamptz not null,
    confirmed_by text,
    confirmed_at timestamptz,
    approved_by text,
    approved_at timestamptz,
    declined_by text,
    declined_at timestamptz,
    declined_why text not null default '',
    primary key (tenant, id)
);
create unique index plan_text_holds on plan_text (tenant, project, year, kind)
    where state = 'approved';
create unique index plan_text_waits on plan_text (tenant, project, year, kind)
    where state in ('entered', 'confirmed');

-- A link or a file that shows what is written is so. Taken away, it stays with who did it.
create table plan_evidence (
    tenant text not null,
    id uuid not null default gen_random_uuid(),
    project text not null,
    year integer not null,
    title text not null,
    url text not null default '',
    filename text not null default '',
    media_type text not null default '',
    body bytea,
    sha256 text not null default '',
    made_by text not null,
    made_at timestamptz not null,
    removed_by text,
    removed_at timestamptz,
    primary key (tenant, id)
);
create index plan_evidence_of on plan_evidence (tenant, year, project) where removed_at is null;

-- A figure's page and the working year ask for all that was ever said of an indicator and year.
create index plan_value_every on plan_value (tenant, project, indicator, year);
