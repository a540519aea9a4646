-- name: insert
insert into register_import (tenant, register, owner, filename, content, options)
values (%(tenant)s, %(register)s, %(owner)s, %(filename)s, %(content)s, %(options)s::json)
returning id::text;

-- name: get
select
    id::text, register, filename, state, options, plan, counts, done, total, batch::text, error,
    created_at
from register_import
where tenant = %(tenant)s and owner = %(owner)s and id = %(id)s::uuid;

-- name: content
select content from register_import
where tenant = %(tenant)s and owner = %(owner)s and id = %(id)s::uuid;

-- name: rejects
select rejects from register_import
where tenant = %(tenant)s and owner = %(owner)s and id = %(id)s::uuid;

-- name: listed
select
    id::text, register, filename, state, options, plan, counts, done, total, batch::text, error,
    created_at
from register_import
where tenant = %(tenant)s and owner = %(owner)s and register = %(register)s
order by created_at desc
limit 20;

-- name: set_options
update register_import
set options = %(options)s::json, state = 'new', plan = null, changed_at = now()
where id = %(id)s::uuid and state in ('new', 'previewed', 'failed');

-- name: previewed
update register_import
set
    state = 'previewed', plan = %(plan)s::json, counts = %(counts)s::json,
    rejects = %(rejects)s::json, error = null, changed_at = now()
where id = %(id)s::uuid and state in ('new', 'previewed', 'failed');

-- name: claim
-- One process at a time applies an import; one that fell silent for five minutes has died.
update register_import
set state = 'running', done = 0, total = %(total)s, error = null, changed_at = now()
where id = %(id)s::uuid and (
    state in ('previewed', 'failed')
    or state = 'running' and changed_at < now() - interval '5 minutes'
)
returning id::text;

-- name: progress
update register_import
set done = %(done)s, changed_at = now()
where id = %(id)s::uuid;

-- name: finish
update register_import
set
    state = 'done', batch = %(batch)s::uuid, counts = %(counts)s::json,
    rejects = %(rejects)s::json, done = total, changed_at = now()
where id = %(id)s::uuid;

-- name: fail
update register_import
set state = 'failed', error = %(error)s::json, changed_at = now()
where id = %(id)s::uuid;

-- name: forget
-- Files are kept for a week: long enough to correct what was rejected.
delete from register_import where created_at < now() - interval '7 days';
