"""Rows of datasets and versions as values, each within one tenant."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from tamamo.kernel import sql
from tamamo.kernel.database import Connection, Pool, single
from tamamo.kernel.time import JST, now
from tamamo.publishing.datasets import metadata as described
from tamamo.publishing.datasets.errors import UnknownDataset, UnknownVersion
from tamamo.publishing.datasets.folding import fold
from tamamo.publishing.datasets.metadata import Metadata
from tamamo.publishing.datasets.model import (
    Dataset,
    Field,
    Organization,
    Reason,
    Reports,
    Version,
)

SQL: Final = sql.load("tamamo.publishing.datasets")
_SEPARATOR: Final = "/"
#: Versions that one list shows.
_MOST_VERSIONS: Final = 500


def organization_of(unit: str, datasets: int = 0) -> Organization:
    """Return the unit of an id as an organization; its name is one that CKAN's clients take."""
    digest = hashlib.blake2s(unit.encode(), digest_size=5).hexdigest()
    name = f"unit-{digest}" if unit else ""
    return Organization(unit, name, unit.rpartition(_SEPARATOR)[2], datasets)


def fields_of(told: Iterable[Any]) -> tuple[Field, ...]:
    """Return fields from JSON values."""
    return msgspec.convert(list(told), tuple[Field, ...])


def fields_told(fields: Iterable[Field]) -> Jsonb:
    """Return fields as JSON values."""
    return Jsonb(msgspec.to_builtins(tuple(fields)))


async def fetch(connection: Connection, town: str, ids: Sequence[str]) -> dict[str, Dataset]:
    """Return those of the datasets that exist, by id."""
    cursor = await connection.execute(SQL["datasets"], {"tenant": town, "ids": list(ids)})
    today = now().astimezone(JST).date()
    return {row[0]: _dataset(town, row, today) for row in await cursor.fetchall()}


async def get(connection: Connection, town: str, identifier: str) -> Dataset:
    """Return a dataset by its id or uuid. Raises UnknownDataset."""
    found = await fetch(connection, town, [identifier])
    if not found and (uuid := _uuid(identifier)) is not None:
        cursor = await connection.execute(SQL["id_of_uuid"], {"tenant": town, "uuid": uuid})
        row = await cursor.fetchone()
        found = await fetch(connection, town, [row[0]]) if row else {}
    if not found:
        raise UnknownDataset(f"There is no dataset {identifier!r}")
    return next(iter(found.values()))


def _uuid(text: str) -> str | None:
    try:
        return str(UUID(text)) if len(text) == 36 else None
    except ValueError:
        return None


def _dataset(town: str, row: tuple[Any, ...], today: date) -> Dataset:
    (
        identifier, uuid, kind, state, told, unit, formats, fields, rows, number, versions, bbox,
        created, changed, data_at, published, due, open_version, version_id,
    ) = row  # fmt: skip
    live = kind == "live"
    return Dataset(
        town=town,
        id=identifier,
        uuid=uuid,
        kind=kind,
        state=state,
        metadata=described.from_stored(told),
        organization=organization_of(unit),
        formats=tuple(formats),
        fields=fields_of(fields),
        rows=rows,
        version=number,
        versions=versions,
        bbox=tuple(bbox) if bbox else None,
        created_at=created,
        changed_at=changed,
        modified_at=now() if live else data_at,
        published_at=published,
        next_due=due,
        overdue=due is not None and due < today and state == "published",
        open_version=open_version,
        version_id=version_id,
    )


async def versions(
    connection: Connection,
    town: str,
    dataset: str | None,
    number: int | None = None,
    *,
    public: bool = False,
    open_: bool = False,
) -> list[Version]:
    """Return versions of a dataset, the newest first; None: of all, what was changed last first.

    public: those that were ever published. open_: those that somebody works at.
    """
    values = {"tenant": town, "dataset": dataset, "number": number, "public": public}
    cursor = await connection.execute(
        SQL["versions"], {**values, "open": open_, "limit": _MOST_VERSIONS}
    )
    return [_version(row) for row in await cursor.fetchall()]


async def version(
    connection: Connection, town: str, dataset: str, number: int, *, public: bool = False
) -> Version:
    """Return a version. Raises UnknownVersion."""
    found = await versions(connection, town, dataset, number, public=public)
    if not found:
        raise UnknownVersion(f"The dataset {dataset} has no version {number}")
    return found[0]


def _version(row: tuple[Any, ...]) -> Version:
    (
        identifier, dataset, number, state, filename, size, sha256, choice, recipe, fields, counts,
        reports, rows, bbox, worked, note, reason, done, total, job, entities_done, created,
        created_by, changed, submitted, submitted_by, approved, approved_by, published, current,
        metadata,
    ) = row  # fmt: skip
    return Version(
        id=identifier, dataset=dataset, number=number, state=state, filename=filename, size=size,
        sha256=sha256, choice=choice, recipe=recipe, fields=fields_of(fields),
        counts=counts or {}, reports=Reports(**(reports or {})), rows=rows,
        bbox=tuple(bbox) if bbox else None, worked=tuple(worked), note=note,
        reason=Reason(**reason) if reason else None, done=done, total=total, job=job,
        entities_done=entities_done, created_at=created, created_by=created_by,
        changed_at=changed, submitted_at=submitted, submitted_by=submitted_by,
        approved_at=approved, approved_by=approved_by, published_at=published, current=current,
        metadata=described.from_stored(metadata),
    )  # fmt: skip


def described_columns(
    identifier: str, metadata: Metadata, fields: Iterable[Field] = ()
) -> dict[str, Any]:
    """Return the columns of a dataset's row that follow from its metadata."""
    names = [text for field in fields for text in (field.label.ja, field.label.en, field.name)]
    groups = [described.THEMES[one].title for one in metadata.groups if one in described.THEMES]
    said = [
        identifier, metadata.title.ja, metadata.title.en, metadata.description.ja,
        metadata.description.en, metadata.unit, *metadata.tags,
        *(text for words in groups for text in (words.ja, words.en)), *names,
    ]  # fmt: skip
    return {
        "metadata": Jsonb(described.stored(metadata)),
        "unit": metadata.unit,
        "groups": list(metadata.groups),
        "tags": list(metadata.tags),
        "licence": metadata.licence,
        "title_key": fold(metadata.title.ja)[:200],
        "folded": fold("\n".join(dict.fromkeys(text for text in said if text))),
    }


async def insert(connection: Connection, town: str, identifier: str, **columns: Any) -> bool:
    """Make a dataset; False where there is one of this id."""
    values = {"tenant": town, "id": identifier, **columns}
    cursor = await connection.execute(SQL["insert_dataset"], values)
    return await cursor.fetchone() is not None


async def execute(connection: Connection, name: str, **values: Any) -> Any:
    """Run a statement and return its first row, None without one."""
    cursor = await connection.execute(SQL[name], values)
    return await cursor.fetchone() if cursor.description else None


async def one(pool: Pool, town: str, identifier: str) -> Dataset:
    """Return a dataset, whoever may see it. Raises UnknownDataset."""
    async with single(pool) as connection:
        return await get(connection, town, identifier)


def due_of(metadata: Metadata, at: datetime) -> date | None:
    """Return when data of a moment should be changed next (a day in Japan)."""
    return described.due_after(metadata, at.astimezone(JST).date())
