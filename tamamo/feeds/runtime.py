"""Service `feeds` of `tamamo work`: runs the feeds that are on, each in one process at a time.

Every LOOK seconds it asks what is on; at rest that is one statement. A feed that begins claims an
advisory lock of a session of its own, so that a process that dies lets go at once.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import psycopg
import structlog

from tamamo.context.broker import Broker
from tamamo.feeds import catalogue, switches
from tamamo.feeds.coordinator import Clock, Coordinator, Feed, SystemClock
from tamamo.feeds.errors import classify, scrub
from tamamo.feeds.offers import Offer, Opening, opener
from tamamo.feeds.status import Declaration, FeedStatuses
from tamamo.feeds.switches import Place, Switch
from tamamo.kernel import sql
from tamamo.kernel.database import transaction
from tamamo.kernel.errors import Problem
from tamamo.kernel.outgoing import Outgoing
from tamamo.kernel.tasks import stop, wanted

#: Seconds between two looks at what is on, and from a change on the console to its effect at most.
LOOK: Final = 5.0
#: First number of our locks; any constant that nothing else in Tamamo uses.
_KIND: Final = 0x66656564
#: Seconds until a feed that ended by an error is begun again: it doubles, up to the second.
_FIRST_PAUSE, _LONGEST_PAUSE = 10.0, 900.0

_SQL = sql.load(__package__)
_logger = structlog.get_logger(__name__)


async def run(broker: Broker) -> None:
    """Run until cancelled what is on."""
    runtime = Runtime(broker)
    async with runtime.working():
        while wanted():
            await runtime.look()
            await asyncio.sleep(LOOK)


@dataclass(slots=True)
class _Running:
    switch: Switch
    task: asyncio.Task[None]


class Runtime:
    """The feeds this process runs.

    offers: all that can be switched on; None: those of the project folders, imported only once
    something is on. clock: by which the feeds run.
    """

    def __init__(
        self,
        broker: Broker,
        offers: Mapping[str, Offer] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._broker = broker
        self._offers = offers
        self._clock = clock or SystemClock()
        self._running: dict[Place, _Running] = {}
        self._session: psycopg.AsyncConnection[Any] | None = None
        self._outgoing: Outgoing | None = None
        self._unknown: set[Place] = set()

    @property
    def running(self) -> set[Place]:
        """Tenant and id of the feeds that run here."""
        return set(self._running)

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator["Runtime"]:
        """Stop everything at the end of the block."""
        try:
            yield self
        finally:
            await self._stop(set(self._running))
            await self._let_go()
            if self._outgoing is not None:
                await self._outgoing.close()

    async def look(self) -> None:
        """Begin what is on and stop what is not; a lost session stops all, to be claimed anew."""
        async with transaction(self._broker.pool) as connection:
            said = await switches.switches(connection, self._broker.settings)
        on = {place: switch for place, switch in said.items() if switch.is_on}
        gone = {
            place
            for place, held in self._running.items()
            if place not in on or on[place].options != held.switch.options
        }
        await self._stop(gone)
        if not on:
            await self._let_go()
            return
        try:
            for place, switch in on.items():
                if place in self._running or (offer := self._offer(place)) is None:
                    continue
                if await self._claim(place):
                    self._begin(offer, place, switch)
            await self._ask("select 1", {})
        except psycopg.OperationalError:
            _logger.warning("feeds_lost_their_locks")
            await self._stop(set(self._running))
            await self._let_go()

    def _offer(self, place: Place) -> Offer | None:
        offer = self._known().get(place[1])
        if offer is not None and self._broker.towns.get(place[0]) is not None:
            return offer
        if place not in self._unknown:
            _logger.warning("feed_unknown", tenant=place[0], feed=place[1])
            self._unknown.add(place)
        return None

    def _begin(self, offer: Offer, place: Place, switch: Switch) -> None:
        name = f"feed {place[1]} of {place[0]}"
        task = asyncio.create_task(self._keep_running(offer, place, switch), name=name)
        self._running[place] = _Running(switch, task)

    async def _keep_running(self, offer: Offer, place: Place, switch: Switch) -> None:
        pause = _FIRST_PAUSE
        while wanted():
            opening: Opening | None = None
            try:
                opening = await self._opening(offer, place[0], switch)
                await opening.declare()
                await self._run_once(offer, opening)
                _logger.warning("feed_ended", tenant=place[0], feed=offer.id)
            except Exception as cause:  # one feed's error must not stop the others
                await self._say(opening.declaration if opening else None, offer, cause)
            await self._clock.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _opening(self, offer: Offer, tenant: str, switch: Switch) -> Opening:
        if self._outgoing is None:
            self._outgoing = Outgoing(self._broker.settings)
        return await Opening.of(
            self._broker,
            offer,
            tenant=tenant,
            clock=self._clock,
            options=switch.options,
            outgoing=self._outgoing,
        )

    async def _run_once(self, offer: Offer, opening: Opening) -> None:
        opened = await opener(offer)(opening)
        if not isinstance(opened, Feed):
            await opened.run()
            return
        coordinator = Coordinator(
            [opened],
            opening.statuses,
            self._broker.observations.record,
            self._clock,
            records=opening.records,
            judge=opening.judge,
        )
        await coordinator.run_feed(opened)

    async def _say(self, declaration: Declaration | None, offer: Offer, cause: Exception) -> None:
        error = classify(cause)
        message = scrub(str(error), declaration.secrets if declaration else ())
        _logger.warning("feed_failed", feed=offer.id, kind=error.kind, message=message)
        if declaration is None:
            return
        with contextlib.suppress(Problem):
            await FeedStatuses(self._broker.pool).failed(declaration, self._clock.now(), error)

    async def _stop(self, places: set[Place]) -> None:
        await stop(*(self._running.pop(place).task for place in places))
        for place in places:
            with contextlib.suppress(psycopg.OperationalError):
                await self._ask(_SQL["release_feed"], _lock(place))

    async def _claim(self, place: Place) -> bool:
        if self._session is None:
            dsn = self._broker.settings.database_url
            assert dsn is not None
            self._session = await psycopg.AsyncConnection.connect(dsn, autocommit=True)
        return bool(await self._ask(_SQL["claim_feed"], _lock(place)))

    async def _ask(self, statement: str, values: dict[str, Any]) -> Any:
        if self._session is None:
            return None
        row = await (await self._session.execute(statement, values)).fetchone()
        return None if row is None else row[0]

    async def _let_go(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _known(self) -> Mapping[str, Offer]:
        return catalogue.offered() if self._offers is None else self._offers


def _lock(place: Place) -> dict[str, Any]:
    return {"kind": _KIND, "name": f"{place[0]} {place[1]}"}
