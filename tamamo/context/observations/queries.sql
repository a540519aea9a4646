-- name: known_readings
-- Which of the given readings are in the history already, by their position in the arrays. One
-- index probe a reading: `lateral … limit 1` keeps the planner from hashing the whole history.
select reading.n
from unnest(%(ids)s::text[], %(attrs)s::text[], %(datasets)s::text[], %(ats)s::timestamptz[])
    with ordinality as reading (entity_id, attr, dataset_id, at, n)
cross join lateral (
    select 1
    from attribute_history h
    where h.tenant = %(tenant)s
        and h.entity_id = reading.entity_id
        and h.attr = reading.attr
        and h.at = reading.at
        and h.dataset_id = reading.dataset_id
        and h.observed_at is not null
        and h.deleted_at is null
    limit 1
) known
