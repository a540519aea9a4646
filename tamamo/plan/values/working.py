"""The working year of a value: entered by an owner, confirmed, approved by somebody else.

Every step is one transaction with its audit row. A value that holds is corrected by entering
another with the reason: until it is approved the old one holds, after that it is kept as replaced.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from tamamo.feeds.quality import Reason
from tamamo.kernel import sql, time
from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import Connection, Pool, transaction
from tamamo.kernel.errors import Problem
from tamamo.kernel.jobs import defer
from tamamo.plan.model import Indicator
from tamamo.plan.values.judging import judge_answers, judge_value
from tamamo.plan.values.model import fiscal_year_of

_SQL = sql.load(__package__, "working.sql")

#: The job that writes values as entities (`publishing.handle`).
FOLLOWING: Final = "plan.entities"
_WAITING_STATES: Final = frozenset({"entered", "confirmed"})


class ValueRefused(Problem):
    """A step that is not possible now (409); code, ja and en say why."""

    status = 409
    type = "https://tamamo.example/problems/plan-value-refused"
    title = "The value is refused"

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"{reason.en} / {reason.ja}", code=reason.code)
        self.reason = reason


WAITING: Final = Reason(
    "waiting",
    "この年度の値がすでに承認を待っています",
    "a value of this year waits for approval already",
)
NO_REASON: Final = Reason(
    "no_reason", "訂正の理由を入力してください", "say why the value is corrected"
)
SAME: Final = Reason("same", "同じ値です", "it is the same value")
SAME_PERSON: Final = Reason(
    "same_person", "入力した人は承認できません", "who entered a value cannot approve it"
)
NOT_WAITING: Final = Reason(
    "not_waiting", "この値は承認待ちではありません", "this value does not wait for approval"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What an owner enters for the town: the value as of a day, its unit, and where it stands."""

    at: date
    value: Decimal
    unit: str
    source: str
    detail: str = ""
    reason: str = ""
    #: How it is counted differently from before: the series breaks here. "" where it is not.
    counted_otherwise: str = ""
    simulated: bool = False
    #: Of a share of survey answers: how many there were, None where nobody says.
    whole: Decimal | None = None


