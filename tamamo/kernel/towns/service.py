"""Tenants as people make and change them. Every act is an audit row of the same transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Final

from psycopg.errors import UniqueViolation
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from tamamo.kernel import drills, sql
from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import Connection, Pool, transaction
from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity.model import EVERY_TENANT, Actor, Role
from tamamo.kernel.towns import town as towns
from tamamo.kernel.towns.directory import Towns
from tamamo.kernel.towns.errors import NoSuchTown, TownExists
from tamamo.kernel.towns.town import DEFAULT, Fault, InvalidTown, Town

_SQL = sql.load("tamamo.kernel.towns", "service.sql")

#: What an operator of the town itself may change; the rest is the installation's.
OWN: Final = frozenset({"titles", "languages", "map_view", "public_types"})


@dataclass(frozen=True, slots=True)
class Use:
    """One quota: what is used of it and the limit, None where there is none.

    entities: as last counted. requests: of the last whole minute. storage: bytes, as last measured.
    """

    quota: str
    used: int
    limit: int | None
    measured_at: datetime | None = None

    @property
    def share(self) -> float | None:
        """Return the used part of the limit, 1.0 when all of it is; None without a limit."""
        if self.limit is None:
            return None
        return self.used / self.limit if self.limit else 1.0


@dataclass(frozen=True, slots=True)
class Entry:
    """A tenant as the console lists it."""

    town: Town
    created_at: datetime
    created_by: str | None
    uses: tuple[Use, ...]
    #: Requests of the last whole minute that were refused for being too many.
    refused: int

    def use(self, quota: str) -> Use:
        """Return what is used of `entities`, `requests` or `storage`."""
        return next(use for use in self.uses if use.quota == quota)


class TownService:
    """Makes, changes, suspends and lists tenants."""

    def __init__(self, pool: Pool, known: Towns) -> None:
        """known: is brought up to date after each change."""
        self._pool = pool
        self._known = known

    async def create(self, actor: Actor, town: Town) -> Town:
        """Make a tenant. For operators of the whole installation.

        Raises Forbidden, InvalidTown naming the fields, TownExists.
        """
        _require_installation(actor)
        towns.check(town)
        columns = _row(town)
        async with transaction(self._pool) as connection:
            try:
                cursor = await connection.execute(
                    _SQL["insert_town"], {**columns, "by": actor.subject}
                )
            except UniqueViolation:
                raise _code_taken(town) from None
            if await cursor.fetchone() is None:
                raise TownExists(f"There is a tenant {town.name!r} already", field="name")
            after = towns.to_columns(town)
            event = Event(
                town.name, actor.subject, "tenant.create", _object(town.name), None, after
            )
            await _finish(connection, event)
        await self._known.refresh()
        return town

    async def change(self, actor: Actor, name: str, /, **wanted: Any) -> Town:
        """Change fields of a tenant (those of Town, but name, suspended and drill); return it.

        Operators of the town change what is in OWN, operators of the installation all of it.
        Raises Forbidden, NoSuchTown, InvalidTown, TownExists for a code that another tenant has.
        """
        foreign = wanted.keys() - {field.name for field in fields(Town)} | {
            "name",
            "suspended",
            "drill",
        }.intersection(wanted)
        if foreign:
            raise TypeError(f"not fields to change: {sorted(foreign)}")
        if wanted.keys() <= OWN and actor.holds(Role.OPERATOR, name):
            pass
        else:
            _require_installation(actor)
        return await self._replace(actor, name, "tenant.change", **wanted)

    async def suspend(self, actor: Actor, name: str, reason: str) -> Town:
        """Stop all reading and writing of a tenant until `resume`; nothing of it is lost.

        Raises Forbidden, NoSuchTown, InvalidTown for the default tenant or without a reason.
        """
        _require_installation(actor)
        if name == DEFAULT:
            raise InvalidTown([Fault("name", "default", "The default tenant cannot be suspended.")])
        if not reason.strip():
            raise InvalidTown([Fault("reason", "reason", "Say why the tenant is suspended.")])
        return await self._replace(
            actor, name, "tenant.suspend", note={"reason": reason.strip()}, suspended=True
        )

    async def resume(self, actor: Actor, name: str) -> Town:
        """Let a suspended tenant go on. Raises Forbidden, NoSuchTown."""
        _require_installation(actor)
        return await self._replace(actor, name, "tenant.resume", suspended=False)

    async def listed(self) -> list[Entry]:
        """Return all tenants, the default one first."""
        return await self._entries(None)

    async def entry(self, name: str) -> Entry:
        """Return one tenant with its use of each quota. Raises NoSuchTown."""
        found = await self._entries(name)
        if not found:
            raise _missing(name)
        return found[0]

    async def usage(self, name: str) -> tuple[Use, ...]:
        """Return what a tenant uses of each quota: entities, requests, storage."""
        return (await self.entry(name)).uses

    async def _entries(self, name: str | None) -> list[Entry]:
        async with transaction(self._pool) as connection:
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute(_SQL["list_towns"], {"name": name})
            return [_entry(row) for row in await cursor.fetchall()]

    async def _replace(
        self,
        actor: Actor,
        name: str,
        action: str,
        note: dict[str, Any] | None = None,
        **wanted: Any,
    ) -> Town:
        async with transaction(self._pool) as connection:
            before = await _locked(connection, name)
            if await drills.of(connection, name) is not None:
                raise InvalidTown([Fault("name", "drill", "A drill stays as it was made.")])
            after = replace(before, **wanted)
            if after == before:
                return before
            _check_changed(before, after)
            try:
                await connection.execute(_SQL["update_town"], _row(after))
            except UniqueViolation:
                raise _code_taken(after) from None
            old, new = towns.to_columns(before), towns.to_columns(after)
            changed = [key for key in new if new[key] != old[key]]
            event = Event(
                name,
                actor.subject,
                action,
                _object(name),
                {key: old[key] for key in changed},
                {key: new[key] for key in changed} | (note or {}),
            )
            await _finish(connection, event)
        await self._known.refresh()
        return after


def _check_changed(before: Town, after: Town) -> None:
    """Check what is changed; a tenant that a write once made may keep the name it has."""
    try:
        towns.check(after)
    except InvalidTown as problem:
        untitled = not before.titles and not after.titles
        kept = {"name"} | ({"title_ja", "title_en"} if untitled else set())
        faults = [fault for fault in problem.faults if fault.field not in kept]
        if faults:
            raise InvalidTown(faults) from None


async def _locked(connection: Connection, name: str) -> Town:
    cursor = connection.cursor(row_factory=dict_row)
    row = await (await cursor.execute(_SQL["lock_town"], {"name": name})).fetchone()
    if row is None:
        raise _missing(name)
    return towns.from_columns(row)


async def _finish(connection: Connection, event: Event) -> None:
    await append(connection, event)
    await connection.execute(_SQL["changed"])


def _entry(row: dict[str, Any]) -> Entry:
    town = towns.from_columns(row)
    limits = town.limits
    uses = (
        Use("entities", row["entities"], limits.entities, row["counted_at"]),
        Use("requests", row["requests"], limits.requests),
        Use("storage", row["storage"], limits.storage, row["measured_at"]),
    )
    return Entry(town, row["created_at"], row["created_by"], uses, row["refused"])


def _row(town: Town) -> dict[str, Any]:
    columns = towns.to_columns(town)
    view = columns["map_view"]
    return {**columns, "title": Jsonb(columns["title"]), "map_view": view and Jsonb(view)}


def _require_installation(actor: Actor) -> None:
    if not actor.holds(Role.OPERATOR, EVERY_TENANT):
        raise Forbidden("This is for operators of the whole installation")


def _object(name: str) -> str:
    return f"tenant:{name}"


def _missing(name: str) -> NoSuchTown:
    return NoSuchTown(f"There is no tenant {name!r}")


def _code_taken(town: Town) -> TownExists:
    return TownExists(f"Another tenant has the code {town.code}", field="code")


def public_of(names: Sequence[str]) -> frozenset[str]:
    """Return public types as people name them: IRIs, or `*`."""
    return frozenset(name.strip() for name in names if name.strip())
