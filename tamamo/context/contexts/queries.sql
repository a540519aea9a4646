-- The @contexts of a tenant, by their local identifiers.

-- name: find_context
-- One with its content.
select kind, url, context, created_at, expires_at
from jsonld_context
where tenant = %(tenant)s and id = %(id)s;

-- name: list_contexts
-- All of a kind (null: of every kind), without their contents, the oldest first.
select id, kind, url, created_at, expires_at
from jsonld_context
where tenant = %(tenant)s and (%(kind)s::text is null or kind = %(kind)s)
order by created_at, id;

-- name: keep_context
-- Add one. A cached one takes the place of its earlier copy; one that was created for an answer
-- is kept for as long as the one that needs it longest, for ever when that is null.
insert into jsonld_context (tenant, id, kind, url, context, created_at, expires_at)
values (%(tenant)s, %(id)s, %(kind)s, %(url)s, %(context)s, now(), %(expires_at)s)
on conflict (tenant, id) do update set
    context = excluded.context,
    created_at = case
        when jsonld_context.kind = 'Cached' then excluded.created_at
        else jsonld_context.created_at
    end,
    expires_at = case
        when jsonld_context.kind = 'Cached' then excluded.expires_at
        when jsonld_context.expires_at is not null and excluded.expires_at is not null
            then greatest(jsonld_context.expires_at, excluded.expires_at)
    end;

-- name: replace_context
-- A new copy of a cached one; nothing when it has gone meanwhile.
update jsonld_context
set context = %(context)s, created_at = now(), expires_at = %(expires_at)s
where tenant = %(tenant)s and id = %(id)s
returning 1;

-- name: delete_context
-- Remove one.
delete from jsonld_context where tenant = %(tenant)s and id = %(id)s returning 1;

-- name: next_generation
-- Tell all processes that a @context of the tenant means something else now, or nothing.
insert into jsonld_context_generation (tenant, generation)
values (%(tenant)s, 1)
on conflict (tenant) do update set generation = jsonld_context_generation.generation + 1;

-- name: list_generations
-- How often each tenant's @contexts changed.
select tenant, generation from jsonld_context_generation;

-- name: sweep_contexts
-- Remove what was created for an answer and is over, and cached ones that nobody asked for again
-- since they expired some days ago.
delete from jsonld_context
where (tenant, id) in (
    select tenant, id
    from jsonld_context
    where
        kind = 'ImplicitlyCreated' and expires_at < now()
        or kind = 'Cached' and expires_at < now() - %(unused)s::interval
    limit %(limit)s
);

-- name: trim_contexts
-- Keep at most so many of those that come about by themselves for a tenant, the newest.
delete from jsonld_context
where
    tenant = %(tenant)s
    and id in (
        select id
        from jsonld_context
        where tenant = %(tenant)s and expires_at is not null
        order by created_at desc, id
        offset %(most)s
    );
