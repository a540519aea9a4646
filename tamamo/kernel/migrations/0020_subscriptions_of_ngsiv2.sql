-- Subscriptions made through the NGSIv2 door stand beside those of NGSI-LD, and notifications may
-- be more than a body posted to one address.

-- Through which API a subscription was made: only that one shows and changes it.
alter table subscription add column api text not null default 'ngsi-ld';
-- Failures since the last success, and what the last one was.
alter table subscription add column fails_in_row integer not null default 0;
alter table subscription add column last_error text;

-- How it is sent, where that is not by its subscription alone (JSON).
alter table notification add column request text;
