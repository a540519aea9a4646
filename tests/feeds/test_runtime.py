import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tamamo.context.broker import open_broker
from tamamo.context.model.entity import Entity
from tamamo.context.observations import Recorded
from tamamo.feeds import catalogue, runtime, switches
from tamamo.feeds.coordinator import Feed
from tamamo.feeds.offers import Offer, Option, Stream, opener
from tamamo.feeds.runtime import Runtime
from tamamo.feeds.status import FeedStatuses
from tamamo.kernel.database import transaction
from tamamo.kernel.errors import Forbidden, SetupError
from tamamo.kernel.identity.model import ANONYMOUS, INSTALLATION
from tamamo.kernel.time import to_text

NOW = datetime(2026, 6, 26, tzinfo=UTC)
LEVEL = "https://uri.etsi.org/ngsi-ld/default-context/currentLevel"
TYPE = "https://uri.etsi.org/ngsi-ld/default-context/FloodMonitoring"


async def open_polled(opening):
    async def fetch():
        return opening.options["address"]

    def read(raw):
        value = {"type": "Property", "value": len(raw), "observedAt": to_text(opening.clock.now())}
        return [Entity(f"urn:ngsi-ld:FloodMonitoring:{opening.tenant}", [TYPE], {LEVEL: [value]})]

    return Feed(opening.declaration, fetch, read)


async def open_stream(opening):
    async def run():
        await opening.succeeded(Recorded(stored=1), unauthorised=2)
        await asyncio.Event().wait()

    return Stream(run)


async def open_broken(opening):
    raise PermissionError("no password for token=s3cret")


def offer(feed, **members):
    base = {"name_ja": feed, "name_en": feed, "source": "s", "licence": "l"}
    base |= {"interval": timedelta(minutes=10), "opens": f"{__name__}:open_{feed}"}
    return Offer(id=feed, **base | members)


OFFERS = {
    "polled": offer("polled", options=(Option("address", "", "", "https://a.example"),)),
    "stream": offer("stream"),
    "broken": offer("broken"),
    "strict": offer("strict", options=(Option("address", "", "", required=True),)),
}


class Still:
    """A clock that stands: what sleeps never wakes."""

    def now(self):
        return NOW

    async def sleep(self, seconds):
        await asyncio.Event().wait()


@pytest.fixture
async def broker(settings):
    async with open_broker(msgspec.structs.replace(settings, feeds=("polled",))) as opened:
        yield opened


async def turn(broker, feed, on, by=INSTALLATION, tenant="default", **options):
    async with transaction(broker.pool) as connection:
        said = await switches.switches(connection, broker.settings)
        before = said.get((tenant, feed), switches.OFF)
        await switches.turn(
            connection, by, tenant, OFFERS[feed], on=on, options=options, before=before
        )


async def states(broker, *feeds):
    """Return the states of feeds as soon as all of them have been tried."""
    async with asyncio.timeout(10):
        while True:
            found = {s.id: s for s in await FeedStatuses(broker.pool).all()}
            if all(f in found and found[f].last_attempt_at for f in feeds):
                return found
            await asyncio.sleep(0.02)


async def test_the_variable_then_the_console_say_what_runs(broker):
    async with Runtime(broker, OFFERS, Still()).working() as here:
        await here.look()
        assert here.running == {("default", "polled")}
        found = await states(broker, "polled")
        assert (found["polled"].stored, found["polled"].state(NOW)) == (1, "ok")
        await turn(broker, "polled", on=False)
        await turn(broker, "stream", on=True)
        await turn(broker, "broken", on=True)
        await here.look()
        assert here.running == {("default", "stream"), ("default", "broken")}
        found = await states(broker, "stream", "broken")
        assert found["stream"].state(NOW) == "unauthorised"
        assert found["stream"].unauthorised == 2
        assert found["broken"].state(NOW) == "unauthorised"
        assert "s3cret" not in found["broken"].errors[0].message
    assert here.running == set()


async def test_one_process_runs_a_feed_and_another_takes_over(broker):
    first, second = (Runtime(broker, OFFERS, Still()) for _ in "12")
    async with second.working():
        async with first.working():
            await first.look()
            await second.look()
            assert (len(first.running), second.running) == (1, set())
            # A session that breaks off stops the feeds, and the next look claims them anew.
            assert first._session is not None
            await first._session.close()
            first._session._closed = True
            await first.look()
        await second.look()
        assert second.running == {("default", "polled")}


async def test_other_options_begin_the_feed_anew(broker):
    async with Runtime(broker, OFFERS, Still()).working() as here:
        await here.look()
        before = here._running["default", "polled"].task
        await turn(broker, "polled", on=True, address="https://b.example")
        await here.look()
        assert before.cancelled()
        assert here.running == {("default", "polled")}


async def test_a_switch_is_in_the_audit_log_and_needs_an_operator(broker):
    with pytest.raises(Forbidden):
        await turn(broker, "stream", on=True, by=ANONYMOUS)
    with pytest.raises(SetupError):
        await turn(broker, "strict", on=True)
    await turn(broker, "strict", on=True, address=" https://c.example ", unknown="x")
    async with broker.pool.connection() as connection:
        rows = await connection.execute("select action, object, after from audit_event")
        assert await rows.fetchall() == [
            ("feed.on", "feed:strict", {"on": True, "address": "https://c.example"})
        ]


async def test_a_town_or_feed_nobody_knows_is_passed_over(settings):
    wishes = ("polled@nowhere", "unheard_of", "stream")
    wanted = msgspec.structs.replace(settings, feeds=wishes)
    async with (
        open_broker(wanted) as broker,
        Runtime(broker, OFFERS, Still()).working() as here,
    ):
        await here.look()
        assert here.running == {("default", "stream")}


async def test_with_nothing_on_nothing_is_held(settings):
    async with open_broker(settings) as broker:
        task = asyncio.create_task(runtime.run(broker))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with Runtime(broker, OFFERS).working() as here:
            await here.look()
            assert here._session is None


def test_every_offered_feed_can_be_opened_and_brings_a_known_kind():
    offered = catalogue.offered()
    assert "river_levels" in offered
    for one in offered.values():
        assert opener(one)
        assert one.kinds
        assert one.types
