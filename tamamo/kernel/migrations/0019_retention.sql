-- How long history is kept (docs/adr/0014). One row a rule; '*' stands for every tenant or type. The
-- most specific rule of an entity holds: tenant and type, tenant, type, all.
create table retention (
    tenant text not null,
    type text not null,                  -- IRI
    keep interval,                       -- instances; null = a rule that was removed
    keep_rollups interval,               -- hours and days; null = for ever
    applied_until date,                  -- instances before this day are no longer kept
    applied_at timestamptz,
    removed bigint not null default 0,   -- instances so far, dropped months not counted
    primary key (tenant, type)
);

-- Finds what has yet to go without looking at what has gone.
create index attribute_rollup_kept on attribute_rollup (tenant, entity_id, day) where not frozen;
