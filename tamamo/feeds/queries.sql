-- name: declare_feed
-- A feed says who it is; what is known of its past stays.
insert into feed (
    tenant, id, name_ja, name_en, source, licence, interval_seconds, fresh_seconds, kinds, simulated
)
values (
    %(tenant)s, %(id)s, %(name_ja)s, %(name_en)s, %(source)s, %(licence)s, %(interval)s,
    %(fresh)s, %(kinds)s, %(simulated)s
)
on conflict (tenant, id) do update set
    name_ja = excluded.name_ja,
    name_en = excluded.name_en,
    source = excluded.source,
    licence = excluded.licence,
    interval_seconds = excluded.interval_seconds,
    fresh_seconds = excluded.fresh_seconds,
    kinds = excluded.kinds,
    simulated = excluded.simulated;

-- name: feed_succeeded
-- A run went well; lag and record stay as they were when the run brought none.
update feed set
    last_attempt_at = %(at)s,
    last_success_at = %(at)s,
    successes = successes + 1,
    actual_seconds = coalesce(
        0.8 * actual_seconds + 0.2 * extract(epoch from %(at)s - last_success_at),
        extract(epoch from %(at)s - last_success_at)
    ),
    consecutive_failures = 0,
    stored = stored + %(stored)s,
    repeated = repeated + %(repeated)s,
    late = late + %(late)s,
    rejected = rejected + %(rejected)s,
    suspect = suspect + %(suspects)s,
    unauthorised = unauthorised + %(unauthorised)s,
    last_unauthorised_at = case
        when %(unauthorised)s > 0 then %(at)s else last_unauthorised_at
    end,
    unusable = case
        when %(came)s then 0 when %(rejected)s > 0 then unusable + 1 else unusable
    end,
    newest_at = greatest(newest_at, %(newest)s),
    lag_seconds = coalesce(%(lag)s, lag_seconds),
    last_record = coalesce(%(record)s, last_record)
where tenant = %(tenant)s and id = %(id)s;

-- name: feed_failed
-- A run failed: counted at the feed and at its kind of error.
with failed as (
    update feed set
        last_attempt_at = %(at)s,
        consecutive_failures = consecutive_failures + 1
    where tenant = %(tenant)s and id = %(id)s
    returning tenant, id
)
insert into feed_error (tenant, feed_id, kind, last_at, count, message)
select tenant, id, %(kind)s, %(at)s, 1, %(message)s from failed
on conflict (tenant, feed_id, kind) do update set
    last_at = excluded.last_at,
    count = feed_error.count + 1,
    message = excluded.message;

-- name: list_feeds
-- Every feed with its errors, for the console and `tamamo feeds`.
select
    f.tenant, f.id, f.name_ja, f.name_en, f.source, f.licence, f.interval_seconds,
    f.actual_seconds,
    f.last_attempt_at, f.last_success_at, f.successes, f.consecutive_failures,
    f.stored, f.repeated, f.late, f.rejected, f.lag_seconds, f.last_record,
    f.fresh_seconds, f.newest_at, f.suspect, f.unusable, f.unauthorised, f.last_unauthorised_at,
    f.kinds, f.simulated,
    coalesce(
        (
            select json_agg(
                json_build_object(
                    'kind', e.kind, 'last_at', e.last_at, 'count', e.count, 'message', e.message
                ) order by e.last_at desc
            )
            from feed_error e
            where e.tenant = f.tenant and e.feed_id = f.id
        ),
        '[]'
    ) as errors
from feed f
where %(tenant)s::text is null or f.tenant = %(tenant)s
order by f.tenant, f.id;

-- name: keep_record
-- A raw record as it came.
insert into feed_record (tenant, feed_id, received_at, name, reader, body)
values (%(tenant)s, %(id)s, %(at)s, %(name)s, %(reader)s, %(body)s);

-- name: trim_records
-- Only the last ones are kept.
delete from feed_record
where tenant = %(tenant)s and feed_id = %(id)s and number <= (
    select number from feed_record
    where tenant = %(tenant)s and feed_id = %(id)s
    order by number desc offset %(kept)s limit 1
);

-- name: list_records
-- What is kept of a feed, newest first, without the records themselves.
select number, received_at, name, length(body), reader is not null
from feed_record
where tenant = %(tenant)s and feed_id = %(id)s
order by number desc;

-- name: find_record
-- One record whole.
select received_at, name, reader, body
from feed_record
where tenant = %(tenant)s and feed_id = %(id)s and number = %(number)s;

-- name: keep_rejects
-- A rejects file.
insert into feed_rejects (tenant, feed_id, noted_at, name, rows, body)
values (%(tenant)s, %(id)s, %(at)s, %(name)s, %(rows)s, %(body)s);

-- name: trim_rejects
-- Only the last ones are kept.
delete from feed_rejects
where tenant = %(tenant)s and feed_id = %(id)s and number <= (
    select number from feed_rejects
    where tenant = %(tenant)s and feed_id = %(id)s
    order by number desc offset %(kept)s limit 1
);

-- name: list_rejects
-- The rejects files of a feed, newest first.
select number, noted_at, name, rows
from feed_rejects
where tenant = %(tenant)s and feed_id = %(id)s
order by number desc;

-- name: find_rejects
-- One rejects file.
select name, body
from feed_rejects
where tenant = %(tenant)s and feed_id = %(id)s and number = %(number)s;

-- name: last_readings
-- The newest readings of some series before a moment, oldest first: what a judge has to know.
select reading.entity_id, reading.attr, h.at, h.number, h.instance
from unnest(%(ids)s::text[], %(attrs)s::text[], %(befores)s::timestamptz[])
    as reading (entity_id, attr, before)
cross join lateral (
    select at, number, instance
    from attribute_history
    where tenant = %(tenant)s
        and entity_id = reading.entity_id
        and attr = reading.attr
        and dataset_id = ''
        and at < reading.before
        and at >= reading.before - interval '7 days'
        and number is not null
        and observed_at is not null
        and deleted_at is null
    order by at desc
    limit %(most)s
) h
order by h.at;

-- name: switches
-- What operators have switched on and off in their towns.
select tenant, feed_id, is_on, options, changed_at, changed_by
from feed_switch
where %(tenant)s::text is null or tenant = %(tenant)s;

-- name: switch_feed
-- A feed on or off in a town, with its options.
insert into feed_switch (tenant, feed_id, is_on, options, changed_by)
values (%(tenant)s, %(id)s, %(is_on)s, %(options)s, %(by)s)
on conflict (tenant, feed_id) do update set
    is_on = excluded.is_on,
    options = excluded.options,
    changed_at = now(),
    changed_by = excluded.changed_by;

-- name: claim_feed
-- Be the process that runs a feed of a town, as long as this session lasts.
select pg_try_advisory_lock(%(kind)s, hashtext(%(name)s));

-- name: release_feed
-- Let another process run it.
select pg_advisory_unlock(%(kind)s, hashtext(%(name)s));

-- name: ids_of_type
-- The entities of a type in a tenant.
select id from entity where tenant = %(tenant)s and type = %(type)s;
