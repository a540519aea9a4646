-- name: list_grants
-- What counts now for a subject. A day begins in Japan, where the organisation lists are made.
select g.id::text, g.tenant, g.role, g.unit, g.types, g.scopes
from role_grant g
where g.subject = %(subject)s
  and g.revoked_at is null
  and g.valid_from <= now() and (g.valid_to is null or now() < g.valid_to)
  and (g.unit is null or exists (
        select from org_unit u
        where u.tenant = g.tenant and u.id = g.unit
          and u.valid_from <= (now() at time zone 'Asia/Tokyo')::date
          and (u.valid_to is null or (now() at time zone 'Asia/Tokyo')::date < u.valid_to)))
order by g.granted_at, g.id;

-- name: find_user
-- A user who may sign in. The table is Django's (tamamo/accounts).
select name, home_tenant from accounts_user where id = %(id)s and is_active;

-- name: find_policy
-- What a tenant decided about its data.
select t.public_types,
       (select array_agg(o.type) from owned_type o where o.tenant = t.name and o.personal),
       (select jsonb_agg(jsonb_build_array(o.type, o.unit)) from owned_type o
        where o.tenant = t.name and o.unit is not null)
from tenant t
where t.name = %(tenant)s;
