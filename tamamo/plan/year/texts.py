"""Narrative and decision of a project and year: entered, confirmed, approved, as values are."""

from datetime import date
from typing import Any, Final

from tamamo.feeds.quality import Reason
from tamamo.kernel import sql, time
from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import Connection
from tamamo.plan.values.working import (
    NO_REASON,
    SAME,
    ValueRefused,
    take_step,
)
from tamamo.plan.year.model import LONGEST_TEXT, TextKind, TypedText

SQL: Final = sql.load("tamamo.plan.year")

NO_WORDS: Final = Reason("no_words", "本文を入力してください", "write the text")
TOO_LONG: Final = Reason(
    "too_long", f"{LONGEST_TEXT:,}文字までです", f"at most {LONGEST_TEXT:,} characters"
)
UNREADABLE: Final = Reason(
    "unreadable", "表示できない文字があります", "there is a character that cannot be shown"
)
NO_OUTCOME: Final = Reason("no_outcome", "決定を選んでください", "choose what was decided")
NO_DAY: Final = Reason(
    "no_day", "日付ではありません（例：2026-03-24）", "this is no day, such as 2026-03-24"
)


def readable(text: str) -> bool:
    """Whether every character can be shown and stored: no control characters but line ends."""
    return all(sign in "\n\t" or sign.isprintable() or sign == "\u3000" for sign in text)


def judge_text(kind: TextKind, typed: TypedText, outcomes: frozenset[str]) -> dict[str, Reason]:
    """Return what is wrong with a text, by field."""
    faults: dict[str, Reason] = {}
    body = typed.body.strip()
    if not body:
        faults[kind] = NO_WORDS
    elif len(body) > LONGEST_TEXT:
        faults[kind] = TOO_LONG
    elif not readable(body):
        faults[kind] = UNREADABLE
    if kind == "decision":
        if typed.outcome not in outcomes:
            faults["outcome"] = NO_OUTCOME
        if typed.decided_on.strip() and day_of(typed.decided_on) is None:
            faults["decided_on"] = NO_DAY
    return faults


def day_of(text: str) -> date | None:
    """Return a day as forms send it, None for anything else."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


async def enter(
    connection: Connection,
    of: tuple[str, str, int],
    kind: TextKind,
    typed: TypedText,
    by: str,
    *,
    simulated: bool = False,
) -> str:
    """Keep a text that waits, instead of one that waited. of: tenant, project, year.

    Raises ValueRefused for the same text again, or a correction without its reason.
    """
    tenant, project, year = of
    names: dict[str, Any] = {
        "tenant": tenant, "project": project, "year": year, "kind": kind, "by": by,
        "now": time.now(),
    }  # fmt: skip
    waiting = await row(connection, "text_waiting", names)
    if waiting:
        await connection.execute(SQL["text_withdraw"], {**names, "id": waiting[0]})
    content = (typed.body.strip(), typed.outcome, day_of(typed.decided_on))
    holding = await row(connection, "text_holding", names)
    if holding and holding[1:] == content:
        raise ValueRefused(SAME)
    if holding and not typed.reason.strip():
        raise ValueRefused(NO_REASON)
    given = {
        "body": content[0], "outcome": content[1], "decided_on": content[2],
        "replaces": holding[0] if holding else None, "reason": typed.reason.strip(),
        "simulated": simulated,
    }  # fmt: skip
    made = await row(connection, "text_enter", {**names, **given})
    after = {"year": year, "outcome": typed.outcome, "reason": typed.reason.strip()}
    event = Event(tenant, by, f"plan.{kind}.enter", f"plan:{project}", None, after)
    await append(connection, event)
    return str(made[0])


async def step(
    connection: Connection,
    tenant: str,
    id_: str,
    by: str,
    *,
    step: str,
    states: frozenset[str],
    reason: str = "",
) -> None:
    """Confirm, approve, decline or withdraw a text. Raises ValueRefused."""
    names = {"tenant": tenant, "id": id_, "by": by, "now": time.now(), "reason": reason}
    state, (project, kind, year) = await take_step(
        connection, (SQL, "text_"), names, step=step, states=states
    )
    after = {"year": year, "reason": reason}
    event = Event(tenant, by, f"plan.{kind}.{step}", f"plan:{project}", {"state": state}, after)
    await append(connection, event)


async def row(connection: Connection, block: str, names: dict[str, Any]) -> Any:
    """Return the first row of a statement, None without one."""
    return await (await connection.execute(SQL[block], names)).fetchone()
