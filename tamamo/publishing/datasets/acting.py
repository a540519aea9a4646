"""What every act on a dataset needs: the rows locked, the rights asked, the audit row."""

from collections.abc import Mapping
from typing import Any

from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import Connection
from tamamo.publishing.datasets import store
from tamamo.publishing.datasets.errors import DatasetConflict
from tamamo.publishing.datasets.model import Dataset, Version
from tamamo.publishing.datasets.rights import require_write
from tamamo.registers.model import Visitor


async def locked(connection: Connection, visitor: Visitor, identifier: str) -> Dataset:
    """Return a dataset that nobody else changes until this transaction ends."""
    await store.execute(connection, "lock_dataset", tenant=visitor.tenant, id=identifier)
    return await store.get(connection, visitor.tenant, identifier)


async def locked_version(
    connection: Connection, visitor: Visitor, identifier: str, number: int, *states: str
) -> tuple[Dataset, Version]:
    """Return a dataset and its version, both locked, for who may work at it.

    states: those the version must be in. Raises Forbidden, UnknownVersion, DatasetConflict.
    """
    dataset = await locked(connection, visitor, identifier)
    require_write(visitor, dataset)
    version = await store.version(connection, visitor.tenant, dataset.id, number)
    require_state(version, *states)
    return dataset, version


def require_state(version: Version, *states: str) -> None:
    """Raise DatasetConflict unless a version is in one of the states."""
    if states and version.state not in states:
        ja = f"第{version.number}版の状態が変わっています（{version.state}）。開き直してください。"
        en = f"Version {version.number} is {version.state} now: look again"
        code = "running" if version.state == "checking" else "state"
        raise DatasetConflict(code, ja, en, {"state": version.state})


async def note(
    connection: Connection,
    visitor: Visitor,
    action: str,
    identifier: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Put an act into the audit log."""
    event = Event(
        visitor.tenant, visitor.actor.subject, f"dataset.{action}", f"dataset:{identifier}",
        before, after,
    )  # fmt: skip
    await append(connection, event)
