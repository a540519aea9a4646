"""A load of writes that remembers what was acknowledged, and the judgement afterwards.

Every writer owns some entities and gives each a rising number, once: a number that was not
acknowledged is not sent again, so that whether it was stored may be either, but nothing else may.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg

from tests.context.notifications.receiver import Receiver
from tests.faults.installation import API, Installation

_IRI = "https://uri.etsi.org/ngsi-ld/default-context/n"
#: Statuses that say "not now"; anything else that is no success is a failure of the test.
_LATER = 503


@dataclass
class Load:
    """What was sent and what came of it, by entity."""

    #: Addresses of the API; a writer goes to the next one after an error.
    apis: list[str]
    #: Type of its entities, which no other load writes to.
    kind: str = "Counter"
    sent: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    acknowledged: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    #: Answers that were no success: status or kind of error → how often.
    errors: Counter[str] = field(default_factory=Counter)
    #: Answers that break the rule for errors.
    faults: list[str] = field(default_factory=list)
    #: Seconds the slowest answer took.
    slowest: float = 0.0
    pause: float = 0.01
    #: The last number each writer gave.
    _steps: Counter[int] = field(default_factory=Counter)

    @asynccontextmanager
    async def running(self, writers: int, entities: int = 2) -> AsyncIterator[None]:
        """Write while in the block, each writer to entities of its own."""
        stop = asyncio.Event()
        async with httpx.AsyncClient(verify=False, timeout=30) as client:
            tasks = [
                asyncio.create_task(self._write(client, number, entities, stop))
                for number in range(writers)
            ]
            try:
                yield
            finally:
                stop.set()
                await asyncio.gather(*tasks)

    @property
    def count(self) -> int:
        return sum(map(len, self.acknowledged.values()))

    async def more(self, count: int, seconds: float = 30) -> None:
        """Return when that many more have been acknowledged."""
        wanted = self.count + count
        try:
            async with asyncio.timeout(seconds):
                while self.count < wanted:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        except TimeoutError:
            missing = wanted - self.count
            raise AssertionError(f"{missing} of {count} missing; errors {self.errors}") from None

    async def _write(
        self, client: httpx.AsyncClient, number: int, entities: int, stop: asyncio.Event
    ) -> None:
        ids = [f"urn:x:{self.kind}:{number}:{entity}" for entity in range(entities)]
        known = {identifier for identifier in ids if self.acknowledged[identifier]}
        while not stop.is_set():
            self._steps[number] += 1
            step = self._steps[number]
            if number % 4 == 3:  # one in four writes batches
                await self._batch(client, number, ids, step)
            else:
                for identifier in ids:
                    await self._single(client, number, identifier, step, known)
            await asyncio.sleep(self.pause)

    async def _batch(
        self, client: httpx.AsyncClient, number: int, ids: list[str], step: int
    ) -> None:
        body = [{"id": identifier, "type": self.kind, **value_of(step)} for identifier in ids]
        for identifier in ids:
            self.sent[identifier].append(step)
        status = await self._ask(client, number, "POST", "/entityOperations/upsert", body)
        if status in {201, 204}:
            for identifier in ids:
                self.acknowledged[identifier].append(step)

    async def _single(
        self, client: httpx.AsyncClient, number: int, identifier: str, step: int, known: set[str]
    ) -> None:
        self.sent[identifier].append(step)
        if identifier in known:
            path = f"/entities/{identifier}/attrs"
            status = await self._ask(client, number, "PATCH", path, value_of(step))
        else:
            body = {"id": identifier, "type": self.kind, **value_of(step)}
            status = await self._ask(client, number, "POST", "/entities", body)
            if status == 409:  # an earlier attempt went through although nobody told us
                known.add(identifier)
                self.sent[identifier].remove(step)
        if status in {201, 204}:
            known.add(identifier)
            self.acknowledged[identifier].append(step)

    async def _ask(
        self, client: httpx.AsyncClient, number: int, method: str, path: str, body: Any
    ) -> int:
        """Return the status, 0 without an answer."""
        loop = asyncio.get_running_loop()
        api = self.apis[(number + sum(self.errors.values())) % len(self.apis)]
        begun = loop.time()
        try:
            answer = await client.request(method, api + path, json=body)
        except httpx.TransportError as error:
            self.errors[type(error).__name__] += 1
            await asyncio.sleep(0.1)
            return 0
        finally:
            self.slowest = max(self.slowest, loop.time() - begun)
        if answer.status_code not in {201, 204, 409}:
            self.errors[str(answer.status_code)] += 1
            self._judge(answer)
            await asyncio.sleep(0.1)
        return answer.status_code

    def _judge(self, answer: httpx.Response) -> None:
        """Note an error that is not the one of a database that is away."""
        body = answer.json() if answer.content else {}
        fine = (
            answer.status_code == _LATER
            and answer.headers.get("Retry-After", "").isdigit()
            and body.get("status") == _LATER
            and body.get("title")
            and body.get("detail")
        )
        if not fine:
            self.faults.append(f"{answer.status_code} {dict(answer.headers)} {answer.text[:300]}")


def value_of(step: int) -> dict[str, Any]:
    return {"n": {"type": "Property", "value": step}}


async def subscribe(load: Load, uri: str) -> str:
    """Subscribe to the load's entities."""
    body = {
        "type": "Subscription",
        "entities": [{"type": load.kind}],
        "notification": {"endpoint": {"uri": uri, "accept": "application/json"}},
    }
    async with httpx.AsyncClient(verify=False, timeout=30) as client:
        answer = await client.post(f"{load.apis[0]}/subscriptions", json=body)
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"].rpartition("/")[2]


