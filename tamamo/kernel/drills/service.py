"""Drills as people make, run and end them. Every act is a row in the town's log and the drill's."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from tamamo.kernel import sql, time
from tamamo.kernel.audit import Event, append_many
from tamamo.kernel.database import Connection, Pool, transaction
from tamamo.kernel.drills import plan as plans
from tamamo.kernel.drills.clock import Turn
from tamamo.kernel.drills.drill import Drill, State, mark
from tamamo.kernel.drills.entry import Entry, find, listed, missing
from tamamo.kernel.drills.errors import DrillRefused, Fault, InvalidDrill
from tamamo.kernel.drills.plan import Plan
from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity import grants
from tamamo.kernel.identity.model import Actor, Grant, Role
from tamamo.kernel.towns.directory import Towns
from tamamo.kernel.towns.town import LANGUAGES

_SQL = sql.load("tamamo.kernel.drills")

#: Drills of a town that are not removed yet.
MOST: Final = 20
#: Who makes and runs a town's drills.
LEADERS: Final = (Role.APPROVER, Role.OPERATOR)
_OPEN: Final = (State.MAKING, State.READY, State.RUNNING, State.PAUSED)
_MAY_TURN: Final = (State.RUNNING, State.PAUSED)
#: Types and scopes a role is for; None: all.
_Limit = tuple[tuple[str, ...] | None, tuple[str, ...] | None]
_UNLIMITED: Final[_Limit] = (None, None)
#: No entity's type: of whom works for a unit that answers for none.
_NOTHING: Final = "urn:tamamo:nothing"


class DrillService:
    """Makes, runs and ends drills."""

    def __init__(self, pool: Pool, known: Towns, clock: Callable[[], datetime] = time.now) -> None:
        """known: is brought up to date after each act. clock: what other clocks show."""
        self._pool = pool
        self._known = known
        self._clock = clock

    async def create(self, actor: Actor, plan: Plan) -> Drill:
        """Make a drill of a town; what it takes of the town is copied after (state making).

        For approvers and operators of the town. Raises Forbidden, InvalidDrill naming the fields,
        DrillRefused where there are too many.
        """
        require_leader(actor, plan.town)
        moment = self._clock()
        plans.check(plan, moment)
        async with transaction(self._pool) as connection:
            town = await _one(connection, "lock_town", name=plan.town)
            if town is None or town["drill"]:
                fault = Fault("town", "town", "A drill is made from a town that is there.")
                raise InvalidDrill([fault])
            if town["drills"] >= MOST:
                raise DrillRefused(f"{plan.town!r} has {MOST} drills: delete one first")
            tenant = plans.name_of(plan.town, moment)
            titles = {
                language: mark(town["title"].get(language) or plan.town, language)
                for language in LANGUAGES
            }
            await connection.execute(
                _SQL["insert_tenant"],
                {"tenant": tenant, "of": plan.town, "title": Jsonb(titles), "by": actor.subject},
            )
            await connection.execute(_SQL["copy_types"], {"tenant": tenant, "of": plan.town})
            await connection.execute(_SQL["insert"], _columns(plan, tenant, actor))
            await _invite(connection, actor, tenant, plan)
            await self._note(connection, actor, (tenant, plan.town), "create", after=_said(plan))
        await self._known.refresh()
        drill = self._known.drill(tenant)
        assert drill is not None
        return drill

    async def made(self, tenant: str) -> None:
        """Note that all was copied: it can be started. Nothing where it was noted before."""
        async with transaction(self._pool) as connection:
            await connection.execute(_SQL["made"], {"tenant": tenant})
            await connection.execute(_SQL["changed"])
        await self._known.refresh()

    async def start(self, actor: Actor, town: str, tenant: str, speed: float = 1.0) -> Entry:
        """Let its clock go. Raises Forbidden, NoSuchDrill, DrillRefused, InvalidDrill."""
        return await self._turn(actor, town, tenant, "start", allowed=(State.READY,), speed=speed)

    async def pause(self, actor: Actor, town: str, tenant: str) -> Entry:
        """Stop its clock; people go on. Raises Forbidden, NoSuchDrill, DrillRefused."""
        return await self._turn(actor, town, tenant, "pause", allowed=(State.RUNNING,), speed=None)

    async def go_on(
        self, actor: Actor, town: str, tenant: str, speed: float | None = None
    ) -> Entry:
        """Let its clock go on, or at another speed. Raises as `start`."""
        return await self._turn(actor, town, tenant, "go_on", allowed=_MAY_TURN, speed=speed)

    async def end(self, actor: Actor, town: str, tenant: str) -> Entry:
        """End it: nothing of it is written or sent any more; its log stays, for the review.

        The people who took part keep nothing there. Raises Forbidden, NoSuchDrill, DrillRefused.
        """
        async with transaction(self._pool) as connection:
            entry = await self._locked(connection, actor, town, tenant, _OPEN)
            await self._end(connection, actor, entry)
        return await self._after(tenant)

    async def delete(self, actor: Actor, town: str, tenant: str) -> None:
        """Remove a drill that has ended, with all it held; the audit logs stay.

        Raises Forbidden, NoSuchDrill, DrillRefused while it goes on.
        """
        async with transaction(self._pool) as connection:
            entry = await self._locked(connection, actor, town, tenant, (State.ENDED,))
            await connection.execute(_SQL["delete"], {"tenant": tenant})
            before = {"title": entry.drill.title, "scenario": entry.drill.scenario}
            await self._note(connection, actor, (tenant, town), "delete", before=before)
        await self._known.refresh()

    async def reach(self, actor: Actor, town: str, tenant: str, recipients: Sequence[str]) -> Entry:
        """Change who may be reached. Raises Forbidden, NoSuchDrill, DrillRefused, InvalidDrill."""
        wanted = tuple(dict.fromkeys(one.strip() for one in recipients if one.strip()))
        faults = plans.recipients_faults(wanted)
        if faults:
            raise InvalidDrill(faults)
        async with transaction(self._pool) as connection:
            entry = await self._locked(connection, actor, town, tenant, _OPEN)
            values = {"tenant": tenant, "recipients": list(wanted)}
            await connection.execute(_SQL["reach"], values)
            await self._note(
                connection,
                actor,
                (tenant, town),
                "reach",
                before={"recipients": len(entry.recipients)},
                after={
                    "recipients": len(wanted),
                    "added": len(set(wanted) - set(entry.recipients)),
                },
            )
        return await self._after(tenant)

    async def resume(self, tenant: str) -> None:
        """Let the clock of a running drill go on from when it was last looked at.

        For the service that plays: while no process played, no time has passed in the drill.
        """
        async with transaction(self._pool) as connection:
            entry = await find(connection, tenant, lock=True)
            drill = entry.drill
            if drill.state is not State.RUNNING or entry.beat_at is None:
                return
            position = drill.clock.position_at(entry.beat_at)
            stood = Turn(entry.beat_at, position, 0.0)
            await self._set(connection, drill, stood, State.RUNNING)
            goes_on = Turn(self._clock(), position, entry.speed)
            await self._set(connection, drill, goes_on, State.RUNNING)
        await self._known.refresh()

    async def expire(self) -> int:
        """End the drills whose time is over; return how many."""
        async with transaction(self._pool) as connection:
            cursor = await connection.execute(_SQL["expired"], {"now": self._clock()})
            over = [row[0] for row in await cursor.fetchall()]
            for tenant in over:
                await self._end(connection, _EXPIRY, await find(connection, tenant, lock=True))
        if over:
            await self._known.refresh()
        return len(over)

    async def listed(self, town: str) -> list[Entry]:
        """Return the drills of a town, the newest first."""
        async with transaction(self._pool) as connection:
            return await listed(connection, town=town, tenant=None)

    async def entry(self, town: str, tenant: str) -> Entry:
        """Return one drill of a town. Raises NoSuchDrill."""
        async with transaction(self._pool) as connection:
            found = await listed(connection, town=town, tenant=tenant)
        if not found:
            raise missing(tenant)
        return found[0]

    async def turns(self, tenant: str) -> list[Turn]:
        """Return how its clock went, the oldest turn first."""
        async with transaction(self._pool) as connection:
            cursor = await connection.execute(_SQL["turns"], {"tenant": tenant})
            return [Turn(*row) for row in await cursor.fetchall()]

    async def _turn(
        self,
        actor: Actor,
        town: str,
        tenant: str,
        act: str,
        *,
        allowed: tuple[State, ...],
        speed: float | None,
    ) -> Entry:
        async with transaction(self._pool) as connection:
            entry = await self._locked(connection, actor, town, tenant, allowed)
            drill, moment = entry.drill, self._clock()
            kept = entry.speed if speed is None else speed
            pausing = act == "pause"
            if not pausing:
                _check_speed(drill, kept, moment)
            position = drill.clock.position_at(moment)
            state = State.PAUSED if pausing else State.RUNNING
            turn = Turn(moment, position, 0.0 if pausing else kept)
            await self._set(connection, drill, turn, state)
            said = {"state": state.value, "position": round(position, 1)}
            if not pausing:
                said["speed"] = kept
            before = {"state": drill.state.value}
            await self._note(connection, actor, (tenant, town), act, before=before, after=said)
        return await self._after(tenant)

    async def _set(
        self,
        connection: Connection,
        drill: Drill,
        turn: Turn,
        state: State,
    ) -> None:
        values = {
            "tenant": drill.tenant,
            "at": turn.noted_at,
            "position": turn.position,
            "speed": turn.speed,
            "state": state.value,
        }
        await connection.execute(_SQL["turn"], values)
        await connection.execute(_SQL["note_turn"], values)
        await connection.execute(_SQL["changed"])

    async def _end(self, connection: Connection, actor: Actor, entry: Entry) -> None:
        drill, moment = entry.drill, self._clock()
        position = drill.clock.position_at(moment)
        await self._set(connection, drill, Turn(moment, position, 0.0), State.ENDED)
        values = {"tenant": drill.tenant, "by": actor.subject, "at": moment}
        await connection.execute(_SQL["end"], values)
        await connection.execute(_SQL["suspend"], values)
        await connection.execute(_SQL["revoke"], values)
        before, after = {"state": drill.state.value}, {"state": State.ENDED.value}
        await self._note(
            connection, actor, (drill.tenant, drill.town), "end", before=before, after=after
        )

    async def _locked(
        self,
        connection: Connection,
        actor: Actor,
        town: str,
        tenant: str,
        allowed: tuple[State, ...],
    ) -> Entry:
        require_leader(actor, town)
        entry = await find(connection, tenant, lock=True)
        drill = entry.drill
        if drill.town != town:
            raise missing(tenant)
        if drill.state not in allowed:
            raise DrillRefused(f"The drill is {drill.state.value}", state=drill.state.value)
        return entry

    async def _after(self, tenant: str) -> Entry:
        await self._known.refresh()
        async with transaction(self._pool) as connection:
            return await find(connection, tenant)

    async def _note(
        self,
        connection: Connection,
        actor: Actor,
        drill: tuple[str, str],
        act: str,
        *,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
    ) -> None:
        """Note an act on a drill (tenant, town) in both logs, and tell all processes."""
        subject, action = f"drill:{drill[0]}", f"drill.{act}"
        await append_many(
            connection,
            [Event(log, actor.subject, action, subject, before, after) for log in drill],
        )
        await connection.execute(_SQL["changed"])


_EXPIRY: Final = Actor("system:drills", "drills")


def require_leader(actor: Actor, town: str) -> None:
    """Raise Forbidden for whoever does not run a town's drills."""
    if not actor.speaks(town, *LEADERS):
        names = " or ".join(role.value for role in LEADERS)
        raise Forbidden(f"This needs the role {names} in the tenant {town!r}")


