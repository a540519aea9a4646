"""Two `tamamo serve` on one external PostgreSQL: the same answers at once, each stands in for the
other, and the database may restart under both.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import orjson
import psycopg
import pytest

from tamamo.context.notifications import buckets
from tamamo.context.notifications.policy import Policy
from tamamo.kernel import embedded
from tests.context.notifications.receiver import Receiver
from tests.faults.conftest import Counts
from tests.faults.installation import Installation, wait
from tests.faults.load import Load, all_told, history, judge, subscribe, value_of

Pair = tuple[Installation, Installation]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.Cluster]:
    """A PostgreSQL that no Tamamo looks after."""
    home = tmp_path_factory.mktemp("database") / "home"
    with embedded.use(home, say=lambda _: None) as cluster:
        yield cluster
    embedded.destroy(home)


@pytest.fixture(scope="module")
def pair(database: embedded.Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("pair")
    first = Installation(folder / "first", database.dsn)
    second = Installation(folder / "second", database.dsn)
    with contextlib.ExitStack() as stack:
        for one in (first, second):
            stack.callback(one.stop)
            one.start()
        wait_shared(database)
        yield first, second


def wait_shared(database: embedded.Cluster, processes: int = 2) -> None:
    """Return when that many `work` share the queues evenly."""

    def shared() -> bool:
        with psycopg.connect(database.dsn) as connection:
            held = connection.execute(
                "select count(*) filter (where objid < 10000) from pg_locks"
                " where locktype = 'advisory' and classid = %s and granted group by pid",
                [buckets._KIND],
            ).fetchall()
        each = Policy().buckets // processes
        return [row[0] for row in held] == [each] * processes

    wait(shared, 30)


@pytest.fixture
async def clients(pair: Pair) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    first, second = pair
    async with (
        httpx.AsyncClient(verify=False, base_url=first.api, timeout=30) as one,
        httpx.AsyncClient(verify=False, base_url=second.api, timeout=30) as two,
    ):
        yield one, two


Clients = tuple[httpx.AsyncClient, httpx.AsyncClient]


async def expect(
    client: httpx.AsyncClient, method: str, path: str, status: int, **more: Any
) -> Any:
    answer = await client.request(method, path, **more)
    assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
    return answer.json() if answer.content else answer


async def test_what_one_accepted_the_other_answers_at_once(
    clients: Clients, counts: Counts
) -> None:
    entity = {"id": "urn:x:shared", "type": "Shared", **value_of(0)}
    await expect(clients[0], "POST", "/entities", 201, json=entity)
    for step in range(1, 101):
        writer, reader = clients if step % 2 else clients[::-1]
        path = "/entities/urn:x:shared"
        await expect(writer, "PATCH", f"{path}/attrs", 204, json=value_of(step))
        assert (await expect(reader, "GET", path, 200))["n"]["value"] == step
        found = await expect(reader, "GET", f"/entities?type=Shared&q=n=={step}", 200)
        assert [one["id"] for one in found] == ["urn:x:shared"]
    past = await expect(clients[1], "GET", "/temporal/entities/urn:x:shared?lastN=5", 200)
    assert [one["value"] for one in past["n"]][-5:] == [96, 97, 98, 99, 100]
    await expect(clients[1], "DELETE", "/entities/urn:x:shared", 204)
    await expect(clients[0], "GET", "/entities/urn:x:shared", 404)
    counts("100 changes in turns, each read, queried and remembered by the other process at once")


async def test_a_context_is_one_for_all(clients: Clients) -> None:
    one, two = clients
    iri = "https://names.example/n"

    async def host(meaning: str) -> str:
        body = {"@context": {"n": meaning}}
        answer = await one.post("/jsonldContexts", json=body)
        assert answer.status_code == 201
        return str(one.base_url) + "jsonldContexts/" + answer.headers["Location"].rpartition("/")[2]

    def link(url: str) -> dict[str, str]:
        return {"Link": f'<{url}>; rel="http://www.w3.org/ns/json-ld#context"'}

    url = await host(iri)
    body = {"id": "urn:x:named", "type": "Named", **value_of(1)}
    await expect(two, "POST", "/entities", 201, json=body, headers=link(url))
    plain = await expect(one, "GET", "/entities/urn:x:named", 200)
    assert plain[iri]["value"] == 1
    # Both know it by now; deleted by one, the other forgets it within its look-around of 1 s.
    shown = await expect(one, "GET", "/entities/urn:x:named", 200, headers=link(url))
    assert shown["n"]["value"] == 1
    await expect(one, "DELETE", url, 204)
    await asyncio.sleep(1.2)
    answer = await two.get("/entities/urn:x:named", headers=link(url))
    assert answer.status_code in {400, 404, 503, 504}, answer.text


async def test_a_registration_is_in_force_everywhere(clients: Clients) -> None:
    one, two = clients
    async with Source({"id": "urn:x:far", "type": "Far", **value_of(7)}) as source:
        body = {
            "type": "ContextSourceRegistration",
            "information": [{"entities": [{"type": "Far"}]}],
            "endpoint": source.url,
        }
        answer = await one.post("/csourceRegistrations", json=body)
        assert answer.status_code == 201, answer.text
        identifier = answer.headers["Location"].rpartition("/")[2]
        found = await expect(two, "GET", "/csourceRegistrations?type=Far", 200)
        assert [registration["id"] for registration in found] == [identifier]
        await until(lambda: far(two), ["urn:x:far"])
        await until(lambda: far(one), ["urn:x:far"])
        await expect(two, "DELETE", f"/csourceRegistrations/{identifier}", 204)
        await until(lambda: far(one), [])


async def far(client: httpx.AsyncClient) -> list[str]:
    found = await expect(client, "GET", "/entities?type=Far", 200)
    return [entity["id"] for entity in found]


async def until(ask: Any, wanted: Any, seconds: float = 3.0) -> None:
    """Return once the answer is the one wanted; a process may look around once a second."""
    found = await ask()
    for _ in range(int(seconds / 0.1)):
        if found == wanted:
            return
        await asyncio.sleep(0.1)
        found = await ask()
    assert found == wanted


class Source:
    """Another broker that has one entity, whatever it is asked."""

    def __init__(self, entity: dict[str, Any]) -> None:
        self._entity = entity

    async def __aenter__(self) -> "Source":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            one = b"/entities/urn" in head.split(b"\r\n")[0]
            body = orjson.dumps(self._entity if one else [self._entity])
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
                + f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            await writer.drain()
        writer.close()


async def test_notified_once_and_by_the_other_when_one_is_killed(
    pair: Pair, database: embedded.Cluster, receiver: Receiver, counts: Counts
) -> None:
    first, second = pair
    load = Load([first.api, second.api], "Shared1")
    await subscribe(load, receiver.url)
    async with load.running(6):
        await load.more(300)
    told = await all_told(receiver, history(database.dsn, load))
    normal = sum(map(len, told.values()))
    assert normal == len(receiver.received) == load.count, "told twice"
    # Its supervisor is held still, so that it is not there again before all has been told.
    assert first.process is not None
    os.kill(first.process.pid, signal.SIGSTOP)
    try:
        async with load.running(6):
            await load.more(100)
            os.kill(first.work()[0], signal.SIGKILL)
            await load.more(100)
        found = await judge(load, database.dsn, second, receiver)
    finally:
        os.kill(first.process.pid, signal.SIGCONT)
    counts(f"two `work`: {normal} notifications, each once; one of them killed: {found.line()}")


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_the_database_restarts_under_load(
    pair: Pair, database: embedded.Cluster, receiver: Receiver, mode: str, counts: Counts
) -> None:
    first, second = pair
    await asyncio.to_thread(wait_shared, database)
    processes = [first.workers(), second.workers(), first.work(), second.work()]
    load = Load([first.api, second.api], f"Restart{mode}")
    await subscribe(load, receiver.url)
    async with load.running(8):
        await load.more(200)
        await restart(database, mode, away=load if mode == "immediate" else None)
        begun = asyncio.get_running_loop().time()
        await load.more(200)
        back = asyncio.get_running_loop().time() - begun
    found = await judge(load, database.dsn, second, receiver)
    assert [first.workers(), second.workers(), first.work(), second.work()] == processes
    assert load.slowest < 15
    assert set(load.errors) <= {"503"}
    counts(f"{mode}: {found.line()}; {back:.1f} s to the next 200 writes")


async def restart(database: embedded.Cluster, mode: str, away: Load | None) -> None:
    """Restart the database; with `away`, only once clients have been told that it is."""

    def cycle() -> None:
        with embedded.control(database):
            database._pg_ctl("stop", "-m", mode, "-w")
            if away is not None:
                wait(lambda: away.errors["503"] >= 12, 40, lambda: str(away.errors))
            database.start()

    await asyncio.to_thread(cycle)
