-- Rollups: what the measurements of a day and of its hours come to (docs/adr/0014). Every key holds
-- (tenant, entity id), like the history's own.

-- One row a day (UTC) that has measurements: instances with observedAt that are not deletions. The
-- h_ columns are arrays alike in length: the hours that have any, and the same figures of each.
create table attribute_rollup (
    tenant text not null,
    entity_id text not null,
    attr text not null,
    dataset_id text not null,
    day date not null,
    total integer not null,              -- instances
    numbers integer not null,            -- of them, those whose value is a number
    least double precision,
    greatest double precision,
    sum double precision,
    squares double precision,            -- sum of the squares
    spread double precision,             -- sum of the squared deviations from the mean
    different integer not null,          -- distinct numbers
    kind text,                           -- of an instance that is no number; null when all are
    hours smallint[] not null,
    h_total integer[] not null,
    h_numbers integer[] not null,
    h_least double precision[] not null,
    h_greatest double precision[] not null,
    h_sum double precision[] not null,
    h_squares double precision[] not null,
    h_spread double precision[] not null,
    h_different integer[] not null,
    generation integer not null,         -- of the history when this was computed
    frozen boolean not null default false,  -- the instances counted here are no longer kept
    primary key (tenant, entity_id, attr, dataset_id, day)
);

-- Days whose measurements changed since their rollup was computed. Rows are only ever inserted by
-- writers, so that nobody waits for anybody; several may say the same.
create table rollup_mark (
    tenant text not null,
    entity_id text not null,
    attr text not null,
    day date not null,
    huge boolean not null default false  -- numbers whose squares have no room
);
create index rollup_mark_by_day on rollup_mark (tenant, entity_id, attr, day);

-- Months that were dropped whole: rollups of an earlier generation are all that is left of them.
create table history_dropped (
    month date not null,
    generation integer not null
);

-- One row. Who writes a measurement of a day before `closed_until` marks the day. Rollups tell of
-- the days before `folded_until`, which follows once no writer is left that did not know.
create table history_state (
    closed_until date not null,
    folded_until date not null,
    generation integer not null
);
insert into history_state values ('0001-01-01', '0001-01-01', 0);

-- Rollups as they are read. frozen: they count instances that are no longer kept.
create view rollup as
select
    r.tenant, r.entity_id, r.attr, r.dataset_id, r.day, r.total, r.numbers, r.least, r.greatest,
    r.sum, r.squares, r.spread, r.different, r.kind, r.hours, r.h_total, r.h_numbers, r.h_least,
    r.h_greatest, r.h_sum, r.h_squares, r.h_spread, r.h_different,
    r.frozen or exists (
        select 1 from history_dropped d
        where d.month = date_trunc('month', r.day::timestamp)::date and r.generation < d.generation
    ) as frozen
from attribute_rollup r;
