-- What every process knows of towns and agreements without asking the database.

-- name: generation
-- Moves with every change of either.
select generation from town_generation;

-- name: list_towns
-- All towns.
select
    name, title, code, languages, map_view, max_entities, max_requests, max_storage,
    public_types, state
from tenant;

-- name: list_drills
-- Which tenants are drills. One whose data are being removed stays one to the end.
select
    tenant, town, title, scenario, state, recipients, begins_at, length, position, anchored_at,
    speed, expires_at
from drill;

-- name: list_shares
-- Agreements that count now or later; one that was amended ends when the new one begins.
select id, owner, reader, types, attrs, actions, valid_from, least(valid_to, amended) as valid_to
from sharing_agreement a
cross join lateral (
    select min(newer.valid_from) as amended
    from sharing_agreement newer
    where newer.amends = a.id
        and newer.owner_signed_at is not null
        and newer.reader_signed_at is not null
) as newer
where owner_signed_at is not null
    and reader_signed_at is not null
    and revoked_at is null
    and (valid_to is null or valid_to > now())
    and (amended is null or amended > now())
order by owner, id;

-- name: list_personal
-- Types whose entities hold personal data, of each tenant that has any. Few rows: looked at often.
select tenant, array_agg(type) from owned_type where personal group by tenant;
