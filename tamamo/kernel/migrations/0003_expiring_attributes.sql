-- Entities with an attribute that expires (clause 4.22), for the sweep: few, so the index is small.
create index entity_with_expiring on entity (tenant, id)
    where jsonb_path_exists(attrs, '$.*[*].expiresAt');
