-- Rollups: marking days, closing them, computing them (docs/adr/0014).

-- name: mark
-- Days whose measurements changed. Nobody waits for anybody: rows are only inserted.
insert into rollup_mark (tenant, entity_id, attr, day)
select *
from unnest(%(tenants)s::text[], %(ids)s::text[], %(attrs)s::text[], %(days)s::text[]::date[])
