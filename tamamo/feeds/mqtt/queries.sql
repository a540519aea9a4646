-- name: open_session
-- A connection's name at its broker: the first one proposed stays.
insert into mqtt_session (connection, client_id) values (%(connection)s, %(client_id)s)
on conflict (connection) do update set connection = excluded.connection
returning client_id, filters;

-- name: note_filters
-- What is subscribed to now.
update mqtt_session set filters = %(filters)s where connection = %(connection)s;

-- name: known_arrivals
-- When messages that are sent again came first.
select packet, digest, at from mqtt_arrival
where connection = %(connection)s and packet = any(%(packets)s);

-- name: last_batch
-- The number of the batch noted last.
select coalesce(max(batch), 0) from mqtt_arrival where connection = %(connection)s;

-- name: drop_arrivals
-- Batches that the broker has had our word for.
delete from mqtt_arrival where connection = %(connection)s and batch < %(batch)s;

-- name: note_arrivals
-- When the messages of a batch came.
insert into mqtt_arrival (connection, packet, digest, at, batch)
select %(connection)s, packet, digest, at, %(batch)s
from unnest(%(packets)s::int[], %(digests)s::bytea[], %(ats)s::timestamptz[])
    as new (packet, digest, at)
on conflict (connection, packet) do update set
    digest = excluded.digest, at = excluded.at, batch = excluded.batch;

-- name: note_troubles
-- What could not be used: one more of its topic and reason.
insert into mqtt_trouble
    (tenant, feed, topic, code, field, ja, en, count, first_at, last_at, example)
select tenant, feed, topic, code, field, ja, en, count, %(at)s, %(at)s, example
from unnest(
    %(tenants)s::text[], %(feeds)s::text[], %(topics)s::text[], %(codes)s::text[],
    %(fields)s::text[], %(jas)s::text[], %(ens)s::text[], %(counts)s::bigint[],
    %(examples)s::text[]
) as new (tenant, feed, topic, code, field, ja, en, count, example)
on conflict (tenant, feed, topic, code, field) do update set
    ja = excluded.ja, en = excluded.en, count = mqtt_trouble.count + excluded.count,
    last_at = excluded.last_at, example = excluded.example;

-- name: trim_troubles
-- Of each feed only the newest: anybody can invent topics.
delete from mqtt_trouble t
using unnest(%(tenants)s::text[], %(feeds)s::text[]) as f (tenant, feed)
where t.tenant = f.tenant and t.feed = f.feed and t.last_at < (
    select last_at from mqtt_trouble o
    where o.tenant = f.tenant and o.feed = f.feed
    order by last_at desc offset %(kept)s limit 1
);

-- name: list_troubles
-- What could not be used in a tenant, the newest first.
select feed, topic, code, field, ja, en, count, first_at, last_at, example
from mqtt_trouble
where tenant = %(tenant)s and (%(feed)s::text is null or feed = %(feed)s)
order by last_at desc, topic
limit %(most)s;
