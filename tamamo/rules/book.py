"""The rules of all towns, compiled and found by type and subject, with the silences in force."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from tamamo.kernel import sql
from tamamo.kernel.database import Connection
from tamamo.rules.rule import Document, Rule, build
from tamamo.rules.shipped import shipped

_SQL = sql.load("tamamo.rules")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Silence:
    """Nobody is to be called for alarms of a rule, a subject, or both, until a moment."""

    number: int
    tenant: str
    rule: str | None
    subject: str | None
    until: datetime
    reason: str
    actor: str
    at: datetime

    def covers(self, rule: str, subject: str) -> bool:
        """Whether it is about the alert of a rule and a subject."""
        return self.rule in (None, rule) and self.subject in (None, subject)


@dataclass(frozen=True, slots=True)
class Changed:
    """What staff made of a rule. document None: the shipped one holds, or there is none."""

    version: int
    document: Document | None
    enabled: bool
    actor: str
    at: datetime


@dataclass(slots=True)
class _OfType:
    """Rules about one type: for all its entities, and for single ones."""

    common: list[Rule] = field(default_factory=list)
    single: dict[str, list[Rule]] = field(default_factory=dict)


class Town:
    """The rules of one town."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = {rule.id: rule for rule in rules}
        self._by_type: dict[str, _OfType] = {}
        self._looking: dict[str, list[Rule]] = {}
        for rule in self.rules.values():
            for kind in {leaf.others.type for leaf in rule.elsewhere}:
                self._looking.setdefault(kind, []).append(rule)
            own = self._by_type.setdefault(rule.subject.type, _OfType())
            if rule.subject.ids is None:
                own.common.append(rule)
            for subject in rule.subject.ids or ():
                own.single.setdefault(subject, []).append(rule)

    @property
    def types(self) -> set[str]:
        """IRIs of the types that rules are about."""
        return set(self._by_type) | set(self._looking)

    def about(self, types: Iterable[str], subject: str) -> Iterator[Rule]:
        """Yield the rules that may be about a subject, without looking at any other."""
        for one in types:
            own = self._by_type.get(one)
            if own is not None:
                yield from own.common
                yield from own.single.get(subject, ())

    def looking_at(self, types: Iterable[str]) -> Iterator[Rule]:
        """Yield the rules about others that also look at entities of these types."""
        if self._looking:
            for one in types:
                yield from self._looking.get(one, ())


class Book:
    """The rules of all towns, as of a generation."""

    def __init__(self) -> None:
        self.generation: int | None = None
        self._changed: dict[str, dict[str, Changed]] = {}
        self._towns: dict[str, Town] = {}
        #: Of every town that changed nothing.
        self._plain = Town(shipped().values())
        self._silences: dict[str, list[Silence]] = {}

    async def refresh(self, connection: Connection, generation: int) -> list[tuple[str, Rule]]:
        """Read what staff changed of the rules, and the silences.

        Returns the towns and rules that are new since the last look, [] at the first.
        """
        first, before = self.generation is None, self._towns
        rows = await (await connection.execute(_SQL["current"], {"tenant": None})).fetchall()
        self._changed = {}
        for tenant, rule_id, version, document, enabled, actor, at in rows:
            entry = Changed(version, document, enabled, actor, at)
            self._changed.setdefault(tenant, {})[rule_id] = entry
        self._towns = {
            tenant: Town(_in_force(changed)) for tenant, changed in self._changed.items()
        }
        self._silences = {}
        for silence in await open_silences(connection, None):
            self._silences.setdefault(silence.tenant, []).append(silence)
        self.generation = generation
        return [] if first else list(self._new(before))

    def _new(self, before: Mapping[str, Town]) -> Iterator[tuple[str, Rule]]:
        for tenant, town in self._towns.items():
            known = before.get(tenant, self._plain).rules
            for rule in town.rules.values():
                old = known.get(rule.id)
                if old is None or old.version != rule.version:
                    yield tenant, rule

    def town(self, tenant: str) -> Town:
        """Return the rules of a town."""
        return self._towns.get(tenant, self._plain)

    @property
    def types(self) -> set[str]:
        """Return the types (IRIs) that rules of any town are about."""
        return self._plain.types.union(*(town.types for town in self._towns.values()))

    def silences(self) -> Iterator[Silence]:
        """Yield all silences that have not ended."""
        for own in self._silences.values():
            yield from own

    def silenced_until(
        self, tenant: str, rule: str, subject: str, clock: datetime
    ) -> datetime | None:
        """Return until when an alert is silenced, None where it is not."""
        own = self._silences.get(tenant, ())
        return max(
            (one.until for one in own if one.until > clock and one.covers(rule, subject)),
            default=None,
        )


async def current(connection: Connection, tenant: str) -> dict[str, Changed]:
    """Return what staff of a town changed of its rules, by id."""
    cursor = await connection.execute(_SQL["current"], {"tenant": tenant})
    return {row[1]: Changed(*row[2:]) for row in await cursor.fetchall()}


async def open_silences(connection: Connection, tenant: str | None) -> list[Silence]:
    """Return the silences of a town, or of all, that have not ended."""
    cursor = await connection.execute(_SQL["open_silences"], {"tenant": tenant})
    return [Silence(*row) for row in await cursor.fetchall()]


def _in_force(changed: Mapping[str, Changed]) -> Iterator[Rule]:
    for rule_id, rule in shipped().items():
        entry = changed.get(rule_id)
        if entry is None or (entry.enabled and entry.document is None):
            yield rule
    for rule_id, entry in changed.items():
        if entry.enabled and entry.document is not None:
            made = _compiled(rule_id, entry)
            if made is not None:
                yield made


def _compiled(rule_id: str, entry: Changed) -> Rule | None:
    document: Any = entry.document
    try:
        return build(document, entry.version)
    except Exception:
        # One rule that an older version of the program let through must not hold up all others.
        _log.exception("a rule cannot be built", rule=rule_id)
        return None