def _check_speed(drill: Drill, speed: float, moment: datetime) -> None:
    if not plans.SLOWEST <= speed <= plans.FASTEST:
        text = f"A speed is a number from {plans.SLOWEST:g} to {plans.FASTEST:g}."
        raise InvalidDrill([Fault("speed", "range", text)])
    length = drill.clock.length
    ends = drill.clock.shows(length) if length else None
    if speed > 1 and (ends is None or ends > moment):
        text = "Its clock would run into the future: this drill goes at most as fast as the day."
        raise InvalidDrill([Fault("speed", "future", text)])


async def _invite(connection: Connection, actor: Actor, tenant: str, plan: Plan) -> None:
    """Give everybody who takes part their roles there, until the drill ends."""
    # Whoever makes a drill of a town keeps it; nobody could give a role there before them.
    keeper = replace(actor, grants=(Grant("drill", tenant, Role.OPERATOR),), rights=None)
    for subject, roles in plan.people.items():
        names = [role.value for role in roles]
        await connection.execute(
            _SQL["insert_person"], {"tenant": tenant, "subject": subject, "roles": names}
        )
        limits = await _limits(connection, plan.town, subject)
        for role in roles:
            for types, scopes in limits.get(role, [_UNLIMITED]):
                await grants.give(
                    connection, keeper, subject, tenant, role,
                    types=types, scopes=scopes, valid_to=plan.expires_at,
                )  # fmt: skip


