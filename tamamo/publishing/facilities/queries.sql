-- name: count
-- Entries of the map by its counting rule, all records, and those that are simulated.
select
    count(*) filter (where f.whole and not f.simulated),
    count(*),
    count(*) filter (where f.whole and f.simulated)
from (
    select
        e.attrs ? %(name)s and e.attrs ? %(place)s and e.attrs ?| %(known)s::text[] as whole,
        coalesce(e.attrs -> %(simulated)s -> 0 ->> 'value' = 'true', false) as simulated
    from entity e
    where e.tenant = %(tenant)s and e.types @> array[%(type)s]
) as f;

-- name: waiting_here
-- How many corrections of a facility, and of the town in the last hour, nobody has decided on.
select
    count(*) filter (where entity_id = %(entity)s and closed_at is null),
    count(*) filter (where created_at > now() - interval '1 hour')
from facility_correction
where tenant = %(tenant)s;

-- name: send
insert into facility_correction (tenant, entity_id, digest, comment, seen_on, language)
values (%(tenant)s, %(entity)s, %(digest)s, %(comment)s, %(seen_on)s, %(language)s)
returning id;

-- name: add_items
insert into facility_correction_item (tenant, correction, field, before, proposed)
select %(tenant)s, %(correction)s, i.field, i.before::jsonb, i.proposed::jsonb
from unnest(%(fields)s::text[], %(befores)s::text[], %(proposed)s::text[])
    as i (field, before, proposed);

-- name: by_token
select id from facility_correction where tenant = %(tenant)s and digest = %(digest)s;

-- name: one
select id, entity_id, comment, seen_on, language, created_at, closed_at
from facility_correction
where tenant = %(tenant)s and id = %(id)s;

-- name: one_locked
select id, entity_id, comment, seen_on, language, created_at, closed_at
from facility_correction
where tenant = %(tenant)s and id = %(id)s
for update;

-- name: listed
-- The oldest open ones first; of those decided on the newest.
select id, entity_id, comment, seen_on, language, created_at, closed_at
from facility_correction
where tenant = %(tenant)s and (closed_at is null) = %(open)s
order by closed_at desc nulls first, created_at, id
limit %(limit)s;

-- name: items
select correction, field, before, proposed, state, reason, decided_by, decided_at
from facility_correction_item
where tenant = %(tenant)s and correction = any(%(ids)s)
order by correction, field;

-- name: decide
update facility_correction_item
set state = %(state)s, reason = %(reason)s, decided_by = %(by)s, decided_at = now(),
    edit = %(edit)s
where tenant = %(tenant)s and correction = %(correction)s and field = any(%(fields)s)
    and state = 'open'
returning field;

-- name: close
-- A correction is closed with its last field.
update facility_correction c
set closed_at = now()
where c.tenant = %(tenant)s and c.id = %(id)s and c.closed_at is null and not exists (
    select from facility_correction_item i
    where i.tenant = c.tenant and i.correction = c.id and i.state = 'open'
)
returning id;

-- name: count_open
select count(*) from facility_correction where tenant = %(tenant)s and closed_at is null;

-- name: add_photo
insert into facility_photo (
    tenant, entity_id, correction, state, alt_ja, alt_en, taken_on, width, height, body, sha256,
    created_by
)
values (
    %(tenant)s, %(entity)s, %(correction)s, %(state)s, %(alt_ja)s, %(alt_en)s, %(taken_on)s,
    %(width)s, %(height)s, %(body)s, %(sha256)s, %(by)s
)
returning id;

-- name: photos
-- Photos of a facility or of a correction without their bodies; the newest first.
select id, entity_id, correction, state, alt_ja, alt_en, taken_on, width, height, created_at
from facility_photo
where tenant = %(tenant)s and state = any(%(states)s)
    and (%(entity)s::text is null or entity_id = %(entity)s)
    and (%(correction)s::uuid is null or correction = %(correction)s)
order by coalesce(taken_on, created_at::date) desc, id
limit %(limit)s;

-- name: photo_count
select count(*) from facility_photo
where tenant = %(tenant)s and entity_id = %(entity)s and state <> 'removed';

-- name: photo_body
select entity_id, state, body from facility_photo
where tenant = %(tenant)s and id = %(id)s and body is not null;

-- name: show_photo
update facility_photo
set state = 'shown', alt_ja = %(alt_ja)s, alt_en = %(alt_en)s, decided_by = %(by)s,
    decided_at = now()
where tenant = %(tenant)s and id = %(id)s and state <> 'removed'
returning entity_id;

-- name: remove_photo
-- The picture itself goes at once; that there was one stays.
update facility_photo
set state = 'removed', body = null, alt_ja = '', alt_en = '', decided_by = %(by)s,
    decided_at = now()
where tenant = %(tenant)s and id = %(id)s and state <> 'removed'
returning entity_id;

-- name: sweep_items
delete from facility_correction_item i
using facility_correction c
where c.tenant = i.tenant and c.id = i.correction and c.closed_at < %(before)s;

-- name: sweep
delete from facility_correction where closed_at < %(before)s;

-- name: sweep_photos
-- Photos that nobody looked at, and rows of those that were removed.
delete from facility_photo
where (state = 'waiting' and created_at < %(before)s)
    or (state = 'removed' and decided_at < %(before)s);
