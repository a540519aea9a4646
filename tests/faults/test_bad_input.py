"""Input meant to break the server: each is answered soon, with an error that names what is wrong,
while others are served and the memory of the process stays bounded.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tamamo.kernel.settings import MEBIBYTE
from tests.faults.bad_input import BODIES, QUERIES, QUERY, E, by_id, content_of, entity, q
from tests.faults.conftest import Counts
from tests.faults.context_bombs import ContextBombs
from tests.faults.installation import Installation

#: Seconds of processor time one request may take.
PROCESSOR = 2.0
#: Seconds a request may take, and another client meanwhile, on a machine that is very busy.
LONGEST, OTHERS_WAIT = 30.0, 10.0
#: Bytes by which the worker may grow over all of this together.
GROWTH = 400 * MEBIBYTE

JSON = "application/json"
LD = "application/ld+json"
#: An entity of the installation.
ROBUST = "urn:x:aab0"


@pytest.fixture
async def client(installation: Installation) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(verify=False, base_url=installation.base, timeout=60) as opened:
        yield opened


class Others:
    """Another client, that asks for one entity all the time."""

    def __init__(self, base: str) -> None:
        self._base = base
        self.slowest = 0.0
        self.asked = 0

    async def __aenter__(self) -> "Others":
        self._task = asyncio.create_task(self._ask())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if not self._task.cancelled():
            self._task.result()

    async def _ask(self) -> None:
        loop = asyncio.get_running_loop()
        async with httpx.AsyncClient(verify=False, base_url=self._base, timeout=30) as client:
            while True:
                begun = loop.time()
                answer = await client.get(f"/ngsi-ld/v1/entities/{ROBUST}")
                self.slowest = max(self.slowest, loop.time() - begun)
                self.asked += 1
                assert answer.status_code == 200, answer.text
                await asyncio.sleep(0.02)


async def hit(
    client: httpx.AsyncClient, installation: Installation, method: str, path: str, **more: Any
) -> httpx.Response:
    """Make a request while another client asks; see that neither takes long."""
    loop = asyncio.get_running_loop()
    async with Others(installation.base) as others:
        await asyncio.sleep(0.05)
        begun, used = loop.time(), installation.processor_seconds()
        answer = await client.request(method, path, **more)
        used, took = installation.processor_seconds() - used, loop.time() - begun
    assert used < PROCESSOR
    assert took < LONGEST
    assert others.slowest < OTHERS_WAIT
    return answer


def told(answer: httpx.Response, status: int, field: str | None, words: str = "") -> None:
    """See that the error has a status, a shape, names the field and says something."""
    assert answer.status_code == status, f"{answer.status_code}: {answer.text[:500]}"
    body = answer.json()
    if "error" in body:  # the NGSIv2 door
        assert words in body["description"]
        return
    assert body["type"].startswith(("https://uri.etsi.org/", "https://tamamo.example/"))
    assert body["status"] == status and body["title"] and body["detail"]
    assert len(answer.content) < 4096
    assert field is None or body["field"].startswith(field), body
    assert words in body["detail"], body


@pytest.mark.parametrize("what", QUERIES)
async def test_a_query_beyond_the_bounds(
    client: httpx.AsyncClient, installation: Installation, what: str
) -> None:
    path, status, field = QUERIES[what]
    told(await hit(client, installation, "GET", path), status, field)


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(x+x+)+y", "(a|aa)+$", "(a|b)*a(a|b){12}", ".*" * 400 + "z", "(.?){250}"]
)
async def test_an_expression_that_explodes_elsewhere_is_answered(
    client: httpx.AsyncClient, installation: Installation, pattern: str
) -> None:
    for path in (q(f'a~="{pattern}"'), by_id(pattern)):
        assert (await hit(client, installation, "GET", path)).status_code == 200


async def test_a_megabyte_of_q(client: httpx.AsyncClient, installation: Installation) -> None:
    text = "a==1;" * 200_000 + "a"
    assert len(text) > 1_000_000
    body = {"type": "Query", "q": text}
    told(await hit(client, installation, "POST", QUERY, json=body), 403, "q", "longer than")
    # In an address it does not even reach the application.
    for path in (q(text), f"{E}/urn:x:{'a' * 1_000_000}"):
        assert await spoken(installation, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n") in {414, 431}


async def spoken(installation: Installation, head: str) -> int:
    """Say something over a bare connection and return the status of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", installation.port)
    writer.write(head.encode())
    try:
        status = int((await asyncio.wait_for(reader.readline(), LONGEST)).split()[1])
    finally:
        writer.transport.abort()
    return status


