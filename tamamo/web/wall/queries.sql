-- name: newest
-- When anything of a type last changed in a town, whoever may see it.
select max(modified_at)
from entity
where tenant = %(tenant)s and type = %(type)s;
