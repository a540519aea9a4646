"""The middleware of every face: body limit, metrics, log levels."""

import asyncio
import logging
from collections.abc import AsyncIterator

import httpx
import pytest
import structlog
from prometheus_client import REGISTRY
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tamamo.kernel import http
from tamamo.kernel.errors import PROBLEM_JSON
from tamamo.kernel.http import REFUSED, SAFE_HEADERS, PatientBody, RequestLog
from tamamo.kernel.tally import TALLY

LIMIT = 1000
SECONDS = 0.2


async def take(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


async def fail(_: Request) -> PlainTextResponse:
    raise RuntimeError("broken")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(
        routes=[
            Route("/ngsi-ld/v1/take", take, methods=["POST"]),
            Route("/fail", fail, methods=["GET"]),
        ],
        middleware=[Middleware(RequestLog), Middleware(PatientBody, limit=LIMIT, seconds=SECONDS)],
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def in_chunks(total: int) -> AsyncIterator[bytes]:
    for _ in range(total // 100):
        yield b"x" * 100


@pytest.fixture(autouse=True)
def fresh_logger(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has written a line keeps what was set up then: another test's, in this process.

    So does its level: this one says everything.
    """
    saying = structlog.make_filtering_bound_logger(logging.DEBUG)
    logger = structlog.wrap_logger(structlog.PrintLogger(), wrapper_class=saying)
    monkeypatch.setattr(http, "_logger", logger)


async def test_a_body_up_to_the_limit_is_taken(client: httpx.AsyncClient) -> None:
    answer = await client.post("/ngsi-ld/v1/take", content=b"x" * LIMIT)
    assert (answer.status_code, answer.text) == (200, str(LIMIT))


async def test_an_announced_body_over_the_limit_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/ngsi-ld/v1/take", content=b"x" * (LIMIT + 1))
    assert answer.status_code == 413
    assert answer.headers["content-type"] == PROBLEM_JSON
    assert "1000 bytes" in answer.json()["detail"]


async def test_a_chunked_body_is_refused_when_it_passes_the_limit(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.post("/ngsi-ld/v1/take", content=in_chunks(LIMIT))).status_code == 200
    answer = await client.post("/ngsi-ld/v1/take", content=in_chunks(2 * LIMIT))
    assert answer.status_code == 413
    assert answer.headers["content-type"] == PROBLEM_JSON


async def slowly() -> AsyncIterator[bytes]:
    yield b"x"
    await asyncio.sleep(10 * SECONDS)
    yield b"x"


async def test_a_body_that_takes_too_long_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/ngsi-ld/v1/take", content=slowly())
    assert answer.status_code == 408
    assert answer.headers["content-type"] == PROBLEM_JSON
    assert answer.headers["connection"] == "close"
    assert "0.2 s" in answer.json()["detail"]


def counted(face: str, method: str, status: str) -> float:
    TALLY.write()
    labels = {"face": face, "method": method, "status": status}
    return REGISTRY.get_sample_value("tamamo_http_requests_total", labels) or 0


async def test_requests_are_counted_by_face_and_status(client: httpx.AsyncClient) -> None:
    before = counted("ngsi-ld", "POST", "413"), counted("portal", "other", "404")
    await client.post("/ngsi-ld/v1/take", content=b"x" * (LIMIT + 1))
    await client.request("BREW", "/a/b")
    after = counted("ngsi-ld", "POST", "413"), counted("portal", "other", "404")
    assert after == (before[0] + 1, before[1] + 1)


async def test_a_failed_request_is_logged_as_an_error(client: httpx.AsyncClient) -> None:
    with structlog.testing.capture_logs() as logs:
        await client.get("/fail")
        await client.post("/ngsi-ld/v1/take", content=b"")
    levels = {entry["path"]: entry["log_level"] for entry in logs}
    assert levels == {"/fail": "error", "/ngsi-ld/v1/take": "debug"}


async def test_every_answer_gets_the_safe_headers_it_lacks(client: httpx.AsyncClient) -> None:
    for path, status in (("/ngsi-ld/v1/take", 405), ("/nothing", 404)):
        answer = await client.get(path)
        assert answer.status_code == status
        for name, value in SAFE_HEADERS:
            assert answer.headers.get_list(name.decode()) == [value.decode()]


async def test_what_an_answer_sets_itself_goes_before() -> None:
    async def own(_: Request) -> PlainTextResponse:
        return PlainTextResponse("x", headers={"Content-Security-Policy": "default-src 'self'"})

    app = Starlette(routes=[Route("/", own)], middleware=[Middleware(RequestLog, https=True)])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test"
    ) as client:
        for _ in range(2):
            headers = (await client.get("/")).headers
            assert headers.get_list("content-security-policy") == ["default-src 'self'"]
            assert len(headers.get_list("strict-transport-security")) == 1


async def test_who_asked_for_a_page_gets_one_when_a_body_is_refused() -> None:
    async def form(request: Request) -> PlainTextResponse:
        problem = request.scope.get(REFUSED)
        body = await request.body()
        return PlainTextResponse(f"{problem} {len(body)}", problem.status if problem else 200)

    middleware = Middleware(
        PatientBody,
        limit=LIMIT,
        seconds=SECONDS,
        limit_of=lambda path: 2 * LIMIT if path == "/files" else LIMIT,
        has_pages=lambda path: path != "/api",
    )
    routes = [Route(path, form, methods=["POST"]) for path in ("/form", "/files", "/api")]
    app = Starlette(routes=routes, middleware=[middleware])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test", headers={"Accept": "text/html"}
    ) as client:
        for content in (b"x" * (LIMIT + 1), in_chunks(2 * LIMIT)):
            answer = await client.post("/form", content=content)
            assert answer.status_code == 413
            assert answer.text == f"The body may have at most {LIMIT} bytes 0"
        assert (await client.post("/files", content=b"x" * 2 * LIMIT)).text == f"None {2 * LIMIT}"
        answer = await client.post("/api", content=b"x" * (LIMIT + 1))
        assert answer.headers["content-type"] == PROBLEM_JSON


@pytest.mark.parametrize(
    "path", ["/account/password/reset/key/1-s3cret/", "/en/account/confirm-email/s3cret/"]
)
async def test_a_link_of_a_mail_is_in_no_log(path: str) -> None:
    app = Starlette(routes=[Route("/{_:path}", fail)], middleware=[Middleware(RequestLog)])
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        with structlog.testing.capture_logs() as logs:
            assert (await client.get(path)).status_code == 500
    [line] = [one for one in logs if one["event"] == "request"]
    assert "s3cret" not in str(line)
    assert "…/" in line["path"]
