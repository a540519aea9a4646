-- name: open_stay
-- Where a unit stands now, locked.
select place, from_at from unit_stay
where tenant = %(tenant)s and unit = %(unit)s and to_at is null
for update;

-- name: last_end
-- Until when a unit stood anywhere.
select max(coalesce(to_at, from_at)) from unit_stay where tenant = %(tenant)s and unit = %(unit)s;

-- name: end_stay
-- A unit is taken away from where it stands.
update unit_stay set to_at = %(at)s
where tenant = %(tenant)s and unit = %(unit)s and to_at is null;

-- name: begin_stay
-- A unit stands at a place from then on.
insert into unit_stay (tenant, unit, place, from_at, noted_by)
values (%(tenant)s, %(unit)s, %(place)s, %(at)s, %(by)s);

-- name: lock_unit
-- One move of a unit at a time.
select pg_advisory_xact_lock(hashtextextended('unit/' || %(tenant)s || '/' || %(unit)s, 0));

-- name: stays_of_units
-- All stays of some units, oldest first.
select unit, place, from_at, to_at from unit_stay
where tenant = %(tenant)s and unit = any(%(units)s)
order by unit, from_at;

-- name: all_stays
-- All stays of a tenant, unit by unit, the newest first.
select unit, place, from_at, to_at from unit_stay
where tenant = %(tenant)s
order by unit, from_at desc;

-- name: readings_since
-- What was measured at a place from a moment on.
select attr, instance_id, instance
from attribute_history
where tenant = %(tenant)s and entity_id = %(place)s and at >= %(at)s
  and observed_at is not null and deleted_at is null
order by at;

-- name: others_since
-- Whether another unit has measured there since.
select exists (
    select 1 from unit_stay
    where tenant = %(tenant)s and place = %(place)s and unit <> %(unit)s
      and coalesce(to_at, 'infinity') > %(at)s
);
