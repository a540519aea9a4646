"""Rows of requests, posts and people as values."""

from collections.abc import Sequence
from typing import Any, Final

from tamamo.kernel import sql
from tamamo.kernel.database import Connection
from tamamo.publishing.requests.errors import NoSuchRequest
from tamamo.publishing.requests.model import Mine, Post, Request

SQL: Final = sql.load("tamamo.publishing.requests")


async def run(connection: Connection, name: str, values: dict[str, Any]) -> list[Any]:
    """Run a statement and return its rows; [] where it has none."""
    cursor = await connection.execute(SQL[name], values)
    return await cursor.fetchall() if cursor.description else []


async def one(connection: Connection, tenant: str, number: int, *, staff: bool) -> Request:
    """Return a request. Raises NoSuchRequest where it may not be seen."""
    values = {"tenant": tenant, "request": number, "all": staff}
    rows = await run(connection, "one", values)
    if not rows:
        raise NoSuchRequest(f"There is no request {number}")
    return request_of(tenant, rows[0])


async def locked(connection: Connection, tenant: str, number: int) -> Request:
    """Return a request that nobody else changes meanwhile. Raises NoSuchRequest."""
    rows = await run(connection, "lock_one", {"tenant": tenant, "request": number})
    if not rows:
        raise NoSuchRequest(f"There is no request {number}")
    return request_of(tenant, rows[0])


async def posts(
    connection: Connection, tenant: str, number: int, *, staff: bool
) -> tuple[Post, ...]:
    """Return the texts of a thread that may be seen, the oldest first."""
    values = {"tenant": tenant, "request": number, "all": staff}
    return tuple(Post(*row) for row in await run(connection, "posts", values))


async def mine(connection: Connection, tenant: str, token: bytes) -> Mine | None:
    """Return what somebody's own page is about; None where nothing is known any more."""
    rows = await run(connection, "mine", {"tenant": tenant, "token": token})
    return Mine(*rows[0]) if rows else None


def request_of(tenant: str, row: Sequence[Any]) -> Request:
    """Return the request of a row."""
    return Request(tenant, *row[:11])