async def _limits(connection: Connection, town: str, subject: str) -> dict[Role, list[_Limit]]:
    """Return to which types and scopes somebody's roles in a town are limited.

    What is copied is no more theirs in the drill than in the town: people who may be called, above
    all. A drill has no units: the types a unit answers for stand for it.
    """
    cursor = await connection.execute(_SQL["limits"], {"town": town, "subject": subject})
    found: dict[Role, list[_Limit]] = {}
    for role, types, scopes in await cursor.fetchall():
        limit = (
            None if types is None else tuple(types) or (_NOTHING,),
            None if scopes is None else tuple(scopes),
        )
        found.setdefault(Role(role), []).append(limit)
    return {
        role: [_UNLIMITED] if _UNLIMITED in limits else list(dict.fromkeys(limits))
        for role, limits in found.items()
    }


def _columns(plan: Plan, tenant: str, actor: Actor) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "town": plan.town,
        "title": plan.title.strip(),
        "scenario": plan.scenario,
        "recipients": list(plan.recipients),
        "begins_at": plan.begins_at,
        "length": plan.length,
        "expires_at": plan.expires_at,
        "by": actor.subject,
    }


def _said(plan: Plan) -> dict[str, Any]:
    return {
        "title": plan.title.strip(),
        "scenario": plan.scenario,
        "people": {subject: [r.value for r in roles] for subject, roles in plan.people.items()},
        # An audit log is for ever, an address is somebody's own.
        "recipients": len(plan.recipients),
        "begins_at": time.to_text(plan.begins_at),
        "expires_at": time.to_text(plan.expires_at),
    }


async def _one(connection: Connection, block: str, **values: Any) -> dict[str, Any] | None:
    cursor = connection.cursor(row_factory=dict_row)
    return await (await cursor.execute(_SQL[block], values)).fetchone()
