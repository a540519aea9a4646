-- Counts the changes of a tenant's registrations: processes compare it to know when to read them.
create table registration_generation (
    tenant text primary key,
    generation bigint not null
);
