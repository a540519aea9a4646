"""Finding @contexts: pinned, fetched once, refused, unavailable."""

import asyncio
from typing import Any

import orjson
import pytest

from tamamo.context.errors import BadRequestData, LdContextNotAvailable
from tamamo.context.jsonld import DEFAULT_CORE, ContextStore, lifetime, store
from tamamo.context.jsonld.library import Document, MemoryLibrary
from tamamo.kernel.outgoing import Answer, Outgoing, OutgoingError
from tamamo.kernel.settings import Settings

pytestmark = pytest.mark.asyncio

CITY = "https://city.example/context.jsonld"


class Web:
    """The network as a dictionary: address → document, status, or error."""

    def __init__(self, pages: dict[str, Any]) -> None:
        self.pages = pages
        self.asked: list[str] = []
        self.delay = 0.0

    async def get(self, url: str, **_: Any) -> Answer:
        self.asked.append(url)
        await asyncio.sleep(self.delay)
        page = self.pages.get(url, 404)
        if isinstance(page, Exception):
            raise page
        if isinstance(page, int):
            return Answer(page, {}, b"", url)
        body = page if isinstance(page, bytes) else orjson.dumps(page)
        return Answer(200, {}, body, url)


def _store(pages: dict[str, Any], **options: Any) -> tuple[ContextStore, Web]:
    web = Web(pages)
    return ContextStore(web, **options), web  # type: ignore[arg-type]


async def test_the_core_is_never_fetched() -> None:
    contexts, web = _store({})
    for context in (None, DEFAULT_CORE, [DEFAULT_CORE], [DEFAULT_CORE.replace("8", "3")]):
        terms = await contexts.resolve("default", context)
        assert terms.expand_term("location") == "https://uri.etsi.org/ngsi-ld/location"
        assert terms.link == context
    assert web.asked == []


async def test_a_remote_context_is_fetched_once_for_each_tenant() -> None:
    contexts, web = _store({CITY: {"@context": {"level": "https://city.example/level"}}})
    for _ in range(3):
        terms = await contexts.resolve("default", CITY)
        assert terms.expand_term("level") == "https://city.example/level"
        await contexts.resolve("default", [CITY])
    assert web.asked == [CITY]
    await contexts.resolve("other", CITY)
    assert web.asked == [CITY, CITY]


async def test_requests_at_the_same_time_share_one_fetch() -> None:
    contexts, web = _store({CITY: {"@context": {"a": "https://city.example/a"}}})
    web.delay = 0.05
    maps = await asyncio.gather(*(contexts.resolve("default", CITY) for _ in range(20)))
    assert web.asked == [CITY]
    assert len(set(map(id, maps))) == 1


async def test_documents_may_refer_to_documents_by_relative_addresses() -> None:
    pages = {
        CITY: {"@context": ["parts/a.jsonld", {"b": "ex:b"}, DEFAULT_CORE]},
        "https://city.example/parts/a.jsonld": {
            "@context": {"ex": "https://ex.example/", "a": "ex:a"}
        },
    }
    contexts, _ = _store(pages)
    terms = await contexts.resolve("default", CITY)
    assert terms.expand_term("a") == "https://ex.example/a"
    assert terms.expand_term("b") == "https://ex.example/b"


@pytest.mark.parametrize(
    ("page", "reason"),
    [(404, "HTTP status 404"), (500, "HTTP status 500"), (OutgoingError("no route"), "no route")],
)
async def test_a_context_that_cannot_be_had(page: Any, reason: str) -> None:
    contexts, _ = _store({CITY: page})
    with pytest.raises(LdContextNotAvailable, match=reason) as caught:
        await contexts.resolve("default", [CITY, {"x": "https://x.example/"}])
    assert CITY in caught.value.detail
    assert caught.value.status == 504


async def test_a_context_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MAX_SECONDS", 0.05)
    contexts, web = _store({CITY: {"@context": {}}})
    web.delay = 1
    with pytest.raises(LdContextNotAvailable, match="no answer within"):
        await contexts.resolve("default", CITY)


async def test_a_failure_is_not_remembered() -> None:
    contexts, web = _store({CITY: 503})
    with pytest.raises(LdContextNotAvailable):
        await contexts.resolve("default", CITY)
    web.pages[CITY] = {"@context": {"a": "https://city.example/a"}}
    assert (await contexts.resolve("default", CITY)).expand_term("a") == "https://city.example/a"


async def test_an_old_document_serves_while_its_source_is_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lifetime, "HEURISTIC_SECONDS", 0.0)
    monkeypatch.setattr(lifetime, "LEAST_SECONDS", 0.0)
    contexts, web = _store({CITY: {"@context": {"a": "https://city.example/a"}}})
    await contexts.resolve("default", CITY)
    web.pages[CITY] = 503
    for _ in range(3):  # the source is not asked again at once
        terms = await contexts.resolve("default", CITY)
        assert terms.expand_term("a") == "https://city.example/a"
    assert web.asked == [CITY, CITY]


class _Shared(MemoryLibrary):
    """A library that another process writes to."""

    def __init__(self) -> None:
        super().__init__()
        self.news: list[str] = []

    async def changed(self) -> list[str]:
        news, self.news = self.news, []
        return news


