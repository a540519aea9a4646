-- What the queue (0034) does not know of a job: whose it is, how far it is, what came of it. And
-- what feeds brought last, as it came.

create table job (
    tenant text not null,
    id bigint not null references procrastinate_jobs (id) on delete cascade,
    actor text not null,                 -- who asked for it
    name text not null,                  -- what it is: a dotted name
    created_at timestamptz not null default now(),
    attempts integer not null default 0, -- begun
    started_at timestamptz,              -- of the last attempt
    ended_at timestamptz,
    done bigint not null default 0,      -- of `total`, in whatever the job counts
    total bigint,
    note text not null default '',       -- what it does now, or said at its end
    result jsonb,
    error text,                          -- of the last attempt that failed
    primary key (tenant, id)
);
create index job_newest on job (id desc);

-- Puts a job into the queue, in the transaction of whoever calls: committed together or not at all.
-- once: where one of this name and tenant waits already, that one is meant.
create function job_defer(
    p_tenant text, p_actor text, p_name text, p_args jsonb,
    p_once boolean default false, p_at timestamptz default null
) returns bigint language plpgsql as $$
declare
    p_id bigint;
    p_lock text := case when p_once then p_tenant || ' ' || p_name end;
begin
    while p_id is null loop
        begin
            select unnest(procrastinate_defer_jobs_v1(array[row(
                'default', p_name, 0, p_lock, p_lock,
                jsonb_build_object('tenant', p_tenant, 'actor', p_actor, 'args', p_args), p_at
            )]::procrastinate_job_to_defer_v1[])) into strict p_id;
        exception when unique_violation then
            -- Gone again when a worker took it meanwhile: then this one goes in.
            select id into p_id from procrastinate_jobs
            where queueing_lock = p_lock and status = 'todo';
            if p_id is not null then
                return p_id;
            end if;
        end;
    end loop;
    insert into job (tenant, id, actor, name) values (p_tenant, p_id, p_actor, p_name);
    return p_id;
end
$$;

-- How far apart a feed's runs really were: a mean in which the last ones count most.
alter table feed add column actual_seconds double precision;

-- The last raw records of each feed, as they came: to be read again when the reader was mended.
create table feed_record (
    tenant text not null,
    feed_id text not null,
    number bigint generated always as identity,
    received_at timestamptz not null,
    name text not null default '',       -- of the file, where it was one
    reader jsonb,                        -- what can read it again; null: nothing
    body bytea not null,
    primary key (tenant, feed_id, number)
);

-- Rows that could not be used, of the last runs that had any: the rejects file (CSV) itself.
create table feed_rejects (
    tenant text not null,
    feed_id text not null,
    number bigint generated always as identity,
    noted_at timestamptz not null,
    name text not null,                  -- of the file
    rows integer not null,
    body bytea not null,
    primary key (tenant, feed_id, number)
);