@dataclass
class Found:
    """What is there after the faults."""

    acknowledged: int
    unknown: int
    stored: int
    received: int
    duplicates: int
    errors: dict[str, int]
    slowest: float

    def line(self) -> str:
        return (
            f"{self.acknowledged} writes acknowledged, all found; {self.unknown} of the unanswered"
            f" ones were stored too; {self.stored} notifications due, all received,"
            f" {self.duplicates} of them more than once; errors meanwhile {self.errors or 'none'};"
            f" slowest answer {self.slowest:.1f} s"
        )


async def judge(load: Load, dsn: str, server: Installation, receiver: Receiver) -> Found:
    """Hold state, history and notifications against what was acknowledged."""
    stored = kept(load, dsn)
    async with httpx.AsyncClient(verify=False, timeout=30) as client:
        for identifier, numbers in stored.items():
            answer = await client.get(f"{server.base}{API}/entities/{identifier}")
            assert answer.json()["n"]["value"] == numbers[-1]
    told = await all_told(receiver, stored)
    total = sum(map(len, stored.values()))
    received = sum(map(len, told.values()))
    return Found(
        acknowledged=load.count,
        unknown=total - load.count,
        stored=total,
        received=received,
        duplicates=received - total,
        errors=dict(load.errors),
        slowest=load.slowest,
    )


def kept(load: Load, dsn: str) -> dict[str, list[int]]:
    """Return the history, seeing to it that all that was acknowledged is there, in order."""
    assert load.faults == []
    stored = history(dsn, load)
    for identifier, numbers in load.acknowledged.items():
        missing = set(numbers) - set(stored.get(identifier, ()))
        assert not missing, f"{identifier}: {sorted(missing)} acknowledged but not in the history"
    for identifier, numbers in stored.items():
        assert numbers == sorted(set(numbers)), f"{identifier}: {numbers} is out of order"
        assert set(numbers) <= set(load.sent[identifier])
    return stored


async def all_told(receiver: Receiver, stored: dict[str, list[int]]) -> dict[str, list[int]]:
    """Return what was told of each entity, once everything stored has been; see to its order."""
    for _ in range(600):
        told = by_entity(receiver)
        if all(set(told.get(one, ())) >= set(numbers) for one, numbers in stored.items()):
            break
        await asyncio.sleep(0.1)
    for identifier, numbers in stored.items():
        firsts = list(dict.fromkeys(told.get(identifier, [])))
        assert firsts == numbers, f"{identifier}: stored {numbers}, told {told.get(identifier)}"
    return told


def by_entity(receiver: Receiver) -> dict[str, list[int]]:
    told: dict[str, list[int]] = defaultdict(list)
    for notification in receiver.received:
        for entity in notification.data:
            told[entity["id"]].append(entity["n"]["value"])
    return told


def history(dsn: str, load: Load) -> dict[str, list[int]]:
    """Return the numbers in the history of each entity of the load, in the order of their times."""
    found: dict[str, list[int]] = defaultdict(list)
    with psycopg.connect(dsn) as connection:
        rows: Iterable[tuple[str, float]] = connection.execute(
            "select entity_id, number from attribute_history where attr = %s and deleted_at is null"
            " and starts_with(entity_id, %s) order by entity_id, at, number",
            [_IRI, f"urn:x:{load.kind}:"],
        )
        for identifier, number in rows:
            found[identifier].append(int(number))
    return found
