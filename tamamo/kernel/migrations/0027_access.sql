-- Who made what outlives a request: it may show or tell no more than its maker may see at the time.
-- Subjects as tamamo.kernel.identity has them; null: made before there were any, by the operator.

alter table subscription add column owner text;
alter table entity_map add column owner text;
-- What its maker was allowed to be told when a notification was made; null: everything.
alter table notification add column reach json;
create index subscription_of on subscription (tenant, owner);
