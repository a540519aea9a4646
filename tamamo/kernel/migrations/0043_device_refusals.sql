-- Keys of devices that opened nothing: how often, why, when last. One row a device and reason; a
-- key nobody knows belongs to no device ('') and is counted where it was tried.
create table device_refusal (
    tenant text not null,
    device text not null default '',
    reason text not null,                 -- unknown_key, revoked, expired, replaced, wrong_topic, …
    count bigint not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    primary key (tenant, device, reason)
);
