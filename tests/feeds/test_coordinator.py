import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tamamo.context.model.entity import Entity
from tamamo.context.observations import Recorded
from tamamo.feeds.coordinator import LONGEST_PAUSE, Coordinator, Feed
from tamamo.feeds.errors import NotAuthorised, NotReady, UpdateFailed, classify, scrub
from tamamo.feeds.quality import FILE_EMPTY, NOT_FINITE, UnreadableFile
from tamamo.feeds.rejects import Reject
from tamamo.feeds.status import Declaration, FeedStatuses
from tamamo.kernel.errors import Unavailable
from tamamo.kernel.outgoing import AddressRefused, Answer, AnswerTooLarge, OutgoingError

START = datetime(2026, 6, 26, tzinfo=UTC)


class Finished(BaseException):
    """The test's clock has reached its end."""


class FakeClock:
    """Time that passes only when somebody sleeps, up to an end."""

    def __init__(self, end=timedelta(hours=1)):
        self.time = START
        self.end = START + end
        self.slept = []

    def now(self):
        return self.time

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)
        if self.time >= self.end:
            raise Finished
        await asyncio.sleep(0)


def response(status):
    with pytest.raises(OutgoingError) as caught:
        Answer(status, {}, b"no", "https://river.example/data").content()
    return caught.value


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (response(401), NotAuthorised),
        (response(403), NotAuthorised),
        (response(404), UpdateFailed),
        (response(429), NotReady),
        (response(503), NotReady),
        (OutgoingError("no answer within 10 s"), NotReady),
        (AddressRefused("a private address"), UpdateFailed),
        (AnswerTooLarge("larger than 16 MB"), UpdateFailed),
        (TimeoutError(), NotReady),
        (ConnectionResetError(), NotReady),
        (Unavailable("no database"), NotReady),
        (ValueError("bad XML"), UpdateFailed),
        (KeyError("level"), UpdateFailed),
        (UnreadableFile("a.csv", FILE_EMPTY), UpdateFailed),
        (NotReady("itself"), NotReady),
    ],
)
def test_every_error_is_one_of_three(error, kind):
    assert type(classify(error)) is kind


@pytest.mark.parametrize(
    "text",
    [
        "GET https://user:s3cret@river.example/levels failed",
        "GET https://river.example/levels?key=s3cret&x=1 failed",
        "Authorization: Bearer s3cret",
        '{"api_key": "s3cret"}',
        "token=s3cret rejected",
        "the key was s3cret",
    ],
)
def test_secrets_never_come_through(text):
    shown = scrub(text, secrets=["s3cret"]) if "the key" in text else scrub(text)
    assert "s3cret" not in shown
    assert "***" in shown


def declare(**members):
    base = {"id": "levels", "name_ja": "水位", "name_en": "Levels", "source": "s", "licence": "l"}
    return Declaration(**{**base, "interval": timedelta(minutes=10), **members})


def gauge(at="2026-06-25T23:59:00Z"):
    return Entity("urn:x", ["T"], {"level": [{"type": "Property", "value": 1, "observedAt": at}]})


