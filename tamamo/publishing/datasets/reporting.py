"""One reading of a file: its rows into the database, and what the officers are told of them."""

import asyncio
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from tamamo.context.broker import Broker
from tamamo.context.errors import TooComplexQuery
from tamamo.kernel.database import transaction
from tamamo.publishing.datasets import comparing, copying, store, uploading
from tamamo.publishing.datasets.claims import Claim
from tamamo.publishing.datasets.entities import columns_of, town_of
from tamamo.publishing.datasets.model import Comparison, Reason, Reports, Version

if TYPE_CHECKING:
    from tamamo.registers import intake

#: Rejects that a page shows, and that the workbook has.
_SHOWN: Final = 50
_KEPT: Final = 100_000
#: Rows that the reports on the standard and on privacy look at.
REPORTED: Final = 200_000
_SECONDS: Final = "600s"
T = TypeVar("T")


@dataclass(slots=True)
class Outcome:
    """What came of reading a file. reason: why it cannot be published; None: it can."""

    reason: Reason | None = None
    counts: dict[str, int] = field(default_factory=dict)
    reports: Reports = field(default_factory=Reports)
    rows: int | None = None
    bbox: list[float] | None = None


class Spool:
    """Values put aside in a file of the system, to be read again."""

    def __init__(self, file: IO[bytes], most: int) -> None:
        self._file, self._most = file, most
        self._encoder = msgspec.msgpack.Encoder()
        self.count = 0

    def add(self, value: Any) -> None:
        """Put a value aside, while there is room."""
        if self.count < self._most:
            told = self._encoder.encode(value)
            self._file.write(len(told).to_bytes(4, "big") + told)
            self.count += 1

    def read(self, kind: type[T]) -> Iterator[T]:
        """Yield the values."""
        decoder = msgspec.msgpack.Decoder(kind)
        self._file.seek(0)
        for _ in range(self.count):
            size = int.from_bytes(self._file.read(4), "big")
            yield decoder.decode(self._file.read(size))


class _Reading:
    """The rows of a file that are taken, while those that are not are put aside."""

    def __init__(self, rows: Any, taken: Spool, refused: Spool) -> None:
        self._rows, self._taken, self._refused = rows, taken, refused
        self.shown: list[dict[str, Any]] = []

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        for row in self._rows:
            if row.rejected:
                self._refused.add(row)
                if len(self.shown) < _SHOWN:
                    self.shown.append(_told(row))
                continue
            self._taken.add((row.number, row.values))
            yield row.values


def _told(row: "intake.Row") -> dict[str, Any]:
    bad = next((one for one in row.findings if one.effect == "rejected"), row.findings[0])
    return {"number": row.number, "column": bad.column, "code": bad.code, "ja": bad.ja,
            "en": bad.en, "sample": bad.sample}  # fmt: skip


async def read(broker: Broker, tenant: str, version: Version, claim: Claim) -> Outcome:
    """Read a version's file into its rows and report.

    Raises IntakeRefused: nothing can be used; DatasetConflict: the claim is lost.
    """
    from tamamo.registers import intake  # noqa: PLC0415

    recipe = msgspec.convert(version.recipe, intake.Recipe)
    with tempfile.TemporaryFile() as aside, tempfile.TemporaryFile() as bad:
        taken, refused = Spool(aside, REPORTED), Spool(bad, _KEPT)
        async with uploading.as_file(broker.pool, tenant, version.id) as path:
            rows = await asyncio.to_thread(intake.rows, path, version.filename, recipe)
            reading = _Reading(rows, taken, refused)
            try:
                copied = await copying.copy(
                    broker.pool, tenant, version.id, version.fields, rows=iter(reading),
                    tell=claim.hold,
                )  # fmt: skip
            finally:
                await asyncio.to_thread(rows.close)
        tally = rows.tally
        await claim.renew()
        await _keep_rejects(broker, tenant, version, recipe, refused)
        counts = {"in": tally.rows_in, "out": copied.rows, "rejected": tally.rejected}
        outcome = Outcome(None, counts, Reports(), copied.rows, copied.bbox)
        outcome.reason = _unfit(counts) or await _doubled(broker, tenant, version)
        against = await _against(broker, tenant, version)
        reports = await asyncio.to_thread(_reports, broker, tenant, version, taken)
        differences = await _differences(broker, tenant, version)
        outcome.reports = Reports(
            standard=reports[0], privacy=reports[1], differences=differences,
            against=against.a if against else None,
            added=against.added if against else copied.rows,
            removed=against.removed if against else 0,
            changed=against.changed if against else 0,
            rejects=reading.shown, reasons=dict(tally.rejects),
            tally=msgspec.to_builtins(tally),
        )  # fmt: skip
    return outcome


