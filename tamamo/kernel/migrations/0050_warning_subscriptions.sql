-- Residents who want to be told of warnings. An address is personal data: it goes with the row.
create table warning_subscription (
    tenant text not null,
    id uuid not null default gen_random_uuid(),
    channel text not null check (channel in ('mail', 'webpush')),
    address text,                        -- of a mail; where a push goes, tamamo.messaging knows
    language text not null check (language in ('ja', 'en', 'easy')),
    least_level smallint not null default 0 check (least_level between 0 and 5),
    places text[] not null default '{}', -- {}: the whole town
    -- The SHA-256 of what the mail that asks for confirmation holds; null once confirmed.
    asked bytea,
    asked_at timestamptz not null default now(),
    -- What each mail holds to end it with one click; it opens nothing else.
    leaving text not null,
    created_at timestamptz not null default now(),
    confirmed_at timestamptz,
    primary key (tenant, id),
    check ((channel = 'mail') = (address is not null))
);
create unique index warning_subscription_address on warning_subscription (tenant, lower(address))
    where channel = 'mail';
create index warning_subscription_leaving on warning_subscription (leaving);
create index warning_subscription_unconfirmed on warning_subscription (asked_at)
    where confirmed_at is null;
