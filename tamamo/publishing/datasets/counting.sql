-- name: count
-- Why each dataset counts or does not; the first reason holds.
select
    case
        when d.state <> 'published'
            or not (d.type is null or %(all_types)s or d.type = any(%(types)s::text[]))
            then 'not_public'
        when coalesce(d.rows, 0) = 0 then 'empty'
        when not d.licence = any(%(open)s) then 'closed_licence'
        when not d.formats && array['csv', 'json'] then 'no_machine_format'
        when coalesce((d.metadata ->> 'simulated')::bool, false) then 'simulated'
        else 'counts'
    end as why,
    d.kind,
    count(*)
from dataset d
where d.tenant = %(tenant)s
group by 1, 2;
