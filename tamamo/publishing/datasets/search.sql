-- name: found
-- A page of the datasets that match, how many there are, and how many of each kind of value.
with matched as materialized (
    select
        d.id, d.unit, d.groups, d.tags, d.formats, d.licence,
        case when 'cycle' = any(%(facets)s) then d.metadata ->> 'cycle' end as cycle,
        d.title_key, d.created_at,
        case when d.kind = 'live' then now() else coalesce(d.data_at, d.changed_at) end as data_at,
        case when %(sort)s = 'relevance' and cardinality(%(words)s::text[]) > 0 then (
            select count(*) from unnest(%(words)s::text[]) as w (word) where d.title_key like w.word
        ) else 0 end as hits
    from dataset d
    where d.tenant = %(tenant)s
        and d.state = any(%(states)s::text[])
        and (d.type is null or %(all_types)s or d.type = any(%(types)s::text[]))
        and (%(ids)s::text[] is null or d.id = any(%(ids)s))
        and (%(units)s::text[] is null or d.unit = any(%(units)s))
        and d.groups @> %(groups)s::text[]
        and d.tags @> %(tags)s::text[]
        and d.formats @> %(formats)s::text[]
        and (%(licences)s::text[] is null or d.licence = any(%(licences)s))
        and (%(kind)s::text is null or d.kind = %(kind)s)
        and (%(overdue)s::bool is null
            or %(overdue)s = coalesce(d.due < %(today)s and d.state = 'published', false))
        and (%(since)s::timestamptz is null
            or greatest(d.changed_at, d.data_at) >= %(since)s or d.kind = 'live')
        and (%(until)s::timestamptz is null or greatest(d.changed_at, d.data_at) <= %(until)s)
        and d.folded like all (%(words)s::text[])
),
-- Sorted as far as the page goes only: all of ten thousand would be most of the work.
page as materialized (
    select id
    from matched
    order by
        case %(sort)s when 'relevance' then -hits end,
        case %(sort)s when 'title' then title_key end,
        case %(sort)s when '-title' then title_key end desc,
        case %(sort)s when 'modified' then data_at when 'created' then created_at end,
        case %(sort)s when '-id' then id end desc,
        case when %(sort)s in ('-modified', 'relevance') then data_at
            when %(sort)s = '-created' then created_at end desc,
        id
    limit %(rows)s offset %(start)s
)
select 'total', null, count(*), null::bigint from matched
union all
(select 'page', id, null, row_number() over () from page)
union all
select 'organization', unit, count(*), null from matched
    where 'organization' = any(%(facets)s) and unit <> '' group by unit
union all
select 'groups', g, count(*), null from matched, unnest(groups) as g
    where 'groups' = any(%(facets)s) group by g
union all
select 'tags', t, count(*), null from matched, unnest(tags) as t
    where 'tags' = any(%(facets)s) group by t
union all
select 'formats', f, count(*), null from matched, unnest(formats) as f
    where 'formats' = any(%(facets)s) group by f
union all
select 'licence', licence, count(*), null from matched
    where 'licence' = any(%(facets)s) group by licence
union all
select 'cycle', cycle, count(*), null from matched
    where 'cycle' = any(%(facets)s) and cycle is not null group by cycle;

-- name: units
-- Units that have datasets, to find the one of a name.
select distinct unit from dataset where tenant = %(tenant)s;

-- name: ids
select d.id, case when d.kind = 'live' then now() else greatest(d.changed_at, d.data_at) end
from dataset d
where d.tenant = %(tenant)s and d.state = 'published'
    and (d.type is null or %(all_types)s or d.type = any(%(types)s::text[]))
order by d.id;
