-- Devices that publish to an MQTT broker: what of a connection must outlive a process. Keys and
-- passwords never stand here; a topic with a key in it is kept with `{key}` in its place.

-- A connection's name at its broker, by which the broker keeps what comes while nobody listens.
create table mqtt_session (
    connection text primary key,         -- as its file is called
    client_id text not null,
    filters text[] not null default '{}' -- subscribed last: what is no longer wanted is let go
);

-- When the messages under way came: one that the broker sends again and that has no time of its
-- own is taken for the same moment, so that it is found to be a repeat. The last batches only.
create table mqtt_arrival (
    connection text not null,
    packet integer not null,             -- packet identifier, kept by the broker when it sends again
    digest bytea not null,               -- of topic and payload
    at timestamptz not null,
    batch bigint not null,
    primary key (connection, packet)
);

-- What could not be used, by topic and reason: counted, with the last example.
create table mqtt_trouble (
    tenant text not null,
    feed text not null,                  -- as in table feed
    topic text not null,
    code text not null,
    field text not null,
    ja text not null,
    en text not null,
    count bigint not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    example text not null,               -- the beginning of the last payload; '' where it may hold a key
    primary key (tenant, feed, topic, code, field)
);
create index mqtt_trouble_newest on mqtt_trouble (tenant, last_at desc);
