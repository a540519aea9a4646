-- name: append
-- Note one event in the transaction under way; it is chained when that commits.
select audit_append(%s, %s, %s, %s, %s::jsonb, %s::jsonb);

-- name: append_many
-- Many at once, in the order of the arrays.
select audit_append(tenant, actor, action, object, before::jsonb, after::jsonb)
from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
    as event (tenant, actor, action, object, before, after);


-- name: newest
-- One page of events that match, newest first. Planned with its values: a filter that is null
-- takes no part in the plan.
select tenant, seq, at, actor, action, object, before::text, after::text, previous, hash
from audit_event
where (%(tenants)s::text[] is null or tenant = any(%(tenants)s::text[]))
    and (%(actor)s::text is null or actor = %(actor)s::text)
    and (%(action)s::text is null or action = %(action)s or starts_with(action, %(action)s || '.'))
    and (%(object)s::text is null or object = %(object)s::text)
    and (%(since)s::timestamptz is null or at >= %(since)s::timestamptz)
    and (%(until)s::timestamptz is null or at < %(until)s::timestamptz)
    and (%(at)s::timestamptz is null
        or (at, tenant, seq) < (%(at)s::timestamptz, %(tenant)s::text, %(seq)s::bigint))
order by at desc, tenant desc, seq desc
limit %(limit)s;

-- name: oldest
-- The same from the other end, for exports.
select tenant, seq, at, actor, action, object, before::text, after::text, previous, hash
from audit_event
where (%(tenants)s::text[] is null or tenant = any(%(tenants)s::text[]))
    and (%(actor)s::text is null or actor = %(actor)s::text)
    and (%(action)s::text is null or action = %(action)s or starts_with(action, %(action)s || '.'))
    and (%(object)s::text is null or object = %(object)s::text)
    and (%(since)s::timestamptz is null or at >= %(since)s::timestamptz)
    and (%(until)s::timestamptz is null or at < %(until)s::timestamptz)
    and (%(at)s::timestamptz is null
        or (at, tenant, seq) > (%(at)s::timestamptz, %(tenant)s::text, %(seq)s::bigint))
order by at, tenant, seq
limit %(limit)s;

-- name: actions
-- The actions that occur in what a reader may see.
select distinct action
from audit_event
where (%(tenants)s::text[] is null or tenant = any(%(tenants)s::text[]))
    and (%(actor)s::text is null or actor = %(actor)s::text)
    and (%(object)s::text is null or object = %(object)s::text)
    and (%(since)s::timestamptz is null or at >= %(since)s::timestamptz)
    and (%(until)s::timestamptz is null or at < %(until)s::timestamptz)
order by action;

-- name: chain
-- Everything in the order of the chains, to be recomputed.
select tenant, seq, at, actor, action, object, before::text, after::text, previous, hash
from audit_event
where %(tenant)s::text is null or tenant = %(tenant)s::text
order by tenant, seq;

-- name: heads
-- Where each chain stands.
select tenant, seq, hash, at from audit_head
where %(tenant)s::text is null or tenant = %(tenant)s::text
order by tenant;
