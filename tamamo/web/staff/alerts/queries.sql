-- name: people
-- What accounts are called, by subject (user:<id>).
select 'user:' || u.id, coalesce(nullif(u.name, ''), u.email)
from accounts_user as u
where 'user:' || u.id = any(%(subjects)s::text[]);
