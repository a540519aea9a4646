"""People of the tests as the database knows them: accounts and roles under ids the test chose."""

from tamamo.kernel.database import Connection
from tamamo.kernel.identity import Actor


async def settle(connection: Connection, *people: Actor) -> None:
    """Store actors with their grants, for what looks up whether somebody still may."""
    for actor in people:
        await connection.execute(
            "insert into accounts_user (id, email, password, name, home_tenant)"
            " values (%s, %s, '!', %s, %s) on conflict (id) do nothing",
            [actor.user_id, f"u{actor.user_id}@example.jp", actor.name, actor.tenant],
        )
        for grant in actor.grants:
            await connection.execute(
                "insert into role_grant (tenant, subject, role, unit, types, scopes, granted_by)"
                " select %s, %s, %s, %s, %s, %s, 'test' where not exists (select from role_grant"
                " where tenant = %s and subject = %s and role = %s and revoked_at is null)",
                [
                    grant.tenant, actor.subject, grant.role.value, grant.unit,
                    None if grant.types is None else list(grant.types),
                    None if grant.scopes is None else list(grant.scopes),
                    grant.tenant, actor.subject, grant.role.value,
                ],
            )  # fmt: skip


async def dismiss(connection: Connection, person: Actor, tenant: str) -> None:
    """Take somebody's roles in a town away."""
    await connection.execute(
        "update role_grant set revoked_at = now(), revoked_by = 'test'"
        " where subject = %s and tenant = %s and revoked_at is null",
        [person.subject, tenant],
    )


async def close(connection: Connection, person: Actor) -> None:
    """Close somebody's account, as when they leave."""
    await connection.execute(
        "update accounts_user set is_active = false where id = %s", [person.user_id]
    )
