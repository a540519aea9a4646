-- Who sent a value back, and why: beside the reason its owner gave for it, not in its place.
alter table plan_value
    add column declined_by text,
    add column declined_at timestamptz,
    add column declined_why text not null default '';
