-- Values of the plan's indicators, by area and day. What was written stays: a correction is a row
-- of its own that names the one it replaces and why; of a row only its state ever changes.
create table plan_value (
    tenant text not null,
    id uuid not null default gen_random_uuid(),
    project text not null,
    indicator text not null,
    area text not null default '',       -- code of the area; '': the town as a whole
    at date not null,                    -- as of this day; what counts a year: its last day
    year integer not null,               -- fiscal year it closes or lies in (2020 = to March 2021)
    value numeric not null,
    part numeric,                        -- of a share: what is counted …
    whole numeric,                       -- … of how many …
    whole_at date,                       -- … as they were on this day
    basis text not null check (basis in ('recorded', 'entered', 'computed', 'imported')),
    source text not null,                -- document, file, or the query that computed it
    detail text not null default '',     -- page, row; version of the query or data
    state text not null default 'entered'
        check (state in ('entered', 'confirmed', 'approved', 'declined', 'replaced')),
    replaces uuid,
    reason text not null default '',     -- why it was corrected or declined
    made_by text not null,
    made_at timestamptz not null,
    confirmed_by text,
    confirmed_at timestamptz,
    approved_by text,
    approved_at timestamptz,
    primary key (tenant, id)
);
-- One value holds, and one at most waits to be approved.
create unique index plan_value_holds on plan_value (tenant, project, indicator, area, at)
    where state = 'approved';
create unique index plan_value_waits on plan_value (tenant, project, indicator, area, at)
    where state in ('entered', 'confirmed');
create index plan_value_of_year on plan_value (tenant, year, project, indicator)
    where state = 'approved';
