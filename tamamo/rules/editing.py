"""Rules as staff of a town change them: versions kept, who, when, before and after."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson

from tamamo.kernel import audit, sql
from tamamo.kernel.audit import Event
from tamamo.kernel.database import Connection
from tamamo.rules import book
from tamamo.rules.acts import end_alerts
from tamamo.rules.book import Changed
from tamamo.rules.check import parse
from tamamo.rules.errors import NoSuchRule, RuleChanged
from tamamo.rules.rule import Document
from tamamo.rules.shipped import shipped

_SQL = sql.load("tamamo.rules")

Origin = Literal["shipped", "own", "changed"]


@dataclass(frozen=True, slots=True)
class RuleEntry:
    """A rule of a town. version: 0 for a shipped one that nobody touched."""

    id: str
    document: Document
    origin: Origin
    enabled: bool
    version: int
    changed_at: datetime | None
    changed_by: str | None


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """What a rule was. document None: the shipped one held, or there was none any more."""

    version: int
    document: Document | None
    enabled: bool
    actor: str
    at: datetime


async def listing(connection: Connection, tenant: str) -> list[RuleEntry]:
    """Return all rules of a town by id, those that are switched off included."""
    changed = await book.current(connection, tenant)
    found = [_entry(rule_id, changed.get(rule_id)) for rule_id in sorted({*shipped(), *changed})]
    return [entry for entry in found if entry is not None]


async def entry(connection: Connection, tenant: str, rule_id: str) -> RuleEntry:
    """Return one rule of a town. Raises NoSuchRule."""
    changed = await book.current(connection, tenant)
    found = _entry(rule_id, changed.get(rule_id))
    if found is None:
        raise NoSuchRule(f"There is no rule {rule_id!r}", field="rule")
    return found


async def save(
    connection: Connection,
    tenant: str,
    document: object,
    *,
    actor: str,
    version: int | None = None,
) -> int:
    """Store a rule as its next version, switched on; return that version.

    version: the one it was made from, None for a new rule. Raises RuleInvalid naming the members at
    fault, RuleChanged when somebody was faster.
    """
    rule = parse(document)
    assert isinstance(document, Mapping)
    before, latest = await _before(connection, tenant, rule.id)
    if (before.version if before is not None else None) != version:
        raise RuleChanged(f"{rule.id!r} was changed meanwhile", field="version")
    enabled = True if before is None else before.enabled
    action = "rule.create" if before is None else "rule.change"
    hand = _Hand(connection, tenant, rule.id, actor)
    await hand.add(latest + 1, document, enabled=enabled)
    await hand.note(action, None if before is None else before.document, document)
    return latest + 1


async def switch(
    connection: Connection, tenant: str, rule_id: str, enabled: bool, *, actor: str
) -> None:
    """Switch a rule on or off; off, its alerts are over. Raises NoSuchRule."""
    before, latest = await _before(connection, tenant, rule_id)
    if before is None:
        raise NoSuchRule(f"There is no rule {rule_id!r}", field="rule")
    if before.enabled == enabled:
        return
    document = None if before.origin == "shipped" else before.document
    hand = _Hand(connection, tenant, rule_id, actor)
    if not enabled:
        await hand.forget()
    await hand.add(latest + 1, document, enabled=enabled)
    await hand.note("rule.switch", {"enabled": not enabled}, {"enabled": enabled})


async def remove(connection: Connection, tenant: str, rule_id: str, *, actor: str) -> None:
    """Take a rule of the town away; a shipped one that was changed is as shipped again.

    Raises NoSuchRule, also for a shipped rule that nobody changed: that is switched off.
    """
    before, latest = await _before(connection, tenant, rule_id)
    if before is None or before.origin == "shipped":
        raise NoSuchRule(f"There is no rule {rule_id!r} of the town's own", field="rule")
    stays = rule_id in shipped()
    hand = _Hand(connection, tenant, rule_id, actor)
    if not stays:
        await hand.forget()
    await hand.add(latest + 1, None, enabled=stays)
    await hand.note("rule.remove", before.document, None)


async def versions(connection: Connection, tenant: str, rule_id: str) -> list[RuleVersion]:
    """Return what staff made of a rule, newest first."""
    parameters = {"tenant": tenant, "rule": rule_id}
    cursor = await connection.execute(_SQL["versions"], parameters)
    return [RuleVersion(*row) for row in await cursor.fetchall()]


async def copy(connection: Connection, of: str, into: str, *, actor: str) -> list[str]:
    """Give a town what staff of another made of their rules; return the ids. For drills."""
    parameters = {"of": of, "into": into, "actor": actor}
    cursor = await connection.execute(_SQL["copy_rules"], parameters)
    copied = [row[0] for row in await cursor.fetchall()]
    if copied:
        event = Event(into, actor, "rule.copy", f"tenant:{of}", None, {"rules": copied})
        await audit.append(connection, event)
        await connection.execute(_SQL["changed"])
    return copied


def _entry(rule_id: str, changed: Changed | None) -> RuleEntry | None:
    plain = shipped().get(rule_id)
    if changed is None:
        if plain is None:
            return None
        return RuleEntry(rule_id, plain.document, "shipped", True, 0, None, None)
    document = changed.document
    if document is None and plain is None:
        return None
    origin: Origin = "own" if plain is None else "shipped" if document is None else "changed"
    shown = document if document is not None or plain is None else plain.document
    assert shown is not None
    return RuleEntry(
        rule_id, shown, origin, changed.enabled, changed.version, changed.at, changed.actor
    )


async def _before(
    connection: Connection, tenant: str, rule_id: str
) -> tuple[RuleEntry | None, int]:
    """Return a rule as it stands, and the newest number that was given, nobody else at it."""
    await connection.execute(_SQL["lock_rules"], {"tenant": tenant})
    changed = (await book.current(connection, tenant)).get(rule_id)
    return _entry(rule_id, changed), 0 if changed is None else changed.version


@dataclass(frozen=True, slots=True)
class _Hand:
    """Who changes which rule."""

    connection: Connection
    tenant: str
    rule_id: str
    actor: str

    async def add(self, version: int, document: Document | None, *, enabled: bool) -> None:
        text = None if document is None else orjson.dumps(document).decode()
        await self.connection.execute(
            _SQL["add_version"],
            {
                "tenant": self.tenant, "rule": self.rule_id, "version": version,
                "document": text, "enabled": enabled, "actor": self.actor,
            },
        )  # fmt: skip
        await self.connection.execute(_SQL["changed"])

    async def forget(self) -> None:
        parameters = {"tenant": self.tenant, "rule": self.rule_id}
        await self.connection.execute(_SQL["forget_rule"], parameters)
        await end_alerts(self.connection, self.tenant, self.rule_id, actor=self.actor)

    async def note(
        self, action: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
    ) -> None:
        about = f"rule:{self.rule_id}"
        event = Event(self.tenant, self.actor, action, about, before, after)
        await audit.append(self.connection, event)
