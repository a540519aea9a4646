-- name: insert
-- What an act did to each record, in the order of the arrays; answers the numbers in that order.
with wanted as materialized (
    select *
    from unnest(
        %(entities)s::text[], %(titles)s::text[], %(heads)s::text[], %(befores)s::text[],
        %(afters)s::text[], %(undoes)s::bigint[]
    ) with ordinality as w (entity_id, title, head, before, after, undoes, place)
), numbered as materialized (
    select w.*, nextval(pg_get_serial_sequence('register_edit', 'id')) as id
    from wanted w
    order by w.place
), inserted as (
    insert into register_edit (
        tenant, entity_id, id, register, batch, kind, actor, name, at, title, note, head, before,
        after, undoes
    )
    overriding system value
    select
        %(tenant)s, n.entity_id, n.id, %(register)s, %(batch)s::uuid, %(kind)s, %(actor)s,
        %(name)s, %(at)s::timestamptz, n.title, %(note)s, n.head::json, n.before::jsonb,
        n.after::jsonb, n.undoes
    from numbered n
)
select id from numbered order by place;

-- name: of_record
-- The newest acts on a record.
select
    id, batch::text, kind, actor, name, at, register, entity_id, title, before, after, note,
    undoes, undone_by
from register_edit
where tenant = %(tenant)s and entity_id = %(entity)s and register = %(register)s
order by id desc
limit %(limit)s offset %(offset)s;

-- name: of_registers
-- The newest acts on all records of some registers.
select
    id, batch::text, kind, actor, name, at, register, entity_id, title, before, after, note,
    undoes, undone_by
from register_edit
where tenant = %(tenant)s and register = any (%(registers)s::text[])
    and (%(actor)s::text is null or actor = %(actor)s::text)
    and (%(before)s::bigint is null or id < %(before)s::bigint)
order by id desc
limit %(limit)s;

-- name: last_after
-- Who changed a record last since a moment.
select name, at
from register_edit
where tenant = %(tenant)s and entity_id = %(entity)s and at > %(since)s::timestamptz
order by id desc
limit 1;

-- name: state_at
-- What attributes said at a moment: the newest instance of each written until then.
select distinct on (attr) attr, instance, deleted_at
from attribute_history
where tenant = %(tenant)s and entity_id = %(entity)s and attr = any (%(attrs)s::text[])
    and modified_at <= %(at)s::timestamptz
order by attr, modified_at desc;

-- name: written
-- The newest instances of some attributes, for changes that came without an editor.
select attr, instance, modified_at, deleted_at
from attribute_history
where tenant = %(tenant)s and entity_id = %(entity)s and attr = any (%(attrs)s::text[])
    and observed_at is null
order by modified_at desc
limit %(limit)s;

-- name: take_edit
-- An act that is to be undone, held so that it is undone once.
select
    id, entity_id, register, kind, title, head, before, after, undone_by, batch::text, actor, at
from register_edit
where tenant = %(tenant)s and id = %(id)s
for update;

-- name: take_batch
select
    id, entity_id, register, kind, title, head, before, after, undone_by, batch::text, actor, at
from register_edit
where tenant = %(tenant)s and batch = %(batch)s::uuid
order by id desc
for update;

-- name: mark_undone
update register_edit e
set undone_by = u.by
from unnest(%(ids)s::bigint[], %(bys)s::bigint[]) as u (id, by)
where e.tenant = %(tenant)s and e.id = u.id;
