-- name: head
-- What an evolution is about: all types it ever had, and where it is now.
select types, scopes from temporal_entity where tenant = %(tenant)s and entity_id = %(id)s