async def test_what_another_process_replaced_is_seen_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    library = _Shared()
    contexts, _ = _store({CITY: {"@context": {"a": "https://city.example/old"}}}, library=library)
    await contexts.resolve("default", [CITY])
    await library.keep("default", CITY, Document({"a": "https://city.example/new"}, None))
    library.news.append("default")
    assert (await contexts.resolve("default", [CITY])).expand_term("a").endswith("old")
    monkeypatch.setattr(store, "LOOK_SECONDS", 0.0)
    assert (await contexts.resolve("default", [CITY])).expand_term("a").endswith("new")


async def test_a_map_begun_before_its_document_changed_is_not_kept() -> None:
    contexts, web = _store({CITY: {"@context": {"a": "https://city.example/a"}}})
    web.delay = 0.05
    building = asyncio.create_task(contexts.resolve("default", CITY))
    await asyncio.sleep(0.01)
    contexts.forget("default")
    await building
    assert not contexts._maps


@pytest.mark.parametrize(
    "page",
    [
        b"<html>",
        [1, 2],
        {"no": "context"},
        {"@context": {"x": 5}},
        {"@context": {"x": {"@id": "https://x.example/", "@context": {"y": "https://y.example"}}}},
        {"@context": [[{}]]},
    ],
)
async def test_an_invalid_or_scoped_remote_context_is_bad_data(page: Any) -> None:
    contexts, _ = _store({CITY: page})
    with pytest.raises(BadRequestData) as caught:
        await contexts.resolve("default", CITY)
    assert str(caught.value.extra["field"]).startswith("/@context")


@pytest.mark.parametrize("context", [5, True, "", "no address", "ftp://x.example/c", [7], [["x"]]])
async def test_a_context_of_the_wrong_shape_is_bad_data(context: Any) -> None:
    contexts, web = _store({})
    with pytest.raises(BadRequestData):
        await contexts.resolve("default", context)
    assert web.asked == []


async def test_a_deeply_nested_context_is_bad_data() -> None:
    contexts, _ = _store({})
    nested: Any = {}
    for _ in range(1000):
        nested = {"a": nested}
    with pytest.raises(BadRequestData):
        await contexts.resolve("default", nested)


async def test_a_huge_context_is_bad_data() -> None:
    contexts, _ = _store({})
    for context in (
        {f"t{n}": f"https://x.example/{n}" for n in range(100_000)},
        [{"a": "https://x.example/a"}] * 21,
    ):
        with pytest.raises(BadRequestData):
            await contexts.resolve("default", context)


async def test_chains_and_circles_of_documents_end() -> None:
    chain = {
        f"https://c.example/{n}": {"@context": [f"https://c.example/{n + 1}"]} for n in range(50)
    }
    contexts, web = _store(chain)
    with pytest.raises(BadRequestData, match="too many others"):
        await contexts.resolve("default", "https://c.example/0")
    assert len(web.asked) <= 6
    contexts, _ = _store({CITY: {"@context": [CITY, {"a": "https://x.example/a"}]}})
    with pytest.raises(BadRequestData):
        await contexts.resolve("default", CITY)


async def test_documents_at_hand_are_not_fetched() -> None:
    library = MemoryLibrary()
    await library.keep("blue", CITY, Document({"a": "https://blue.example/a"}, None))
    contexts, web = _store({}, library=library)
    terms = await contexts.resolve("blue", CITY)
    assert terms.expand_term("a") == "https://blue.example/a"
    assert web.asked == []


async def test_documents_in_memory_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tamamo.context.jsonld.library.MAX_DOCUMENTS", 3)
    library = MemoryLibrary()
    for number in range(5):
        await library.keep("default", f"https://x.example/{number}", Document({}, None))
    assert [await library.find("default", f"https://x.example/{n}") for n in (0, 1)] == [None, None]
    assert await library.find("default", "https://x.example/4") == Document({}, None)


async def test_the_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MAX_ENTRIES", 10)
    contexts, _ = _store({})
    for number in range(30):
        await contexts.resolve("default", {"a": f"https://x.example/{number}"})
    assert len(contexts._maps) == 10


async def test_a_context_on_this_machine_is_behind_the_wall() -> None:
    async with Outgoing(Settings()) as outgoing:
        with pytest.raises(LdContextNotAvailable, match="private address"):
            await ContextStore(outgoing).resolve("default", "http://127.0.0.1:9/context.jsonld")


async def test_large_contexts_push_others_out(monkeypatch: pytest.MonkeyPatch) -> None:
    contexts, _ = _store({})
    small = await contexts.resolve("default", {"a": "https://x.example/a"})
    monkeypatch.setattr(store, "MAX_MEMORY", 4 * small.size)
    large = {f"t{n}": "https://x.example/" + "x" * 1000 for n in range(small.size // 1000)}
    for number in range(20):
        await contexts.resolve("default", large | {"a": f"https://x.example/{number}"})
    assert 1 <= len(contexts._maps) <= 4
    assert sum(size for _, _, size in contexts._maps.values()) <= store.MAX_MEMORY
