-- Sharing agreements: proposed, signed by an approver of each side, revoked. Terms never change.

-- name: insert_agreement
-- A proposal.
insert into sharing_agreement (
    owner, reader, types, attrs, actions, purpose, valid_from, valid_to, amends, proposed_by,
    proposed_for
) values (
    %(owner)s, %(reader)s, %(types)s, %(attrs)s, %(actions)s, %(purpose)s, %(valid_from)s,
    %(valid_to)s, %(amends)s, %(by)s, %(side)s
)
returning id;

-- name: lock_agreement
-- Held until the end of the transaction: two who sign at once see each other.
select 1 from sharing_agreement where id = %(id)s for update;

-- name: list_agreements
-- Those of a tenant, or all; the newest first. With the moment a signed amendment takes its place.
select
    id, owner, reader, types, attrs, actions, purpose, valid_from, valid_to, amends, proposed_by,
    proposed_for, proposed_at, owner_signed_by, owner_signed_at, reader_signed_by,
    reader_signed_at, revoked_by, revoked_for, revoked_at, revoked_reason, newer.amended_from
from sharing_agreement a
cross join lateral (
    select min(newer.valid_from) as amended_from
    from sharing_agreement newer
    where newer.amends = a.id
        and newer.owner_signed_at is not null
        and newer.reader_signed_at is not null
) as newer
where (%(tenant)s::text is null or %(tenant)s in (owner, reader))
    and (%(id)s::uuid is null or id = %(id)s)
order by proposed_at desc, id;

-- name: sign_for_owner
-- The owner's approver signs.
update sharing_agreement set owner_signed_by = %(by)s, owner_signed_at = now() where id = %(id)s;

-- name: sign_for_reader
-- The reader's approver signs.
update sharing_agreement set reader_signed_by = %(by)s, reader_signed_at = now() where id = %(id)s;

-- name: revoke
-- It ends now.
update sharing_agreement
set revoked_by = %(by)s, revoked_for = %(side)s, revoked_at = now(), revoked_reason = %(reason)s
where id = %(id)s;

-- name: personal_types
-- Which of these types hold personal data of the owner.
select type from owned_type where tenant = %(owner)s and personal and type = any(%(types)s);

-- name: drills
-- Those of these tenants that are drills: what happens in one is shared with nobody.
select tenant from drill where tenant = any(%(names)s);

-- name: existing
-- Which of these tenants there are.
select name from tenant where name = any(%(names)s);

-- name: line
-- An agreement with those it amends and those that amend it, the oldest first.
with recursive older as (
    select id, amends from sharing_agreement where id = %(id)s
    union
    select a.id, a.amends from sharing_agreement a join older o on a.id = o.amends
), line as (
    select id from older
    union
    select a.id from sharing_agreement a join line l on a.amends = l.id
)
select a.id from sharing_agreement a join line using (id) order by a.proposed_at, a.id;

-- name: changed
-- Tell all processes to read again.
update town_generation set generation = generation + 1;
