-- Without statistics of it, PostgreSQL takes a third of all entities to have several types, and
-- plans for them: over a million entities each page of one type then looks for others of that type
-- by going through all (docs/adr/0054).
create statistics entity_of_several_types on (cardinality(types)) from entity;
analyze entity;
