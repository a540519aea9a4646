"""A town with people, a tree and alarms that a test makes, on a clock that it turns."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from tamamo.calling import call as calls
from tamamo.calling import duty, store
from tamamo.calling.call import Call
from tamamo.calling.contact import Address, Contact
from tamamo.calling.duty import Roster, Shift
from tamamo.calling.engine import Calling
from tamamo.calling.matching import Alarm, CallRule
from tamamo.calling.tree import Mode, Step, Target, Tree
from tamamo.calling.view import Reached, reached
from tamamo.kernel.database import Connection, Pool, transaction
from tamamo.kernel.settings import Settings
from tamamo.messaging import Channel
from tamamo.rules.events import AlertEvent

START = datetime(2026, 6, 1, 12, tzinfo=UTC)  # a Monday, 21:00 in Japan


@dataclass
class MadeAlarms:
    """Alerts as a test makes them."""

    events: list[AlertEvent] = field(default_factory=list)
    acknowledged: list[tuple[str, str]] = field(default_factory=list)
    points: dict[str, tuple[float, float]] = field(default_factory=dict)

    async def heads(self, connection: Connection) -> dict[str, int]:
        return {one.tenant: one.position for one in self.events}

    async def after(
        self, connection: Connection, tenant: str, position: int
    ) -> Sequence[AlertEvent]:
        return [e for e in self.events if e.tenant == tenant and e.position > position][:500]

    async def alarm(self, connection: Connection, event: AlertEvent) -> Alarm:
        return Alarm(
            event.alert, event.rule, event.severity, frozenset({"flood"}),
            self.points.get(event.alert),
        )  # fmt: skip

    async def acknowledge(
        self, connection: Connection, tenant: str, alert: str, actor: str
    ) -> None:
        self.acknowledged.append((alert, actor))


@dataclass
class Night:
    """The night of a test."""

    pool: Pool
    settings: Settings
    moment: datetime = START
    alarms: MadeAlarms = field(default_factory=MadeAlarms)
    people: dict[str, str] = field(default_factory=dict)
    tree: str = ""
    tenant: str = "default"

    def __post_init__(self) -> None:
        self.calling = self.process()

    def process(self) -> Calling:
        """Return the calls of another process."""
        return Calling(self.pool, self.settings, self.alarms, lambda _tenant: self.moment)

    def turn(self, **by: float) -> None:
        self.moment += timedelta(**by)

    def event(
        self, alert: str, after: str, *, kind: Any = "state", before: str = "normal",
        episode: int = 1, severity: str = "high", at: datetime | None = None, **more: Any,
    ) -> None:  # fmt: skip
        """Note that something happened to an alert."""
        own = [one for one in self.alarms.events if one.tenant == self.tenant]
        self.alarms.events.append(
            AlertEvent(
                tenant=self.tenant, alert=alert, subject=f"urn:{alert}", rule="river",
                episode=episode, kind=kind, before=before, after=after, at=at or self.moment,
                severity=severity, text={"ja": f"{alert}の水位", "en": f"Level at {alert}"},
                position=len(own) + 1, noted_at=self.moment, **more,
            )
        )  # fmt: skip

    async def run(self, calling: Calling | None = None) -> None:
        """Follow and go on, as the service does, until nothing is due at this moment."""
        chosen = calling or self.calling
        while await chosen.follow() + await chosen.advance():
            pass

    async def wait(self, minutes: float, every: float = 60) -> None:
        """Let time pass, with a look every so many seconds."""
        for _ in range(int(minutes * 60 / every)):
            self.turn(seconds=every)
            await self.run()

    async def contact(self, name: str, *addresses: Address, **more: Any) -> str:
        async with transaction(self.pool) as connection:
            places = addresses or (Address(Channel.MAIL, f"{name}@example.jp"),)
            made = Contact("", name, addresses=places, **more)
            number = await store.save_contact(connection, self.tenant, made, actor="user:1")
        self.people[name] = number
        return number

    async def make_tree(self, *steps: Step, **more: Any) -> str:
        async with transaction(self.pool) as connection:
            made = Tree("", "当番", steps, **more)
            self.tree = await store.save_tree(connection, self.tenant, made, 1, actor="user:1")
            rule = CallRule("", "川", self.tree, "medium")
            await store.save_rule(connection, self.tenant, rule, 1, actor="user:1")
        return self.tree

    async def roster(self, *people: str, ends: time = time(23)) -> str:
        """Make a roster that has its people on duty from 9:00 until then, Japan's time."""
        shift = Shift("当直", frozenset(range(7)), time(9), ends, people)
        async with transaction(self.pool) as connection:
            made = Roster("", "r", (shift,))
            return await store.save_roster(connection, self.tenant, made, 1, actor="user:1")

    def step(self, *names: str, minutes: float = 5, mode: Mode = Mode.TOGETHER) -> Step:
        return Step(tuple(Target(self.people[name]) for name in names), minutes, mode)

    async def calls(self) -> list[Call]:
        async with transaction(self.pool) as connection:
            return await calls.listed(connection, self.tenant)

    async def called(self, call: Call) -> list[Reached]:
        async with transaction(self.pool) as connection:
            return await reached(connection, call)

    async def timeline(self) -> list[tuple[int, str]]:
        """Return (minutes since the start, name) of all who were called in all calls."""
        found = [
            (int((one.called_at - START) / timedelta(minutes=1)), one.name)
            for call in await self.calls()
            for one in await self.called(call)
        ]
        return sorted(found)

    async def log(self, call: Call) -> list[str]:
        async with transaction(self.pool) as connection:
            return [one.kind for one in await calls.logged(connection, call)]

    async def sql(self, statement: str, *values: Any) -> list[Any]:
        async with transaction(self.pool) as connection:
            cursor = await connection.execute(statement.encode(), values)
            return await cursor.fetchall() if cursor.description else []

    async def messages(self) -> list[tuple[str, str]]:
        """Return (recipient, subject) of all messages, in order."""
        return await self.sql("select recipient, subject from message order by created_at, subject")


@pytest.fixture
async def night(pool: Pool, tmp_path: Path) -> Night:
    """A section chief over three people: two at once, then one, then the chief."""
    home = tmp_path / "home"
    home.mkdir()
    made = Night(pool, Settings(home=home, public_url="https://t.example"))
    for name in ("aoki", "baba", "chiba", "doi"):
        await made.contact(name)
    await made.make_tree(
        made.step("aoki", "baba", minutes=5),
        made.step("chiba", minutes=3),
        made.step("doi", minutes=10),
        rounds=2,
    )
    return made


__all__ = ["START", "Night", "duty", "replace"]
