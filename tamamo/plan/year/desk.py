"""The acts of a working year: each one transaction with its audit rows, nothing half kept."""

import unicodedata
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from psycopg.rows import class_row

from tamamo.feeds.quality import Reason
from tamamo.kernel import time
from tamamo.kernel.database import Connection, Pool, single, transaction
from tamamo.plan.model import Indicator
from tamamo.plan.values import working
from tamamo.plan.values.judging import falls, judge_answers, judge_value
from tamamo.plan.values.working import Entry, ValueRefused
from tamamo.plan.year import texts
from tamamo.plan.year.model import (
    LONGEST_LINE,
    Item,
    NoSuchItem,
    Sheet,
    TextKind,
    TypedText,
    TypedValue,
    YearRefused,
    closing_day,
)
from tamamo.plan.year.rights import name_of

NOT_A_NUMBER: Final = Reason(
    "not_a_number", "数だけを入力してください", "enter a number and nothing else"
)
NO_SOURCE: Final = Reason("no_source", "出典を入力してください", "say where the value comes from")
LINE_TOO_LONG: Final = Reason(
    "too_long", f"{LONGEST_LINE}文字までです", f"at most {LONGEST_LINE} characters"
)
NOTHING: Final = Reason("nothing", "何も入力されていません", "nothing was entered")
CHANGED: Final = Reason(
    "changed",
    "プレビューの後に、ほかの値が入力または承認されました",
    "another value was entered or approved since the preview",
)
Key = tuple[str, str]
#: The ids of what holds and what waits, "" for neither.
Stood = tuple[str, str]
NOTHING_STOOD: Final[Stood] = ("", "")
_ENTERED: Final = frozenset({"entered"})
_CONFIRMED: Final = frozenset({"confirmed"})
_WAITING: Final = frozenset({"entered", "confirmed"})


def number_of(text: str) -> Decimal | None:
    """Return the number somebody typed (full width and thousands' commas taken), None for none."""
    plain = unicodedata.normalize("NFKC", text).strip().replace(",", "")
    if not plain or not all(sign in "0123456789.-" for sign in plain) or len(plain) > 30:
        return None
    try:
        return Decimal(plain)
    except InvalidOperation:
        return None


def same_answers(text: str, kept: Decimal | None) -> bool:
    """Whether the number of answers somebody typed is the one that is kept; both may be none."""
    found = number_of(text)
    return found == kept and (found is not None or not text.strip())


def judge(
    one: Indicator, typed: TypedValue, before: Decimal | None
) -> tuple[Decimal | None, dict[str, Reason]]:
    """Return the number of a typed value, and what is wrong with it by field (value, source …).

    before: the value of the newest year before, for counts that cannot fall.
    """
    faults: dict[str, Reason] = {}
    value = number_of(typed.text)
    if value is None:
        faults["value"] = NOT_A_NUMBER
    elif reason := judge_value(one, value, typed.unit):
        faults["value"] = reason
    elif (
        before is not None
        and not typed.counted_otherwise.strip()
        and (doubt := falls(one, before, value))
    ):
        faults["value"] = doubt
    if typed.answers.strip() and (reason := judge_answers(one, number_of(typed.answers))):
        faults["answers"] = reason
    if not typed.source.strip():
        faults["source"] = NO_SOURCE
    for name in ("source", "detail", "reason", "counted_otherwise"):
        text = getattr(typed, name)
        if len(text) > LONGEST_LINE:
            faults[name] = LINE_TOO_LONG
        elif not texts.readable(text):
            faults[name] = texts.UNREADABLE
    return value, faults


@dataclass(frozen=True, slots=True)
class Part:
    """Values of a project. before: of the year before; printed: this year's, by a report."""

    values: Sequence[tuple[Indicator, TypedValue]]
    before: Mapping[str, Decimal]
    printed: Mapping[str, Decimal]

    def judged(self) -> tuple[dict[str, Decimal], dict[str, Reason]]:
        """Return the numbers by indicator, and what is wrong by field."""
        numbers: dict[str, Decimal] = {}
        faults: dict[str, Reason] = {}
        for one, typed in self.values:
            number, wrong = judge(one, typed, self.before.get(one.id))
            was = self.printed.get(one.id)
            if number is not None and was not in (None, number) and not typed.reason.strip():
                wrong["reason"] = working.NO_REASON
            faults |= {f"{name}.{one.id}": why for name, why in wrong.items()}
            numbers[one.id] = number or Decimal(0)
        return numbers, faults


