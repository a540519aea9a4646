-- What came of the requests to a registration's source (table 5.2.9-2).
alter table registration
add column times_sent bigint not null default 0,
add column times_failed bigint not null default 0,
add column last_success timestamptz,
add column last_failure timestamptz;
