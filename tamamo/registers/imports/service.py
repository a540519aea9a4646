"""The steps of an import: begin, preview, apply; and the rejects as a workbook."""

import asyncio
import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from tamamo.context.broker import Broker
from tamamo.feeds.readers.table import normal
from tamamo.kernel import jobs
from tamamo.kernel.cells import as_text
from tamamo.kernel.database import single, transaction
from tamamo.kernel.errors import Problem
from tamamo.registers import catalogue
from tamamo.registers.declaration import Register
from tamamo.registers.desk import Desk
from tamamo.registers.errors import UnknownRegister
from tamamo.registers.imports import matching as match
from tamamo.registers.imports import store
from tamamo.registers.imports.applying import Plan, apply, counts_of, rejected_rows
from tamamo.registers.imports.model import (
    Blank,
    Import,
    ImportPreview,
    ImportRefused,
    Matching,
    Rejected,
)
from tamamo.registers.imports.planning import Tally, before, consider
from tamamo.registers.imports.reading import Options, RowReader, Source, Wanted, read, unreadable
from tamamo.registers.model import Batch, Visitor

#: Rows up to which an import is quick enough to be waited for; more are for a job.
QUICK: Final = 2_000
#: The name of the job; its handler is handle_job (server/jobs.py).
JOB: Final = "register.import"
_STEP: Final = 500
_SAMPLE: Final = 5


class Imports:
    """Imports of all registers; each is seen by the one who began it, in its tenant."""

    def __init__(self, broker: Broker, registers: Mapping[str, Register]) -> None:
        self._broker = broker
        self._registers = registers

    async def begin(
        self,
        visitor: Visitor,
        register: str,
        filename: str,
        content: bytes,
        *,
        sheet: str | None = None,
        header_row: int | None = None,
        encoding: str | None = None,
    ) -> Import:
        """Take a file and return what is in it, with a guess of what its columns are.

        Raises UploadRefused, UnreadableFile and ImportRefused with their reasons, Forbidden.
        """
        desk = self._desk(visitor, register)
        options = Options(sheet, header_row, encoding)
        source = await asyncio.to_thread(read, desk.register, filename, content, options)
        pool = self._broker.pool
        identifier = await store.insert(desk, source.name, content, options)
        return _import(desk, await store.get(pool, visitor, identifier), source)

    async def get(self, visitor: Visitor, identifier: str) -> Import:
        """Return an import, with its file read. Raises UnknownRecord."""
        kept = await store.get(self._broker.pool, visitor, identifier)
        desk = self._desk(visitor, kept.register)
        return _import(desk, kept, await self._source(desk, kept))

    async def progress(self, visitor: Visitor, identifier: str) -> store.Kept:
        """Return how far an import is (state, done, total, batch, error), without its file."""
        return await store.get(self._broker.pool, visitor, identifier)

    async def listed(self, visitor: Visitor, register: str) -> list[store.Kept]:
        """Return one's own last imports into a register."""
        return await store.listed(self._broker.pool, visitor, register)

    async def reread(self, visitor: Visitor, identifier: str, options: Options) -> Import:
        """Read the file in another way: another sheet, header row or encoding."""
        kept = await store.get(self._broker.pool, visitor, identifier)
        desk = self._desk(visitor, kept.register)
        kept.options = options
        source = await self._source(desk, kept)
        told = {"sheet": options.sheet, "header_row": options.header_row}
        told |= {"encoding": options.encoding}
        await store.update(self._broker.pool, "set_options", identifier, options=told)
        return _import(desk, await store.get(self._broker.pool, visitor, identifier), source)

    async def preview(
        self,
        visitor: Visitor,
        identifier: str,
        matching: Matching,
        *,
        blank: Blank = "keep",
        whole: bool = False,
    ) -> ImportPreview:
        """Return what the import would do. Raises ImportRefused for a matching that cannot be.

        blank: what empty cells mean. whole: all rows or none.
        """
        kept = await store.get(self._broker.pool, visitor, identifier)
        if kept.state in ("running", "done"):
            raise _refused("running", "すでに取り込まれています", "It is being imported already")
        desk = self._desk(visitor, kept.register)
        source = await self._source(desk, kept)
        match.check(desk.register, source.table, matching, desk.rights.fields)
        tally = await self._plan(desk, source, matching, blank)
        tally.rejected.sort(key=lambda one: one.row)
        await store.update(
            self._broker.pool,
            "previewed",
            identifier,
            plan={"matching": dict(matching), "blank": blank, "whole": whole},
            counts=counts_of(tally),
            rejects=store.kept_rejects(tally.rejected),
        )
        return tally.preview()

    async def _plan(self, desk: Desk, source: Source, matching: Matching, blank: Blank) -> Tally:
        reader, tally = RowReader(desk.register, matching, blank), Tally()
        tally.rejected += unreadable(source.table)
        rows = source.table.rows
        for start in range(0, len(rows), _STEP):
            wanted: list[Wanted] = []
            for row in rows[start : start + _STEP]:
                found = reader.read(row)
                if isinstance(found, Rejected):
                    tally.rejected.append(found)
                else:
                    wanted.append(found)
            async with single(self._broker.pool) as connection:
                there = await before(connection, desk, wanted)
            await asyncio.to_thread(consider, desk, reader, tally, wanted, there)
        return tally

    async def apply(self, visitor: Visitor, identifier: str, *, note: str = "") -> Batch:
        """Carry out what was previewed; a second time answers what was done the first.

        Raises ImportRefused.
        """
        kept = await store.get(self._broker.pool, visitor, identifier)
        if kept.state == "done":
            return _done(kept)
        desk = self._desk(visitor, kept.register)
        plan = _plan_of(kept)
        source = await self._source(desk, kept)
        match.check(desk.register, source.table, plan.matching, desk.rights.fields)
        total = len(source.table.rows)
        if not await store.update(self._broker.pool, "claim", identifier, total=total):
            raise _refused("running", "取り込みの途中です", "It is being imported")
        try:
            return await apply(desk, identifier, source, plan, note)
        except BaseException as error:
            await store.update(self._broker.pool, "fail", identifier, error=_told(error))
            raise

    async def start(self, visitor: Visitor, identifier: str, *, note: str = "") -> int:
        """Have `tamamo work` carry it out and return the job's number; progress() tells the rest.

        For more than QUICK rows. The one who asked is looked up anew when it begins.
        """
        kept = await store.get(self._broker.pool, visitor, identifier)
        _plan_of(kept)
        self._desk(visitor, kept.register)
        async with transaction(self._broker.pool) as connection:
            return await jobs.defer(
                connection,
                JOB,
                tenant=visitor.tenant,
                actor=visitor.actor.subject,
                args={"import": identifier, "note": note},
            )

    async def rejects(self, visitor: Visitor, identifier: str) -> bytes:
        """Return the rejected rows as a workbook: as they came, the reasons beside them."""
        kept = await store.get(self._broker.pool, visitor, identifier)
        desk = self._desk(visitor, kept.register)
        found = await store.rejects(self._broker.pool, visitor, identifier)
        source = await self._source(desk, kept)
        return await asyncio.to_thread(_workbook, source, found)

    async def _source(self, desk: Desk, kept: store.Kept) -> Source:
        content = await store.content(self._broker.pool, desk.visitor, kept.id)
        return await asyncio.to_thread(read, desk.register, kept.filename, content, kept.options)

    def _desk(self, visitor: Visitor, identifier: str) -> Desk:
        """Return where an import is done. Raises UnknownRegister, Forbidden."""
        register = self._registers.get(identifier)
        if register is None:
            raise UnknownRegister(f"There is no register {identifier!r}")
        desk = Desk(self._broker, visitor, register)
        desk.require(desk.rights.import_, "import")
        return desk