def _unfit(counts: Mapping[str, int]) -> Reason | None:
    if not counts["out"]:
        ja = f"{counts['in']}行のうち、公開できる行がありません。"
        return Reason("no_rows", ja, f"None of its {counts['in']} rows can be taken", counts)
    if counts["rejected"] >= counts["out"]:
        ja = (
            f"{counts['in']}行のうち{counts['rejected']}行が受け付けられません。"
            "列の対応を見直してください。"
        )
        en = f"{counts['rejected']} of {counts['in']} rows are rejected: look at the mapping again"
        return Reason("half_lost", ja, en, counts)
    return None


async def _doubled(broker: Broker, tenant: str, version: Version) -> Reason | None:
    if not any(one.role == "key" for one in version.fields):
        return None
    async with transaction(broker.pool) as connection:
        await connection.execute(f"set local statement_timeout = '{_SECONDS}'")
        row = await store.execute(connection, "duplicates", tenant=tenant, version=version.id)
    keys, rows, first = row
    if not keys:
        return None
    ja = f"同じキーの行があります：{keys}個のキーに{rows}行（例：{first[0]['key']}）。"
    en = f"{keys} keys stand in {rows} rows, such as {first[0]['key']!r}: a key is for one row"
    return Reason("duplicate_keys", ja, en, {"keys": keys, "rows": rows, "first": first})


async def _against(broker: Broker, tenant: str, version: Version) -> Comparison | None:
    async with transaction(broker.pool) as connection:
        dataset = await store.get(connection, tenant, version.dataset)
        if dataset.version is None:
            return None
        public = await store.version(connection, tenant, version.dataset, dataset.version)
        await connection.execute(f"set local statement_timeout = '{_SECONDS}'")
        try:
            return await comparing.compare(connection, tenant, public, version, limit=0)
        except TooComplexQuery:
            return Comparison(public.number, version.number, 0, 0, 0, 0, False, ())


async def _differences(broker: Broker, tenant: str, version: Version) -> list[dict[str, Any]]:
    """Return how this file differs from what the last published version's mapping expects."""
    from tamamo.registers import intake  # noqa: PLC0415

    async with transaction(broker.pool) as connection:
        dataset = await store.get(connection, tenant, version.dataset)
    before = await uploading.last_recipe(broker.pool, dataset)
    if before is None:
        return []
    choice = msgspec.convert(version.choice or {}, intake.Choice)
    async with uploading.as_file(broker.pool, tenant, version.id) as path:
        profile = await asyncio.to_thread(intake.profile, path, version.filename, choice)
    return [msgspec.to_builtins(one) for one in intake.compare(before, profile)]


async def _keep_rejects(
    broker: Broker, tenant: str, version: Version, recipe: "intake.Recipe", refused: Spool
) -> None:
    from tamamo.registers import intake  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="tamamo-dataset-") as folder:
        path = Path(folder, "rejects.xlsx")
        if refused.count:
            await asyncio.to_thread(_write_rejects, path, recipe, refused.read(intake.Row))
        else:
            await asyncio.to_thread(path.touch)
        await uploading.keep(broker.pool, tenant, version.id, "rejects", path)


def _write_rejects(path: Path, recipe: "intake.Recipe", rows: "Iterator[intake.Row]") -> None:
    from tamamo.registers import intake  # noqa: PLC0415

    with path.open("wb") as file:
        intake.write_rejects(file, recipe, rows)


def _reports(
    broker: Broker, tenant: str, version: Version, taken: Spool
) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """Return the reports on the standard, where one is chosen, and on privacy."""
    from tamamo.publishing import privacy, standard  # noqa: PLC0415 - their tables of names

    columns = columns_of(version)
    kind = version.metadata.standard
    checked = None
    if kind in {one.id for one in standard.kinds()}:
        town = town_of(broker, tenant)
        rows = taken.read(tuple[int, dict[str, Any]])
        checked = msgspec.to_builtins(standard.check(kind, columns, rows, town))
    told: dict[str, Any] = msgspec.to_builtins(
        privacy.examine(columns, taken.read(tuple[int, dict[str, Any]]))
    )
    if (version.rows or taken.count) >= REPORTED:
        told["looked_at"] = taken.count
    return checked, told
