"""Reading and writing the rows of warnings, each within one tenant."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from tamamo.kernel import sql
from tamamo.kernel.database import Connection
from tamamo.publishing.warnings.content import Content
from tamamo.publishing.warnings.errors import NoSuchWarning
from tamamo.publishing.warnings.model import (
    Draft,
    Published,
    Purpose,
    State,
    draft_of,
    published_of,
)

_SQL: Final = sql.load("tamamo.publishing.warnings")
#: The most of a town that one page lists.
MOST: Final = 200


async def drafts(
    connection: Connection,
    tenant: str,
    *,
    warning: UUID | None = None,
    states: Sequence[State] | None = None,
    limit: int = MOST,
) -> list[Draft]:
    """Return drafts, the one changed last first."""
    return await _drafts(connection, tenant, warning=warning, states=states, limit=limit)


async def draft(connection: Connection, tenant: str, id_: UUID) -> Draft:
    """Return one. Raises NoSuchWarning."""
    found = await _drafts(connection, tenant, id_=id_)
    if not found:
        raise NoSuchWarning(f"There is no draft {id_}")
    return found[0]


async def locked(connection: Connection, tenant: str, id_: UUID) -> Draft:
    """Return one that nobody else changes until this transaction ends. Raises NoSuchWarning."""
    await connection.execute(_SQL["lock_draft"], {"tenant": tenant, "id": id_})
    return await draft(connection, tenant, id_)


async def _drafts(
    connection: Connection,
    tenant: str,
    *,
    id_: UUID | None = None,
    warning: UUID | None = None,
    states: Sequence[State] | None = None,
    limit: int = 1,
) -> list[Draft]:
    values = {
        "tenant": tenant,
        "id": id_,
        "warning": warning,
        "states": None if states is None else list(states),
        "limit": limit,
    }
    cursor = await connection.execute(_SQL["drafts"], values)
    return [draft_of(tenant, row) for row in await cursor.fetchall()]


async def open_warning(connection: Connection, tenant: str, by: str) -> UUID:
    """Make a warning that has no message yet."""
    cursor = await connection.execute(_SQL["open_warning"], {"tenant": tenant, "by": by})
    return _one(await cursor.fetchone())


async def insert_draft(
    connection: Connection,
    tenant: str,
    warning: UUID,
    *,
    purpose: Purpose,
    base: UUID | None,
    template: str,
    content: Content,
    by: str,
) -> UUID | None:
    """Make a draft with its first text; None where another of this warning is open."""
    values = {
        "tenant": tenant,
        "warning": warning,
        "purpose": purpose,
        "base": base,
        "template": template,
        "by": by,
    }
    row = await (await connection.execute(_SQL["insert_draft"], values)).fetchone()
    if row is None:
        return None
    await insert_revision(connection, tenant, row[0], version=1, content=content, by=by)
    return UUID(str(row[0]))


async def insert_revision(
    connection: Connection, tenant: str, id_: UUID, *, version: int, content: Content, by: str
) -> None:
    """Keep a further text of a draft."""
    values = {"tenant": tenant, "id": id_, "version": version, "by": by}
    await connection.execute(_SQL["insert_revision"], values | {"content": Jsonb(content.stored())})


async def change(
    connection: Connection,
    before: Draft,
    by: str,
    *,
    state: State,
    version: int | None = None,
    submitted_by: str | None = None,
    approved_by: str | None = None,
    returned_reason: str = "",
) -> None:
    """Write where a draft stands now."""
    values = {
        "tenant": before.tenant,
        "id": before.id,
        "by": by,
        "state": state,
        "version": before.version if version is None else version,
        "submitted_by": submitted_by,
        "approved_by": approved_by,
        "returned_reason": returned_reason,
    }
    await connection.execute(_SQL["change_draft"], values)


async def open_beside(connection: Connection, before: Draft) -> UUID | None:
    """Return another draft of the same warning that is open."""
    values = {"tenant": before.tenant, "warning": before.warning, "id": before.id}
    row = await (await connection.execute(_SQL["has_open_draft"], values)).fetchone()
    return None if row is None else _one(row)


async def messages(
    connection: Connection,
    tenant: str,
    *,
    warning: UUID | None = None,
    newest: bool = False,
    before: int | None = None,
    limit: int = MOST,
) -> list[Published]:
    """Return published messages, the newest first. newest: only the last of each warning."""
    return await _messages(
        connection, tenant, warning=warning, newest=newest, before=before, limit=limit
    )


async def message(connection: Connection, tenant: str, id_: UUID) -> Published:
    """Return one. Raises NoSuchWarning."""
    found = await _messages(connection, tenant, id_=id_)
    if not found:
        raise NoSuchWarning(f"There is no message {id_}")
    return found[0]


async def _messages(
    connection: Connection,
    tenant: str,
    *,
    id_: UUID | None = None,
    warning: UUID | None = None,
    newest: bool = False,
    before: int | None = None,
    limit: int = 1,
) -> list[Published]:
    values = {
        "tenant": tenant,
        "id": id_,
        "warning": warning,
        "newest": newest,
        "before": before,
        "limit": limit,
    }
    cursor = await connection.execute(_SQL["messages"], values)
    return [published_of(tenant, row) for row in await cursor.fetchall()]


async def not_ended(connection: Connection, tenant: str, now: datetime) -> list[Published]:
    """Return the newest message of each warning that holds, or will, at a moment."""
    cursor = await connection.execute(_SQL["in_force"], {"tenant": tenant, "now": now})
    return [published_of(tenant, row) for row in await cursor.fetchall()]


async def document(connection: Connection, tenant: str, id_: UUID) -> tuple[str, datetime]:
    """Return a message's CAP document and when it was sent. Raises NoSuchWarning."""
    values = {"tenant": tenant, "id": id_}
    row = await (await connection.execute(_SQL["document"], values)).fetchone()
    if row is None:
        raise NoSuchWarning(f"There is no message {id_}")
    return str(row[0]), row[1]


async def names(connection: Connection, subjects: Iterable[str | None]) -> dict[str, str]:
    """Return subject → the name of its account."""
    wanted = sorted({one for one in subjects if one})
    cursor = await connection.execute(_SQL["names"], {"subjects": wanted})
    return {str(subject): str(name) for subject, name in await cursor.fetchall()}


async def execute(connection: Connection, name: str, values: dict[str, Any]) -> Any:
    """Run a statement of queries.sql and return its first row, None without one."""
    cursor = await connection.execute(_SQL[name], values)
    return await cursor.fetchone() if cursor.description else None


def _one(row: Any) -> UUID:
    return UUID(str(row[0]))