class WorkingYear:
    """The steps of values of a town's plan. Who may take which is for the caller to know."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def enter(
        self, tenant: str, indicator: tuple[str, Indicator], entry: Entry, by: str
    ) -> str:
        """Keep a value that waits, and return its id.

        indicator: project and definition. Raises ValueRefused for another unit, a value that cannot
        be, a second one that waits, the same value again, or a correction without its reason.
        """
        async with transaction(self._pool) as connection:
            return await enter_in(connection, tenant, indicator, entry, by)

    async def confirm(self, tenant: str, id_: str, by: str) -> None:
        """The owner stands by a value. Raises ValueRefused unless it was entered."""
        await self._step(tenant, id_, by, step="confirm", states=frozenset({"entered"}))

    async def approve(self, tenant: str, id_: str, by: str) -> None:
        """A head lets a value hold; what it replaces is kept. Raises ValueRefused."""
        await self._step(tenant, id_, by, step="approve", states=_WAITING_STATES)

    async def decline(self, tenant: str, id_: str, by: str, reason: str) -> None:
        """A head sends a value back, with the reason. Raises ValueRefused."""
        if not reason.strip():
            raise ValueRefused(NO_REASON)
        why = reason.strip()
        await self._step(tenant, id_, by, step="decline", states=_WAITING_STATES, reason=why)

    async def _step(
        self,
        tenant: str,
        id_: str,
        by: str,
        *,
        step: str,
        states: frozenset[str],
        reason: str = "",
    ) -> None:
        async with transaction(self._pool) as connection:
            await step_in(connection, tenant, id_, by, step=step, states=states, reason=reason)


async def enter_in(
    connection: Connection,
    tenant: str,
    indicator: tuple[str, Indicator],
    entry: Entry,
    by: str,
    *,
    instead: bool = False,
) -> str:
    """Keep a value in the caller's transaction, as WorkingYear.enter does.

    instead: one that waits already is taken back for it.
    """
    project, one = indicator
    if reason := judge_value(one, entry.value, entry.unit):
        raise ValueRefused(reason)
    if entry.whole is not None and (reason := judge_answers(one, entry.whole)):
        raise ValueRefused(reason)
    names = {"tenant": tenant, "project": project, "indicator": one.id, "at": entry.at}
    now = time.now()
    if waiting := await _row(connection, "waiting", names):
        if not instead:
            raise ValueRefused(WAITING)
        step = {"tenant": tenant, "id": waiting[0], "by": by, "now": now}
        await connection.execute(_SQL["withdraw"], step)
    holding = await _row(connection, "holding", names)
    # What Tamamo counted itself is confirmed, or put in the place of, without a reason.
    said = holding and holding[2] != "computed"
    if said and (holding[1], holding[3]) == (entry.value, entry.whole):
        raise ValueRefused(SAME)
    if said and not entry.reason.strip():
        raise ValueRefused(NO_REASON)
    given = {
        "year": fiscal_year_of(entry.at), "value": entry.value, "source": entry.source,
        "detail": entry.detail, "reason": entry.reason.strip(), "by": by, "now": now,
        "replaces": holding[0] if holding else None, "simulated": entry.simulated,
        "counted_otherwise": entry.counted_otherwise.strip(), "whole": entry.whole,
    }  # fmt: skip
    row = await _row(connection, "enter", {**names, **given})
    assert row is not None
    before = {"value": str(holding[1]), **_answers(holding[3])} if holding else None
    after = {"at": entry.at.isoformat(), "value": str(entry.value), "reason": entry.reason,
             **_answers(entry.whole)}  # fmt: skip
    about = f"plan:{project}/{one.id}"
    await append(connection, Event(tenant, by, "plan.values.enter", about, before, after))
    return str(row[0])


async def step_in(
    connection: Connection,
    tenant: str,
    id_: str,
    by: str,
    *,
    step: str,
    states: frozenset[str],
    reason: str = "",
) -> None:
    """Confirm, approve, decline or withdraw a value in the caller's transaction."""
    names = {"tenant": tenant, "id": id_, "by": by, "now": time.now(), "reason": reason}
    state, (project, indicator, at, value) = await take_step(
        connection, (_SQL, ""), names, step=step, states=states
    )
    about = f"plan:{project}/{indicator}"
    after = {"at": at.isoformat(), "value": str(value), "reason": reason}
    event = Event(tenant, by, f"plan.values.{step}", about, {"state": state}, after)
    await append(connection, event)
    if step == "approve":
        # What everybody reads as an entity follows at once, and only if this is committed.
        await defer(connection, FOLLOWING, tenant=tenant, actor=by, once=True)


async def take_step(
    connection: Connection,
    statements: tuple[Mapping[str, str], str],
    names: Mapping[str, Any],
    *,
    step: str,
    states: frozenset[str],
) -> tuple[str, list[Any]]:
    """Take a step of a value or a text; return its state before, and the rest of its row.

    statements: those of its table, and what their names begin with; "one" gives state, replaces,
    made_by, and whatever else is wanted. What an approval replaces is marked so. Raises
    ValueRefused where it is in none of the states, or for who entered it.
    """
    sql_of, prefix = statements
    row = await (await connection.execute(sql_of[f"{prefix}one"], names)).fetchone()
    if row is None or row[0] not in states:
        raise ValueRefused(NOT_WAITING)
    state, replaces, made_by, *rest = row
    if step in ("approve", "decline") and made_by == names["by"]:
        raise ValueRefused(SAME_PERSON)
    if step == "approve" and replaces:
        await connection.execute(sql_of[f"{prefix}replaced"], {**names, "id": replaces})
    await connection.execute(sql_of[f"{prefix}{step}"], names)
    return str(state), rest


def _answers(whole: Decimal | None) -> dict[str, str]:
    return {} if whole is None else {"whole": str(whole)}


async def _row(connection: Connection, block: str, names: dict[str, Any]) -> Any:
    return await (await connection.execute(_SQL[block], names)).fetchone()
