-- name: append
-- Note one event in the transaction under way; it is chained when that commits.
select audit_append(%s, %s, %s, %s, %s::jsonb, %s::jsonb);

-- name: append_many
-- Many at once, in the order of the arrays.
select audit_append(tenant, actor, action, object, before::jsonb, after::jsonb)
from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
    as event (tenant, actor, action, object, before, after);
