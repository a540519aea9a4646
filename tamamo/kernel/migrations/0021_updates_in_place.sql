-- Changes of an entity stay on its page and touch no index. An index whose condition looks into
-- `attrs` forbade that to every change of a value: what it was for has a column now.
alter table entity add column attrs_expire_at timestamptz;   -- the first expiresAt of an attribute
update entity
set attrs_expire_at = (
    select min((found.moment #>> '{}')::timestamptz)
    from jsonb_path_query(attrs, '$.*[*].expiresAt') as found (moment)
)
where jsonb_path_exists(attrs, '$.*[*].expiresAt');
drop index entity_with_expiring;
create index entity_attrs_expiring on entity (attrs_expire_at) where attrs_expire_at is not null;

-- Room on each page for the next version of its rows.
alter table entity set (fillfactor = 80);
alter table temporal_entity set (fillfactor = 80);
