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
