-- name: count_try
-- One more try for each key: how many within the window, and until when the key is locked. Counted
-- before the password is looked at, so that tries at the same moment count too.
insert into accounts_signinfailure as f (key, failures, first_at)
select key, 1, now() from unnest(%(keys)s::text[]) as key order by key
on conflict (key) do update set
    failures = case when f.first_at < now() - %(window)s::interval
                     and (f.locked_until is null or f.locked_until <= now())
                    then 1 else f.failures + 1 end,
    first_at = case when f.first_at < now() - %(window)s::interval
                     and (f.locked_until is null or f.locked_until <= now())
                    then now() else f.first_at end,
    locked_until = case when f.locked_until > now() then f.locked_until end
returning key, failures, extract(epoch from locked_until - now())::float8

-- name: lock
-- Locks a key that was not locked; says whether it is this call that did.
update accounts_signinfailure set locked_until = now() + %(lock)s::interval
where key = %(key)s and (locked_until is null or locked_until <= now())
returning key

-- name: locked
select extract(epoch from locked_until - now())::float8 from accounts_signinfailure
where key = any(%(keys)s) and locked_until > now()

-- name: take_back
-- A try that went well does not count.
update accounts_signinfailure set failures = greatest(failures - 1, 0) where key = any(%(keys)s)

-- name: forget
delete from accounts_signinfailure where key = any(%(keys)s)

-- name: tidy
delete from accounts_signinfailure
where first_at < now() - interval '1 day' and (locked_until is null or locked_until < now())
