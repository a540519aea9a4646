-- Moves when a notification is stored by another hand than the matcher's (the change of a context
-- source registration, what another broker told), so that each process looks at what waits.
alter table notification_state add column queued bigint not null default 0;
