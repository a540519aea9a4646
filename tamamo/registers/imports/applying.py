"""Carrying an import out: one transaction, one batch, progress told as it goes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from uuid import uuid4

from tamamo.context.model.entity import Entity
from tamamo.feeds.readers.table import Row
from tamamo.kernel.database import Connection, transaction
from tamamo.kernel.errors import Problem
from tamamo.kernel.time import now, to_text
from tamamo.registers.desk import Desk
from tamamo.registers.imports import store
from tamamo.registers.imports.model import ImportRefused, Matching, Rejected
from tamamo.registers.imports.planning import Tally, outcome, reason_of
from tamamo.registers.imports.reading import RowReader, Source, Wanted, unreadable
from tamamo.registers.model import Batch
from tamamo.registers.record import STEP, Act, Journal, Step, carry_out, in_transaction


@dataclass(frozen=True, slots=True)
class Plan:
    """How a file's rows are taken."""

    matching: Matching
    blank: str
    whole: bool


async def apply(desk: Desk, identifier: str, source: Source, plan: Plan, note: str) -> Batch:
    """Write the rows of an import that is claimed. Raises ImportRefused; then nothing is written.

    A row that no longer fits is rejected now, although it was not in the preview; with `whole`
    that refuses all.
    """
    act = Act(desk, "import", to_text(now()), note, str(uuid4()))
    assert act.batch is not None
    batch = act.batch

    async def run(connection: Connection) -> Batch:
        tally = await _write(connection, act, identifier, source, plan)
        tally.rejected.sort(key=lambda one: one.row)
        if plan.whole and tally.rejected:
            raise rejected_rows(len(tally.rejected))
        shown = tally.preview()
        done = Batch(batch, shown.changed, shown.unchanged, shown.rejected, shown.new)
        finished = {
            "batch": batch,
            "counts": counts_of(tally),
            "rejects": store.kept_rejects(tally.rejected),
        }
        await connection.execute(store.SQL["finish"], store.parameters(identifier, finished))
        return done

    return await in_transaction(desk.broker, run)


def counts_of(tally: Tally) -> dict[str, int]:
    """Return how many rows became what."""
    shown = tally.preview()
    return {
        "new": shown.new,
        "changed": shown.changed,
        "unchanged": shown.unchanged,
        "rejected": shown.rejected,
    }


def rejected_rows(number: int) -> ImportRefused:
    """Return the refusal of a file that is to be taken whole and cannot."""
    ja = f"{number}行が受け付けられないため、何も取り込みませんでした"
    return ImportRefused("rejected_rows", ja, f"{number} rows are rejected: nothing was imported")


async def _write(
    connection: Connection, act: Act, identifier: str, source: Source, plan: Plan
) -> Tally:
    reader = RowReader(act.register, plan.matching, "clear" if plan.blank == "clear" else "keep")
    tally, journal = Tally(), Journal(connection, act)
    tally.rejected += unreadable(source.table)
    read = 0
    for rows in _chunks(source.table.rows):
        wanted: list[Wanted] = []
        for row in rows:
            found = reader.read(row)
            if isinstance(found, Rejected):
                tally.rejected.append(found)
            else:
                wanted.append(found)
        steps = [(one.entity_id, _step(act, reader, tally, one)) for one in wanted]
        done = await carry_out(connection, act, steps)
        if done:
            await journal.add(done)
        read += len(rows)
        await _tell(act.desk, identifier, read)
    await journal.close()
    return tally


def _chunks(rows: Sequence[Row]) -> Iterator[list[Row]]:
    left = iter(rows)
    while part := list(islice(left, STEP)):
        yield part


def _step(act: Act, reader: RowReader, tally: Tally, wanted: Wanted) -> Step:
    def step(before: Entity | None, moment: str) -> Entity | None:
        try:
            after = outcome(act.desk, wanted, before, moment)
        except Problem as problem:
            tally.rejected.append(reason_of(reader, wanted, problem))
            return before
        tally.add(act.desk, wanted, before, after)
        return after

    return step


async def _tell(desk: Desk, identifier: str, done: int) -> None:
    """Say how far it is, outside the import's own transaction, so that others see it."""
    async with transaction(desk.broker.pool) as connection:
        await connection.execute(store.SQL["progress"], {"id": identifier, "done": done})
