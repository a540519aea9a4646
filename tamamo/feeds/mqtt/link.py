"""One connection: comes up, listens, goes down, comes up again; the intake goes on meanwhile."""

import asyncio
import secrets
from collections.abc import Callable
from typing import Final

import structlog

from tamamo.context.broker import Broker
from tamamo.context.observations import Recorded
from tamamo.feeds.coordinator import Clock, SystemClock
from tamamo.feeds.errors import FeedError, NotAuthorised, NotReady, UpdateFailed
from tamamo.feeds.mqtt import troubles
from tamamo.feeds.mqtt.arrived import Arrived
from tamamo.feeds.mqtt.client import Client, Login, MqttError, login, refuses
from tamamo.feeds.mqtt.configuration import Broker as MqttBroker
from tamamo.feeds.mqtt.configuration import Connection
from tamamo.feeds.mqtt.desk import routes_of
from tamamo.feeds.mqtt.intake import Intake
from tamamo.feeds.mqtt.topics import Pattern, fewest
from tamamo.feeds.mqtt.translate import Route
from tamamo.kernel import retry, sql
from tamamo.kernel.database import transaction
from tamamo.kernel.errors import Problem, SetupError
from tamamo.kernel.tasks import beside, wanted

_SQL = sql.load(__package__)
#: Seconds before a broker that is away is tried again: the first pause, and the longest.
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
#: Seconds between two looks whether enough was written to listen again.
_LOOK: Final = 0.2

_logger = structlog.get_logger(__name__)

Connect = Callable[[MqttBroker, Login, Callable[[Arrived], None]], Client]


class Link:
    """Runs one connection until cancelled. connect: makes a client; tests hand their own."""

    def __init__(
        self,
        broker: Broker,
        connection: Connection,
        clock: Clock | None = None,
        connect: Connect = Client,
    ) -> None:
        self._broker = broker
        self._connection = connection
        self._clock = clock or SystemClock()
        self._connect = connect
        self._client: Client | None = None
        self._failures = 0
        #: Set while the connection stands and its topics are subscribed to.
        self.listening = asyncio.Event()
        self.intake: Intake | None = None

    async def run(self) -> None:
        """Listen and write until cancelled. Raises Problem where it cannot even begin."""
        routes = await routes_of(self._broker, self._connection)
        intake = self.intake = Intake(
            self._broker, self._connection, routes, self._clock, self._flow
        )
        await intake.ledger.declare(self._connection.declaration())
        for route in routes:
            await intake.ledger.declare(route.feed)
        try:
            async with (
                beside(intake.run(), name=f"intake of {self._connection.id}"),
                beside(intake.ledger.run(self._tell), name=f"ledger of {self._connection.id}"),
            ):
                await self._stay_connected(intake, filters(self._connection, routes))
        finally:
            await intake.ledger.note()

    async def _stay_connected(self, intake: Intake, wished: list[str]) -> None:
        own = self._connection.declaration()
        while wanted():
            try:
                await self._session(intake, wished)
                error: FeedError = NotReady("the broker has ended the connection")
            except (MqttError, OSError, TimeoutError, SetupError, Problem) as cause:
                error = classify(cause)
            finally:
                self.listening.clear()
                self._client = None
            self._failures += 1
            _logger.warning("mqtt_not_connected", connection=own.id, message=str(error)[:200])
            await intake.ledger.failed(own, error)
            await self._clock.sleep(
                retry.pause(self._failures, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
            )
            while not intake.flowing:
                await self._clock.sleep(_LOOK)

    async def _session(self, intake: Intake, wished: list[str]) -> None:
        connection = self._connection
        client_id, before = await self._known()
        how = await asyncio.to_thread(
            login, self._broker.settings.home, connection.broker, client_id
        )
        async with self._connect(connection.broker, how, intake.arrive) as client:
            self._client = client
            if before and not client.session_present:
                intake.lose(troubles.SESSION_LOST)
            refused = await client.listen(wished, before)
            if refused:
                raise NotAuthorised(f"the broker refuses {', '.join(refused)}")
            await self._note(wished)
            self._failures = 0
            intake.ledger.add(connection.declaration(), Recorded(), None, "")
            self.listening.set()
            await client.ended()

    async def _known(self) -> tuple[str, list[str]]:
        """Return our name at the broker, and what we subscribed to before. Raises Unavailable."""
        proposed = f"tamamo-{self._connection.id}-{secrets.token_hex(4)}"
        values = {"connection": self._connection.id, "client_id": proposed}
        async with transaction(self._broker.pool) as connection:
            cursor = await connection.execute(_SQL["open_session"], values)
            row = await cursor.fetchone()
        assert row is not None
        return row[0], list(row[1])

    async def _note(self, wished: list[str]) -> None:
        values = {"connection": self._connection.id, "filters": wished}
        async with transaction(self._broker.pool) as connection:
            await connection.execute(_SQL["note_filters"], values)

    def _tell(self) -> None:
        """Say on the console that the connection stands, and how much waits."""
        if self.intake is None or not self.listening.is_set():
            return
        record = f'{{"waiting": {self.intake.waiting}, "most_waiting": {self.intake.peak}}}'
        self.intake.ledger.add(self._connection.declaration(), Recorded(), None, record)

    def _flow(self, on: bool) -> None:
        if self._client is not None:
            self._client.read_on(on)


def filters(connection: Connection, routes: list[Route]) -> list[str]:
    """Return what is subscribed to."""
    watched = [Pattern(text).filter for text in connection.broker.watch]
    return fewest([*watched, *(route.pattern.filter for route in routes)])


def classify(cause: Exception) -> FeedError:
    """Return which of the three errors of a feed it is."""
    if isinstance(cause, FeedError):
        return cause
    if refuses(cause):
        return NotAuthorised(str(cause))
    if isinstance(cause, SetupError):
        return UpdateFailed(str(cause))
    return NotReady(str(cause) or type(cause).__name__)
