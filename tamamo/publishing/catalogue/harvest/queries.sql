-- name: add_source
insert into catalogue_source (tenant, id, kind, url, added_by)
    values (%(tenant)s, %(id)s, %(kind)s, %(url)s, %(actor)s)
    on conflict do nothing returning id;

-- name: remove_source
with gone as (delete from catalogue_entry where tenant = %(tenant)s and source = %(id)s)
delete from catalogue_source where tenant = %(tenant)s and id = %(id)s returning url;

-- name: sources
select s.id, s.kind, s.url, s.title, s.read_at, s.tried_at, s.error,
    (select count(*) from catalogue_entry e where e.tenant = s.tenant and e.source = s.id)
    from catalogue_source s where s.tenant = %(tenant)s order by s.id;

-- name: due
-- Sources that nobody has asked for a day, the one that waits longest first; not of towns at rest.
select s.tenant, s.id from catalogue_source s
    where (s.tried_at is null or s.tried_at < now() - interval '1 day')
        and not exists (select from tenant t where t.name = s.tenant and t.state = 'suspended')
    order by s.tried_at nulls first, s.tenant, s.id limit 20;

-- name: tried
update catalogue_source set tried_at = now(), error = %(error)s
    where tenant = %(tenant)s and id = %(id)s;

-- name: read
update catalogue_source set read_at = now(), tried_at = now(), error = '', title = %(title)s
    where tenant = %(tenant)s and id = %(id)s returning id;

-- name: lock
select id from catalogue_source where tenant = %(tenant)s and id = %(id)s for update;

-- name: held
select entry from catalogue_entry where tenant = %(tenant)s and source = %(id)s;

-- name: put
-- Texts come folded from here, so that a search finds what the catalogue's own search would.
insert into catalogue_entry (tenant, source, id, entry, title_key, folded)
    select %(tenant)s, %(id)s, e.id, e.entry, register_fold(e.title), register_fold(e.words)
    from unnest(%(ids)s::text[], %(entries)s::jsonb[], %(titles)s::text[], %(words)s::text[])
        as e (id, entry, title, words)
    on conflict (tenant, source, id) do update set entry = excluded.entry,
        title_key = excluded.title_key, folded = excluded.folded, changed_at = now();

-- name: drop
delete from catalogue_entry
    where tenant = %(tenant)s and source = %(id)s and id = any(%(ids)s::text[]);

-- name: search
select source, entry, count(*) over () from catalogue_entry
    where tenant = %(tenant)s and folded like all(%(patterns)s::text[])
    order by title_key, source, id limit %(limit)s offset %(offset)s;