async def handle_job(run: jobs.Run) -> dict[str, Any]:
    """Carry out an import as a job of `tamamo work`."""
    broker: Broker = run.broker
    # As whoever asked, with what they may do now; with `--open` everybody else is one.
    known = await broker.identity.actor_of(run.actor)
    actor = replace(known, subject=run.actor)
    visitor = Visitor(run.tenant, actor, await broker.identity.access(known, run.tenant))
    imports = Imports(broker, catalogue.declared())
    batch = await imports.apply(visitor, run.args["import"], note=run.args["note"])
    return {"batch": batch.id, "created": batch.created, "changed": batch.changed}


def _refused(code: str, ja: str, en: str) -> ImportRefused:
    return ImportRefused(code, ja, en)


def _plan_of(kept: store.Kept) -> Plan:
    """Return what was previewed. Raises ImportRefused."""
    if kept.plan is None:
        raise _refused("not_previewed", "先に内容を確認してください", "Look at the preview first")
    plan = Plan(**kept.plan)
    if plan.whole and kept.counts.get("rejected") and kept.state == "previewed":
        raise rejected_rows(kept.counts["rejected"])
    return plan


def _done(kept: store.Kept) -> Batch:
    counts = kept.counts
    return Batch(
        str(kept.batch), counts["changed"], counts["unchanged"], counts["rejected"], counts["new"]
    )


def _told(error: BaseException) -> dict[str, str]:
    if isinstance(error, ImportRefused):
        return {"code": error.code, "ja": error.ja, "en": error.en}
    text = error.detail if isinstance(error, Problem) else type(error).__name__
    ja = f"途中で失敗し、何も書き込まれていません（{text}）"
    return {"code": "failed", "ja": ja, "en": f"It failed and nothing was written ({text})"}


def _import(desk: Desk, kept: store.Kept, source: Source) -> Import:
    table = source.table
    named = [column for column in table.columns if normal(column)]
    plan = kept.plan or {}
    guessed = match.guess(desk.register, named, desk.rights.fields)
    return Import(
        id=kept.id,
        register=kept.register,
        filename=kept.filename,
        state=kept.state,
        encoding=table.encoding,
        sheets=tuple(source.sheets),
        sheet=kept.options.sheet or (source.sheets[0] if source.sheets else None),
        header_row=table.header_row,
        columns=tuple(named),
        sample=tuple(
            tuple(row.cells.get(normal(column), "") for column in named)
            for row in table.rows[:_SAMPLE]
        ),
        rows=len(table.rows) + len(table.rejects),
        matching=plan.get("matching") or guessed,
        blank=plan.get("blank", "keep"),
        whole=plan.get("whole", False),
        counts=kept.counts,
        done=kept.done,
        total=kept.total,
        batch=kept.batch,
        error=kept.error,
        created_at=kept.created_at,
    )


def _workbook(source: Source, rejects: list[Rejected]) -> bytes:
    import openpyxl  # noqa: PLC0415 - 10 MB that only this needs

    originals = {row.number: row.original for row in source.table.rows}
    originals |= {one.row: one.original for one in source.table.rejects}
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet("rejects")
    page.freeze_panes = "A2"
    page.append([*map(as_text, source.table.columns), "行 / Row", "列 / Column", "理由", "Reason"])
    width = len(source.table.columns)
    for one in rejects:
        cells = [as_text(cell) for cell in originals.get(one.row, ())][:width]
        cells += [""] * (width - len(cells))
        page.append([*cells, one.row, as_text(one.column), as_text(one.ja), as_text(one.en)])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