async def test_a_flood_of_headers(client: httpx.AsyncClient, installation: Installation) -> None:
    lines = "".join(f"X-{number}: {'v' * 100}\r\n" for number in range(20_000))
    assert await spoken(installation, f"GET {E} HTTP/1.1\r\nHost: x\r\n{lines}\r\n") == 431
    for name in ("Accept", "Prefer", "Link", "NGSILD-Tenant"):
        headers = {name: "a/b;q=0.1," * 5_000}
        answer = await hit(client, installation, "GET", f"{E}?type=T", headers=headers)
        assert answer.status_code in {200, 400, 404, 406, 431}


@pytest.mark.parametrize("what", BODIES)
async def test_a_body_beyond_the_bounds(
    client: httpx.AsyncClient, installation: Installation, what: str
) -> None:
    (path, body), status, field = BODIES[what]
    content, headers = content_of(body), {"Content-Type": JSON}
    answer = await hit(client, installation, "POST", path, content=content, headers=headers)
    told(answer, status, field)


async def test_ten_thousand_attributes(
    client: httpx.AsyncClient, installation: Installation
) -> None:
    body = entity(id="urn:x:wide", **{f"a{number}": number for number in range(10_000)})
    made = await hit(client, installation, "POST", E, json=body)
    assert made.status_code == 201
    change = {"a7": {"type": "Property", "value": -7}}
    path = f"{E}/urn:x:wide"
    assert (await hit(client, installation, "PATCH", f"{path}/attrs", json=change)).is_success
    found = (await hit(client, installation, "GET", f"{path}?options=keyValues")).json()
    assert len(found) == 10_002 and found["a7"] == -7
    assert (await hit(client, installation, "DELETE", path)).status_code == 204


@pytest.mark.parametrize("path", [E, "/v2/entities", "/en/view"])
async def test_a_body_of_a_hundred_megabytes(
    client: httpx.AsyncClient, installation: Installation, path: str
) -> None:
    """The sender hears why, although it is still sending when the answer is clear."""
    headers = {"Content-Type": JSON}
    answer = await hit(
        client, installation, "POST", path, content=b" " * 100_000_000, headers=headers
    )
    told(answer, 413, "Content-Length", "bytes")


#: What a @context at some address turns out to be: status, words of the error.
CONTEXTS = {
    "/to-private": (504, "private"),
    "/to-metadata": (504, "private"),
    "/to-itself": (504, "redirects"),
    "/chain/0": (400, "too many"),
    "/many": (400, "at most"),
    "/large": (504, "larger than"),
    "/packed": (504, "larger than"),
    "/endless": (504, "within"),
    "/deep": (400, "A @context is"),
    "/scoped": (400, "scoped"),
    "/text": (400, "not JSON"),
    "/prefixes": (400, "an IRI of more than"),
    "/again/0": (400, "definitions"),
}


@pytest.mark.parametrize("path", CONTEXTS)
async def test_a_context_bomb(
    client: httpx.AsyncClient, installation: Installation, path: str
) -> None:
    status, words = CONTEXTS[path]
    async with ContextBombs() as bombs:
        body = entity(id="urn:x:named", a=1) | {"@context": bombs.url + path}
        answer = await hit(client, installation, "POST", E, json=body, headers={"Content-Type": LD})
    told(answer, status, "/@context", words)
    assert (await client.get(f"{E}/urn:x:named")).status_code == 404
    assert bombs.asked < 60


async def test_a_context_of_many_terms_is_bounded(
    client: httpx.AsyncClient, installation: Installation
) -> None:
    terms = {f"t{number}": f"https://terms.example/{number}" for number in range(200_000)}
    body = entity(id="urn:x:named", a=1) | {"@context": terms}
    headers = {"Content-Type": LD}
    told(await hit(client, installation, "POST", E, json=body, headers=headers), 400, "/@context")


async def test_memory_stays_bounded(
    client: httpx.AsyncClient, installation: Installation, counts: Counts
) -> None:
    """All of it again, several at a time; measured in the worker."""
    installation.forget_peak()
    before = installation.memory()
    cases = [("GET", path, b"") for path, _, _ in QUERIES.values()]
    cases += [("POST", path, content_of(body)) for (path, body), _, _ in BODIES.values()]
    room = asyncio.Semaphore(4)

    async def one(method: str, path: str, content: bytes) -> int:
        async with room:
            headers = {"Content-Type": JSON}
            answer = await client.request(method, path, content=content, headers=headers)
            return answer.status_code

    async with Others(installation.base) as others:
        statuses = await asyncio.gather(*(one(*case) for case in cases))
    assert all(400 <= status < 500 for status in statuses)
    after, peak = installation.memory(), installation.peak_memory()
    assert others.slowest < OTHERS_WAIT
    assert peak < before + GROWTH
    counts(
        f"{len(cases)} kinds of bad input refused four at a time; worker {before >> 20} MiB before,"
        f" {after >> 20} after, {peak >> 20} at most; another client asked {others.asked} times"
        f" meanwhile, slowest answer {others.slowest:.2f} s"
    )
