-- name: find_tenant
-- Whether a tenant exists.
select 1 from tenant where name = %(name)s;

-- name: insert_tenant
-- Make a tenant; another process may have been faster.
insert into tenant (name) values (%(name)s) on conflict do nothing;

-- name: list_tenants
-- All tenants.
select name from tenant order by name;
