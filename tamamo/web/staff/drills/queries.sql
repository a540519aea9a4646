-- name: people
-- Who works for a town now: accounts with one of the roles there, with their mail addresses.
select 'user:' || u.id, coalesce(nullif(u.name, ''), u.email), u.email, array_agg(distinct g.role)
from accounts_user as u
join role_grant as g on g.subject = 'user:' || u.id
where u.is_active
    and g.tenant in (%(tenant)s, '*')
    and g.role = any(%(roles)s)
    and g.revoked_at is null
    and g.valid_from <= now()
    and (g.valid_to is null or g.valid_to > now())
group by u.id
order by 2, 1;

-- name: names
-- What accounts are called, by subject (user:<id>).
select 'user:' || u.id, coalesce(nullif(u.name, ''), u.email)
from accounts_user as u
where 'user:' || u.id = any(%(subjects)s::text[]);
