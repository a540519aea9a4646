-- name: contacts
select * from contact where tenant = %(tenant)s order by staff desc, organisation, name, id

-- name: contacts_by_id
select * from contact where tenant = %(tenant)s and id::text = any(%(ids)s)

-- name: contact_of_subject
select * from contact where tenant = %(tenant)s and subject = %(subject)s

-- name: add_contact
insert into contact (tenant, name, organisation, staff, subject, language, note, addresses)
values (
    %(tenant)s, %(name)s, %(organisation)s, %(staff)s, %(subject)s, %(language)s, %(note)s,
    %(addresses)s
)
returning id::text

-- name: change_contact
update contact
set
    name = %(name)s, organisation = %(organisation)s, staff = %(staff)s, subject = %(subject)s,
    language = %(language)s, note = %(note)s, addresses = %(addresses)s, version = version + 1,
    changed_at = now()
where tenant = %(tenant)s and id::text = %(id)s and version = %(version)s
returning version

-- name: delete_contact
delete from contact where tenant = %(tenant)s and id::text = %(id)s returning id

-- name: documents
-- What is kept as a document: rosters or trees.
select id::text, name, document, version
from {table}
where tenant = %(tenant)s and (%(id)s::text is null or id::text = %(id)s)
order by name, id

-- name: add_document
insert into {table} (tenant, name, document) values (%(tenant)s, %(name)s, %(document)s)
returning id::text

-- name: change_document
update {table} set name = %(name)s, document = %(document)s, version = version + 1, changed_at = now()
where tenant = %(tenant)s and id::text = %(id)s and version = %(version)s
returning version

-- name: delete_document
delete from {table} where tenant = %(tenant)s and id::text = %(id)s returning id

-- name: changes
select begins_at, ends_at, absent::text, present::text, id::text, reason
from duty_change
where tenant = %(tenant)s and roster::text = %(roster)s
    and ends_at > %(begins)s and begins_at < %(ends)s
order by made_at, id

-- name: add_change
insert into duty_change (tenant, roster, begins_at, ends_at, absent, present, reason, actor)
values (
    %(tenant)s, %(roster)s::uuid, %(begins)s, %(ends)s, %(absent)s::uuid, %(present)s::uuid,
    %(reason)s, %(actor)s
)
returning id::text

-- name: delete_change
delete from duty_change where tenant = %(tenant)s and id::text = %(id)s returning roster::text

-- name: rules
select id, name, tree, active, document, position, version
from call_rule
where tenant = %(tenant)s and (%(id)s::text is null or id::text = %(id)s)
order by position, name, id

-- name: add_rule
insert into call_rule (tenant, position, name, tree, active, document)
values (
    %(tenant)s, (select coalesce(max(position), 0) + 1 from call_rule where tenant = %(tenant)s),
    %(name)s, %(tree)s::uuid, %(active)s, %(document)s
)
returning id::text

-- name: change_rule
update call_rule
set
    name = %(name)s, tree = %(tree)s::uuid, active = %(active)s, document = %(document)s,
    version = version + 1, changed_at = now()
where tenant = %(tenant)s and id::text = %(id)s and version = %(version)s
returning version

-- name: delete_rule
delete from call_rule where tenant = %(tenant)s and id::text = %(id)s returning id

-- name: copy
-- One town's people, trees, rosters and rules for a drill of it, under the same ids.
with c as (
    insert into contact (tenant, id, name, organisation, staff, subject, language, note, addresses)
    select %(into)s, id, name, organisation, staff, subject, language, note, addresses
    from contact where tenant = %(of)s
    on conflict do nothing
), r as (
    insert into duty_roster (tenant, id, name, document)
    select %(into)s, id, name, document from duty_roster where tenant = %(of)s
    on conflict do nothing
), d as (
    insert into duty_change
        (tenant, id, roster, begins_at, ends_at, absent, present, reason, actor, made_at)
    select %(into)s, id, roster, begins_at, ends_at, absent, present, reason, actor, made_at
    from duty_change where tenant = %(of)s
    on conflict do nothing
), t as (
    insert into call_tree (tenant, id, name, document)
    select %(into)s, id, name, document from call_tree where tenant = %(of)s
    on conflict do nothing
), p as (
    insert into push_subscription (tenant, id, owner, endpoint, p256dh, auth, language)
    select %(into)s, id, owner, endpoint, p256dh, auth, language
    from push_subscription where tenant = %(of)s and owner like 'contact:%%'
    on conflict do nothing
)
insert into call_rule (tenant, id, position, name, tree, active, document)
select %(into)s, id, position, name, tree, active, document from call_rule where tenant = %(of)s
on conflict do nothing
