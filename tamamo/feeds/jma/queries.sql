-- name: keep_telegram
insert into jma_telegram (tenant, digest, title, report_at, mode, name, body)
values (%(tenant)s, %(digest)s, %(title)s, %(report_at)s, %(mode)s, %(name)s, %(body)s)
on conflict do nothing

-- name: drop_old_telegrams
-- What a town heard long ago; the newest of each kind stays, which may still be in force.
delete from jma_telegram old
where tenant = %(tenant)s
    and received_at < now() - %(kept)s
    and exists (
        select 1 from jma_telegram newer
        where newer.tenant = old.tenant and newer.title = old.title
            and newer.report_at > old.report_at
    )

-- name: recent_telegrams
select body from (
    select body, report_at, digest from jma_telegram
    where tenant = %(tenant)s
    order by report_at desc, digest
    limit %(most)s
) newest
order by report_at, digest

-- name: written_at
select last_success_at from feed where tenant = %(tenant)s and id = %(feed)s

-- name: list_frames
select valid_at, base_at, fetched_at from nowcast_frame where tenant = %(tenant)s order by valid_at

-- name: find_zoom
select z from nowcast_tile where tenant = %(tenant)s limit 1

-- name: find_tile
select t.body
from nowcast_tile t
join nowcast_frame f using (tenant, valid_at)
where t.tenant = %(tenant)s and t.valid_at = %(valid)s and f.base_at = %(base)s
    and t.z = %(z)s and t.x = %(x)s and t.y = %(y)s

-- name: drop_frames
-- All but the given pictures go, with their tiles.
with gone as (
    delete from nowcast_frame f
    where tenant = %(tenant)s and not exists (
        select 1
        from unnest(%(valid)s::timestamptz[], %(bases)s::timestamptz[]) as kept (valid_at, base_at)
        where kept.valid_at = f.valid_at and kept.base_at = f.base_at
    )
    returning valid_at
)
delete from nowcast_tile
where tenant = %(tenant)s and valid_at in (select valid_at from gone)

-- name: add_frame
insert into nowcast_frame (tenant, valid_at, base_at, fetched_at)
values (%(tenant)s, %(valid)s, %(base)s, %(at)s)
on conflict (tenant, valid_at)
do update set base_at = excluded.base_at, fetched_at = excluded.fetched_at

-- name: add_tile
insert into nowcast_tile (tenant, valid_at, z, x, y, body)
values (%(tenant)s, %(valid)s, %(z)s, %(x)s, %(y)s, %(body)s)
on conflict (tenant, valid_at, z, x, y) do update set body = excluded.body
