-- name: list_views
-- Views of a register that somebody sees: their own, and those shared with a unit of theirs.
-- units null: whoever asks works for the whole town and sees every shared one.
select v.id, v.register, v.name, v.query, v.owner, v.shared, coalesce(u.name, '') as owner_name
from saved_view v
left join accounts_user u on v.owner = 'user:' || u.id
where v.tenant = %(tenant)s
  and (%(register)s::text is null or v.register = %(register)s)
  and (v.owner = %(owner)s
       or (v.shared and (v.unit is null or %(units)s::text[] is null or v.unit = any(%(units)s))))
order by v.owner <> %(owner)s, v.name, v.id;

-- name: save_view
-- The same name again replaces one's own view.
insert into saved_view (tenant, register, owner, unit, shared, name, query)
values (%(tenant)s, %(register)s, %(owner)s, %(unit)s, %(shared)s, %(name)s, %(query)s)
on conflict (tenant, register, owner, name)
do update set query = excluded.query, shared = excluded.shared, unit = excluded.unit
returning id;

-- name: delete_view
delete from saved_view
where tenant = %(tenant)s and register = %(register)s and id = %(id)s and owner = %(owner)s
returning name;
