"""What stands in Beta as rows."""

from typing import Final

#: Of Beta's datasets one is open; one is a draft whose version waits; one was taken back.
DATASETS: Final = """
with made (id, state, words) as (values
    ('open-list', 'published', 'open'), ('bq7xdraft', 'draft', 'bq7x'), ('bq7xgone',
    'unpublished', 'bq7x')
), settled as (
    insert into dataset (tenant, id, kind, state, metadata, unit, groups, tags, formats, licence,
        title_key, folded, fields, versions, rows, created_by, changed_by, published_at, data_at)
    select 'beta', id, 'file', state, jsonb_build_object(
            'title', jsonb_build_object('ja', words || 'title', 'en', words || 'headline'),
            'description', jsonb_build_object('ja', words || 'about', 'en', ''),
            'unit', words || 'unit', 'tags', jsonb_build_array(words || 'tag'),
            'groups', jsonb_build_array(words || 'group')),
        words || 'unit', array[words || 'group'], array[words || 'tag'],
        '{csv,json}', 'CC-BY-4.0', words || 'title', words || 'title ' || words || 'about',
        jsonb_build_array(jsonb_build_object('name', 'a', 'label',
            jsonb_build_object('ja', words || 'column', 'en', ''))),
        1, 1, 'user:1', 'user:1', case when state <> 'draft' then now() end, now()
    from made returning id
), versions as (
    insert into dataset_version (tenant, dataset, number, state, filename, size, sha256, fields,
        rows, note, created_by, submitted_by, submitted_at, approved_by, published_at, reason)
    select 'beta', id, 1, case state when 'draft' then 'submitted' else 'published' end,
        words || 'sheet.csv', 1, 'x', jsonb_build_array(jsonb_build_object('name', 'a', 'label',
            jsonb_build_object('ja', words || 'column', 'en', ''))), 1, words || 'note', 'user:1',
        'user:1', now(), case when state <> 'draft' then 'user:2' end,
        case when state <> 'draft' then now() end,
        case state when 'unpublished' then '{"code": "withdrawn", "ja": "bq7xwhy", "en": ""}'::jsonb
        end
    from made returning id, dataset
), cells as (
    insert into dataset_row (tenant, version, number, cells, texts)
    select 'beta', v.id, 1, jsonb_build_array(m.words || 'inner'), m.words || 'cell'
    from versions v join made m on m.id = v.dataset returning version
)
insert into dataset_change (tenant, dataset, version, kind)
select 'beta', id, 1, 'published' from made where state <> 'draft';
update dataset d set current = v.id from dataset_version v
where d.tenant = 'beta' and v.tenant = 'beta' and v.dataset = d.id and v.state = 'published'
"""
