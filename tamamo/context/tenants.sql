-- name: find_tenant
-- Whether a tenant exists.
select 1 from tenant where name = %(name)s;

-- name: insert_tenant
-- Make a tenant; another process may have been faster.
insert into tenant (name, created_by) values (%(name)s, %(by)s) on conflict do nothing
returning name;

-- name: towns_changed
-- Tell all processes to read the tenants again (kernel/towns/directory.py).
update town_generation set generation = generation + 1;

-- name: list_tenants
-- All tenants.
select name from tenant order by name;
