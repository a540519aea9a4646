-- Messages to people: written in the transaction of the act that sends them, delivered by
-- `tamamo work`. Addresses and texts are personal; rows go after some months (tamamo/messaging).
create table message (
    tenant text not null,
    id uuid not null default gen_random_uuid(),
    channel text not null check (channel in ('mail', 'webhook', 'webpush', 'line', 'sms')),
    recipient text not null,             -- address, URL, or the id of a push subscription
    subject text not null,
    body text not null,
    url text not null default '',        -- where the reader goes
    unsubscribe text not null default '',
    language text not null default 'ja',
    about text not null default '',      -- what it belongs to
    dedupe text,                         -- within the tenant there is one with it
    urgent boolean not null default false,
    drill boolean not null,              -- made in a drill: never sent outside one
    host text not null,                  -- messages to one host share its limit and its pauses
    state text not null default 'queued'
        check (state in ('queued', 'sent', 'delivered', 'read', 'failed', 'withheld')),
    reason text not null default '',     -- a word that stays: why it failed or was withheld
    detail text not null default '',     -- what the other side said, without addresses
    attempts integer not null default 0,
    next_at timestamptz,                 -- queued: not to be tried before; a process at it moves it on
    created_at timestamptz not null,
    expires_at timestamptz not null,     -- not sent any more after this
    sent_at timestamptz,
    delivered_at timestamptz,
    read_at timestamptz,
    ended_at timestamptz,
    primary key (tenant, id)
);
create unique index message_once on message (tenant, dedupe) where dedupe is not null;
create index message_due on message (next_at) where state = 'queued';
create index message_about on message (tenant, about, created_at);
create index message_by_age on message (created_at);

-- Browsers that take notifications (RFC 8030); a row goes when its push service says it is gone.
create table push_subscription (
    tenant text not null,
    id uuid not null default gen_random_uuid(),
    owner text not null,                 -- contact:<id>, user:<id>, resident:<id>
    endpoint text not null,
    p256dh text not null,                -- the browser's public key, base64url
    auth text not null,                  -- its authentication secret, base64url
    language text not null default 'ja',
    created_at timestamptz not null default now(),
    last_ok_at timestamptz,
    primary key (tenant, id),
    unique (tenant, owner, endpoint)
);

-- What a town's mails say of who sends them; without a row the installation's own address.
create table message_sender (
    tenant text primary key,
    mail_from text not null default '',
    mail_name jsonb not null default '{}'    -- language → name; none: the town's title
);