def standing(items: Iterable[Item]) -> dict[Key, Stood]:
    """Return what holds and what waits of each indicator: the ids of the entries, "" for none."""
    found: dict[Key, Stood] = {}
    for item in items:
        holds, waits = found.get((item.project, item.name), NOTHING_STOOD)
        if item.state == "approved":
            holds = item.id
        if item.waits:
            waits = item.id
        found[item.project, item.name] = (holds, waits)
    return found


async def _items(
    connection: Connection, tenant: str, years: Sequence[int], project: str
) -> list[Item]:
    names = {"tenant": tenant, "years": list(years), "project": project}
    async with connection.cursor(row_factory=class_row(Item)) as cursor:
        await cursor.execute(texts.SQL["items"], names)
        return await cursor.fetchall()


class PlanYear:
    """What owners and heads do. Who may do which is for the caller to know (`rights`)."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def sheets(self, tenant: str, years: Sequence[int], project: str = "") -> list[Item]:
        """Return all that was entered of some years, the oldest first."""
        async with single(self._pool) as connection:
            return await _items(connection, tenant, years, project)

    async def sheet(self, tenant: str, project: str, year: int) -> Sheet:
        """Return what was entered for a project and year, without its evidence."""
        return Sheet(project, year, await self.sheets(tenant, [year], project))

    async def computed(self, tenant: str, project: str, year: int) -> dict[str, Decimal]:
        """Return what Tamamo counted itself of a year, by indicator: for owners to confirm."""
        names = {"tenant": tenant, "project": project, "year": year}
        async with single(self._pool) as connection:
            rows = await (await connection.execute(texts.SQL["computed"], names)).fetchall()
        return {row[0]: row[1] for row in rows}

    async def save(
        self,
        of: tuple[str, str, int],
        values: Iterable[tuple[Indicator, TypedValue]],
        written: Mapping[TextKind, TypedText],
        by: str,
        *,
        outcomes: frozenset[str],
        before: Mapping[str, Decimal] | None = None,
        printed: Mapping[str, Decimal] | None = None,
        told: bool = False,
        simulated: bool = False,
    ) -> list[str]:
        """Keep what an owner typed, all or nothing; return the new entries' ids.

        of: tenant, project, year. before: values of the year before, by indicator; printed: those
        of this year that a report printed, told: whether it printed a text: what takes the place
        of either needs its reason. What
        waited for approval is taken back for it. Raises YearRefused with every fault by its field.
        """
        part = Part(list(values), before or {}, printed or {})
        numbers, faults = part.judged()
        for kind, text in written.items():
            faults |= texts.judge_text(kind, text, outcomes)
            if kind == "narrative" and told and not text.reason.strip():
                faults["reason.narrative"] = working.NO_REASON
        if not faults and not part.values and not written:
            faults["all"] = NOTHING
        if faults:
            raise YearRefused(faults)
        async with self._act(of[0]) as connection:
            made = await self._values(
                connection, of, part, numbers, by=by, faults=faults, simulated=simulated
            )
            for kind, text in written.items():
                try:
                    made.append(
                        await texts.enter(connection, of, kind, text, by, simulated=simulated)
                    )
                except ValueRefused as refused:
                    name = f"reason.{kind}" if refused.reason is working.NO_REASON else kind
                    faults[name] = refused.reason
            if faults:
                raise YearRefused(faults)
        return made

    async def save_many(
        self,
        tenant: str,
        year: int,
        parts: Mapping[str, Part],
        by: str,
        *,
        stood: Mapping[Key, Stood],
    ) -> list[str]:
        """Keep the values of several projects, all of them or none; return the new entries' ids.

        parts: by project. stood: what held and what waited of each indicator when it was looked
        at. Raises YearRefused with faults by "<project>/<field>": a value that cannot be, or one
        of which something else holds or waits since.
        """
        faults: dict[str, Reason] = {}
        numbers: dict[str, dict[str, Decimal]] = {}
        for project, part in parts.items():
            numbers[project], wrong = part.judged()
            faults |= {f"{project}/{name}": why for name, why in wrong.items()}
        if faults:
            raise YearRefused(faults)
        made: list[str] = []
        async with self._act(tenant) as connection:
            now = standing(await _items(connection, tenant, [year], ""))
            for key, before in stood.items():
                if now.get(key, NOTHING_STOOD) != before:
                    faults[f"{key[0]}/value.{key[1]}"] = CHANGED
            for project, part in parts.items():
                wrong = {}
                made += await self._values(
                    connection, (tenant, project, year), part, numbers[project], by=by,
                    faults=wrong,
                )  # fmt: skip
                faults |= {f"{project}/{name}": why for name, why in wrong.items()
                           if f"{project}/{name}" not in faults}  # fmt: skip
            if faults:
                raise YearRefused(faults)
        return made

    async def _values(
        self,
        connection: Connection,
        of: tuple[str, str, int],
        part: Part,
        numbers: Mapping[str, Decimal],
        *,
        by: str,
        faults: dict[str, Reason],
        simulated: bool = False,
    ) -> list[str]:
        made: list[str] = []
        for one, typed in part.values:
            entry = _entry(of[2], numbers[one.id], typed, simulated)
            made += await self._value(connection, of, one, entry, by=by, faults=faults)
        return made

    async def _value(
        self,
        connection: Connection,
        of: tuple[str, str, int],
        one: Indicator,
        entry: Entry,
        *,
        by: str,
        faults: dict[str, Reason],
    ) -> list[str]:
        try:
            id_ = await working.enter_in(connection, of[0], (of[1], one), entry, by, instead=True)
        except ValueRefused as refused:
            field = "reason" if refused.reason is working.NO_REASON else "value"
            faults[f"{field}.{one.id}"] = refused.reason
            return []
        return [id_]

    async def confirm(self, of: tuple[str, str, int], by: str) -> int:
        """The owner stands by all that was entered; return how much. Raises YearRefused."""
        tenant, project, year = of
        entered = [
            item for item in await self.sheets(tenant, [year], project) if item.state == "entered"
        ]
        if not entered:
            raise YearRefused({"all": NOTHING})
        async with self._act(tenant) as connection:
            for item in entered:
                await self._step(connection, tenant, item, by, step="confirm", states=_ENTERED)
        return len(entered)

    async def decide(
        self, tenant: str, items: Sequence[Item], by: str, step: str, reason: str = ""
    ) -> None:
        """A head approves or declines entries, all or none. step: approve or decline.

        Raises ValueRefused: not confirmed (any more), entered by the same person, no reason.
        """
        if step == "decline" and not reason.strip():
            raise ValueRefused(working.NO_REASON)
        async with self._act(tenant) as connection:
            for item in items:
                await self._step(
                    connection,
                    tenant,
                    item,
                    by,
                    step=step,
                    states=_CONFIRMED,
                    reason=reason.strip(),
                )

    async def withdraw(self, tenant: str, item: Item, by: str) -> None:
        """Take back an entry that is not approved. Raises ValueRefused."""
        async with self._act(tenant) as connection:
            await self._step(connection, tenant, item, by, step="withdraw", states=_WAITING)

    async def item(self, tenant: str, id_: str) -> Item:
        """Return an entry. Raises NoSuchItem."""
        async with single(self._pool) as connection:
            found = await texts.row(connection, "item", {"tenant": tenant, "id": id_})
        if found is None:
            raise NoSuchItem(id_)
        sheet = await self.sheet(tenant, found[1], found[2])
        for item in sheet.items:
            if item.id == id_:
                return item
        raise NoSuchItem(id_)

    async def people(
        self, tenant: str, subjects: Iterable[str | None]
    ) -> dict[str, tuple[str, bool]]:
        """Return subject → name, and whether they still work for the town."""
        names = {
            "tenant": tenant, "now": time.now(),
            "subjects": sorted({one for one in subjects if one}),
        }  # fmt: skip
        async with single(self._pool) as connection:
            rows = await (await connection.execute(texts.SQL["people"], names)).fetchall()
        return {row[0]: (row[1], row[2]) for row in rows}

    @asynccontextmanager
    async def _act(self, tenant: str) -> AsyncIterator[Connection]:
        """One transaction; acts of a town's year follow each other, so that none is half seen."""
        async with transaction(self._pool) as connection:
            await connection.execute(texts.SQL["lock"], {"tenant": tenant})
            yield connection

    async def answered_for(self, tenant: str) -> set[str]:
        """Return the divisions, by name, that somebody may enter for."""
        names = {"tenant": tenant, "now": time.now()}
        async with single(self._pool) as connection:
            rows = await (await connection.execute(texts.SQL["owners"], names)).fetchall()
        return {name_of(unit) for _address, _language, unit in rows if unit}

    async def _step(
        self,
        connection: Connection,
        tenant: str,
        item: Item,
        by: str,
        *,
        step: str,
        states: frozenset[str],
        reason: str = "",
    ) -> None:
        act = working.step_in if item.kind == "value" else texts.step
        await act(connection, tenant, item.id, by, step=step, states=states, reason=reason)


def _entry(year: int, value: Decimal, typed: TypedValue, simulated: bool) -> Entry:
    return Entry(
        closing_day(year), value, typed.unit, typed.source.strip(), typed.detail.strip(),
        typed.reason, typed.counted_otherwise, simulated, number_of(typed.answers),
    )  # fmt: skip