class Source:
    """A source that gives what the test lists, one a fetch; an exception is raised."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.fetched_at = []

    def feed(self, clock, **members):
        async def fetch():
            self.fetched_at.append(clock.now())
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if isinstance(answer, BaseException):
                raise answer
            return answer

        return Feed(declare(**members), fetch, lambda raw: raw)


async def observe(tenant, entities):
    return Recorded(stored=len(entities))


async def play(upstream, pool, clock, **members):
    statuses = FeedStatuses(pool)
    feed = upstream.feed(clock, **members)
    coordinator = Coordinator([feed], statuses, observe, clock, lambda: 0.0)
    with pytest.raises(Finished):
        await coordinator.run_feed(feed)
    (status,) = await statuses.all()
    return status


async def test_a_feed_runs_at_its_interval(pool):
    clock = FakeClock()
    source = Source([gauge(), Reject(3, "level", NOT_FINITE, ["NaN"])])
    status = await play(source, pool, clock)
    assert source.fetched_at == [START + timedelta(minutes=10 * n) for n in range(6)]
    assert (status.successes, status.stored, status.rejected) == (6, 6, 6)
    assert status.last_success_at == START + timedelta(minutes=50)
    assert status.lag_seconds == 51 * 60
    assert status.errors == ()
    assert "urn:x" in status.last_record
    assert status.state(START + timedelta(minutes=60)) == "ok"
    assert status.state(START + timedelta(minutes=71)) == "late"


async def test_errors_are_kept_by_kind_with_time_and_count(pool):
    clock = FakeClock(timedelta(minutes=29))
    refused = OutgoingError("the connection was refused")
    source = Source(refused, response(503), [gauge()], ValueError("bad"), [gauge()])
    status = await play(source, pool, clock, interval=timedelta(minutes=5))
    # 5 min after the first failure, 10 after the second, then the interval again.
    assert [f - START for f in source.fetched_at] == [
        timedelta(minutes=m) for m in (0, 5, 15, 20, 25)
    ]
    failures = {e.kind: (e.count, e.last_at, e.message) for e in status.errors}
    assert failures == {
        "not_ready": (2, START + timedelta(minutes=5), "HTTP 503 Service Unavailable"),
        "update_failed": (1, START + timedelta(minutes=20), "ValueError: bad"),
    }
    assert status.consecutive_failures == 0
    assert status.state(clock.now()) == "ok"


async def test_without_a_key_it_waits_long_and_says_so(pool):
    clock = FakeClock(timedelta(minutes=31))
    status = await play(Source(response(401)), pool, clock, interval=timedelta(seconds=5))
    assert clock.slept[0] == LONGEST_PAUSE.total_seconds()
    assert status.state(clock.now()) == "unauthorised"
    assert status.last_success_at is None
    assert status.errors[0].message == "HTTP 401 Unauthorized"


async def test_the_pause_grows_has_jitter_and_an_end(pool):
    coordinator = Coordinator([], FeedStatuses(pool), observe, FakeClock(), lambda: 0.5)
    minute = timedelta(minutes=1)
    pauses = [coordinator.pause(minute, n, NotReady()) / minute for n in range(1, 8)]
    assert pauses == [0.75, 1.5, 3, 6, 11.25, 11.25, 11.25]
    assert coordinator.pause(minute, 10_000, NotReady()) == LONGEST_PAUSE * 0.75
    hour = timedelta(hours=1)
    assert coordinator.pause(hour, 3, NotReady()) == hour * 0.75


async def test_a_feeds_own_secrets_are_not_kept(pool):
    clock = FakeClock(timedelta(minutes=5))
    source = Source(ValueError("answer: key k-123 is over its quota"))
    status = await play(source, pool, clock, secrets=("k-123",), source="https://x/?key=k-123")
    assert "k-123" not in repr(status)


async def test_one_failing_feed_does_not_stop_another(pool):
    # Long enough for both to have had their turn, whoever comes first.
    clock = FakeClock(timedelta(hours=10))
    good, bad = Source([gauge()]), Source(RuntimeError("boom"))
    feeds = [good.feed(clock), bad.feed(clock, id="bad")]
    statuses = FeedStatuses(pool)
    with pytest.raises(BaseExceptionGroup):
        await Coordinator(feeds, statuses, observe, clock).run()
    states = {s.id: (s.state(clock.now()), s.successes) for s in await statuses.all()}
    assert states["bad"] == ("invalid", 0)
    # Whoever came last has moved the clock: the other may have fallen silent since.
    assert states["levels"][1] >= 2
    assert len(good.fetched_at) >= 2


async def test_a_lost_database_does_not_end_the_feed(pool):
    class Lost(FeedStatuses):
        async def _run(self, name, feed, **values):
            raise Unavailable("gone")

    clock = FakeClock(timedelta(minutes=25))
    source = Source([gauge()])
    feed = source.feed(clock)
    with pytest.raises(Finished):
        await Coordinator([feed], Lost(pool), observe, clock).run_feed(feed)
    assert len(source.fetched_at) == 3
