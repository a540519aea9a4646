"""Stored @contexts over HTTP (clauses 5.13, 6.29, 6.30), and between processes."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tamamo.context.broker import Broker, open_broker
from tamamo.context.contexts import library, service
from tamamo.context.jsonld import DEFAULT_CORE, store
from tamamo.kernel.database import transaction
from tamamo.kernel.settings import Settings
from tests.context.conftest import client_of
from tests.context.contexts.conftest import Site

PATH = "/jsonldContexts"
TERMS = {"level": "https://city.example/level", "Gauge": "https://city.example/Gauge"}
GAUGE = {"id": "urn:ngsi-ld:Gauge:1", "type": "Gauge", "level": 1.5}
LD = {"Content-Type": "application/ld+json"}
RELATION = 'rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'


def link(url: str) -> dict[str, str]:
    """Return the header that names a @context."""
    return {"Link": f"<{url}>; {RELATION}"}


def linked(answer: httpx.Response) -> str:
    """Return the address of the @context that the answer names."""
    return answer.headers["Link"].partition(">")[0].removeprefix("<")


async def add(api: httpx.AsyncClient, context: Any, **headers: str) -> str:
    """Store a @context; return its local identifier."""
    answer = await api.post(PATH, json={"@context": context}, headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.content == b""
    return str(answer.headers["Location"]).removeprefix("/ngsi-ld/v1/jsonldContexts/")


def error(answer: httpx.Response) -> tuple[int, str]:
    """Return the status of an error and the last part of its type."""
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


async def test_a_hosted_context_is_served_listed_used_and_deleted(api: httpx.AsyncClient) -> None:
    name = await add(api, TERMS)
    served = await api.get(f"{PATH}/{name}")
    assert (served.status_code, served.json()) == (200, {"@context": TERMS})
    assert served.headers["Content-Type"] == "application/json"
    assert "Link" not in served.headers
    details = (await api.get(f"{PATH}/{name}", params={"details": "true"})).json()
    url = f"http://broker.test/ngsi-ld/v1/jsonldContexts/{name}"
    assert details.pop("createdAt").endswith("Z")
    assert details == {"URL": url, "localId": name, "kind": "Hosted"}
    assert (await api.get(PATH, params={"kind": "Hosted"})).json() == [url]

    # Nothing listens at that address: the broker finds it at home.
    made = await api.post("/entities", json=GAUGE, headers=link(url))
    assert made.status_code == 201, made.text
    query = {"type": "https://city.example/Gauge", "format": "simplified"}
    found = await api.get("/entities", params=query, headers=link(url))
    assert found.json() == [GAUGE]
    assert linked(found) == url

    assert (await api.delete(f"{PATH}/{name}")).status_code == 204
    assert error(await api.get(f"{PATH}/{name}")) == (404, "ResourceNotFound")
    assert error(await api.delete(f"{PATH}/{name}")) == (404, "ResourceNotFound")
    assert (await api.get(PATH, params={"kind": "Hosted"})).json() == []
    # Names no longer mean anything by it, in this process at once.
    assert error(await api.get("/entities", params=query, headers=link(url)))[0] == 504


async def test_what_stands_beside_the_context_is_not_kept(api: httpx.AsyncClient) -> None:
    answer = await api.post(PATH, json={"@context": TERMS, "@id": "x", "note": 1}, headers=LD)
    name = answer.headers["Location"].rpartition("/")[2]
    ld = await api.get(f"{PATH}/{name}", headers={"Accept": "application/ld+json"})
    assert ld.json() == {"@context": TERMS}
    assert ld.headers["Content-Type"] == "application/ld+json"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "InvalidRequest"),
        (b"[]", "InvalidRequest"),
        (b'{"level": "https://city.example/level"}', "InvalidRequest"),
        (b'{"@context": null}', "BadRequestData"),
        (b'{"@context": 5}', "BadRequestData"),
        (b'{"@context": ["https://city.example/c", 5]}', "BadRequestData"),
        (b'{"@context": {"level": 5}}', "BadRequestData"),
        (b'{"@context": {"a": {"@id": "urn:a:b", "@context": {}}}}', "BadRequestData"),
    ],
)
async def test_what_is_no_context_is_refused(
    api: httpx.AsyncClient, body: bytes, kind: str
) -> None:
    headers = {"Content-Type": "application/json"}
    assert error(await api.post(PATH, content=body, headers=headers)) == (400, kind)
    assert (await api.get(PATH, params={"kind": "Hosted"})).json() == []


@pytest.mark.parametrize("query", ["kind=hosted", "kind=", "details=yes", "kind=Cached&details=1"])
async def test_parameters_are_checked(api: httpx.AsyncClient, query: str) -> None:
    assert error(await api.get(f"{PATH}?{query}")) == (400, "BadRequestData")
    assert error(await api.get(f"{PATH}?limit=5")) == (400, "InvalidRequest")


async def test_contexts_belong_to_their_tenant(api: httpx.AsyncClient) -> None:
    name = await add(api, TERMS, **{"NGSILD-Tenant": "blue"})
    await add(api, TERMS, **{"NGSILD-Tenant": "green"})
    for headers, status in (({"NGSILD-Tenant": "blue"}, 200), ({"NGSILD-Tenant": "green"}, 404)):
        assert (await api.get(f"{PATH}/{name}", headers=headers)).status_code == status
    assert (await api.delete(f"{PATH}/{name}")).status_code == 404
    assert (await api.get(PATH, params={"kind": "Hosted"})).json() == []


async def test_what_is_downloaded_is_cached_and_listed(
    api: httpx.AsyncClient, site: Site, broker: Broker
) -> None:
    site.pages["/all.jsonld"] = {"@context": ["/part.jsonld", DEFAULT_CORE]}
    site.pages["/part.jsonld"] = {"@context": TERMS}
    url = site.url("/all.jsonld")
    made = await api.post("/entities", json=GAUGE, headers=link(url))
    assert made.status_code == 201, made.text
    listed = (await api.get(PATH, params={"kind": "Cached"})).json()
    assert listed[-2:] == [url, site.url("/part.jsonld")]
    assert DEFAULT_CORE in listed
    details = (await api.get(f"{PATH}/{quote(url, safe='')}?details=true")).json()
    assert (details["URL"], details["kind"]) == (url, "Cached")
    assert details["createdAt"] < details["expiresAt"]
    by_id = await api.get(f"{PATH}/{details['localId']}?details=true")
    assert by_id.json() == details
    assert error(await api.get(f"{PATH}/{details['localId']}")) == (422, "OperationNotSupported")

    # Another process does not download it again.
    async with open_broker(broker.settings) as other:
        terms = await other.contexts.resolve("default", url)
    assert terms.expand_term("level") == TERMS["level"]
    assert site.asked == ["/all.jsonld", "/part.jsonld"]


async def test_a_cached_context_is_reloaded_or_stays(
    api: httpx.AsyncClient, site: Site, broker: Broker
) -> None:
    site.pages["/c.jsonld"] = {"@context": {"level": "https://city.example/old"}}
    url = site.url("/c.jsonld")
    place = f"{PATH}/{quote(url, safe='')}"
    await broker.contexts.resolve("default", url)
    old = (await api.get(f"{place}?details=true")).json()

    for page in (None, b"<html>", {"no": "context"}, {"@context": 5}):
        site.pages["/c.jsonld"] = page
        assert error(await api.delete(f"{place}?reload=true")) == (504, "LdContextNotAvailable")
    assert (await api.get(f"{place}?details=true")).json() == old
    assert (await broker.contexts.resolve("default", url)).expand_term("level").endswith("old")

    site.pages["/c.jsonld"] = {"@context": {"level": "https://city.example/new"}}
    assert (await api.delete(f"{place}?reload=true")).status_code == 204
    assert (await api.get(f"{place}?details=true")).json()["createdAt"] > old["createdAt"]
    assert (await broker.contexts.resolve("default", url)).expand_term("level").endswith("new")

    assert (await api.delete(place)).status_code == 204
    assert (await api.get(f"{place}?details=true")).status_code == 404


async def test_only_cached_contexts_are_reloaded(api: httpx.AsyncClient) -> None:
    name = await add(api, TERMS)
    assert error(await api.delete(f"{PATH}/{name}?reload=true")) == (400, "BadRequestData")
    assert error(await api.delete(f"{PATH}/{name}?reload=please")) == (400, "BadRequestData")
    assert error(await api.delete(f"{PATH}/x?reload=true")) == (404, "ResourceNotFound")
    assert (await api.get(f"{PATH}/{name}")).status_code == 200


async def test_the_core_contexts_stay(api: httpx.AsyncClient) -> None:
    place = f"{PATH}/{quote(DEFAULT_CORE, safe='')}"
    assert (await api.get(f"{place}?details=true")).json()["kind"] == "Cached"
    assert error(await api.delete(place)) == (400, "BadRequestData")
    assert (await api.delete(f"{place}?reload=true")).status_code == 204
    assert (await api.get(f"{place}?details=true")).status_code == 200


async def test_the_lifetime_a_server_gives_is_kept(
    site: Site, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tamamo.context.jsonld.lifetime.LEAST_SECONDS", 0.0)
    site.cache_control = "no-cache"
    site.pages["/c.jsonld"] = {"@context": TERMS}
    for _ in range(2):
        await broker.contexts.resolve("default", site.url("/c.jsonld"))
    assert site.asked == ["/c.jsonld"] * 2
    site.cache_control = "max-age=60"
    for _ in range(3):
        await broker.contexts.resolve("default", site.url("/c.jsonld"))
    assert site.asked == ["/c.jsonld"] * 3


async def test_processes_agree_on_what_was_deleted(
    api: httpx.AsyncClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await add(api, TERMS)
    url = f"http://broker.test/ngsi-ld/v1/jsonldContexts/{name}"
    async with open_broker(settings) as other, client_of(other) as elsewhere:
        # The answer of the other process is the same, now and after the deletion.
        query = "/entities?type=Gauge"
        assert (await elsewhere.get(query, headers=link(url))).status_code == 200
        assert (await api.delete(f"{PATH}/{name}")).status_code == 204
        monkeypatch.setattr(store, "LOOK_SECONDS", 0.0)
        assert (await elsewhere.get(query, headers=link(url))).status_code == 504
        assert (await elsewhere.get(f"{PATH}/{name}")).status_code == 404


async def test_an_answer_names_the_context_that_came_in_the_body(api: httpx.AsyncClient) -> None:
    made = await api.post("/entities", json={**GAUGE, "@context": TERMS}, headers=LD)
    assert made.status_code == 201
    query = {"type": "Query", "entities": [{"type": "Gauge"}], "@context": [TERMS, DEFAULT_CORE]}
    answers = [await api.post("/entityOperations/query", json=query, headers=LD) for _ in range(2)]
    assert linked(answers[0]) == linked(answers[1])
    served = await api.get(linked(answers[0]))
    assert served.json() == {"@context": [TERMS, DEFAULT_CORE]}
    (details,) = (await api.get(f"{PATH}?kind=ImplicitlyCreated&details=true")).json()
    assert details["URL"] == linked(answers[0])
    # With that address the answer reads as before, and it can be deleted, not reloaded.
    again = await api.get("/entities?type=Gauge", headers=link(linked(answers[0])))
    assert again.json() == answers[0].json()
    assert error(await api.delete(f"{PATH}/{details['localId']}?reload=true"))[0] == 400
    assert (await api.delete(f"{PATH}/{details['localId']}")).status_code == 204
    renewed = await api.post("/entityOperations/query", json=query, headers=LD)
    assert (await api.get(linked(renewed))).status_code == 200


async def test_an_address_or_the_core_needs_no_name(api: httpx.AsyncClient, site: Site) -> None:
    site.pages["/c.jsonld"] = {"@context": TERMS}
    for context in (site.url("/c.jsonld"), [site.url("/c.jsonld"), DEFAULT_CORE]):
        query = {"type": "Query", "entities": [{"type": "Gauge"}], "@context": context}
        answer = await api.post("/entityOperations/query", json=query, headers=LD)
        assert linked(answer) == site.url("/c.jsonld")
    assert (await api.get(f"{PATH}?kind=ImplicitlyCreated")).json() == []


async def test_a_subscription_names_its_context_by_an_address_that_lasts(
    api: httpx.AsyncClient, broker: Broker
) -> None:
    body = {
        "id": "urn:ngsi-ld:Subscription:1",
        "type": "Subscription",
        "entities": [{"type": "Gauge"}],
        "notification": {"endpoint": {"uri": "http://receiver.example/"}},
    }
    made = await api.post("/subscriptions", json={**body, "@context": [TERMS]}, headers=LD)
    assert made.status_code == 201, made.text
    shown = (await api.get(f"/subscriptions/{body['id']}")).json()
    assert (await api.get(shown["jsonldContext"])).json() == {"@context": [TERMS]}
    name = shown["jsonldContext"].rpartition("/")[2]
    details = (await api.get(f"{PATH}/{name}?details=true")).json()
    assert details["kind"] == "ImplicitlyCreated"
    assert "expiresAt" not in details


async def test_what_came_about_by_itself_goes_by_itself(
    broker: Broker, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    contexts = broker.stored_contexts
    site.pages["/c.jsonld"] = {"@context": TERMS}
    await broker.contexts.resolve("default", site.url("/c.jsonld"))
    hosted = await contexts.add("default", TERMS)
    lasting = await contexts.path_of("default", [TERMS], for_good=True)
    assert await contexts.path_of("default", [TERMS]) == lasting
    passing = await contexts.path_of("default", {"a": "urn:a:b"})
    assert await service.sweep(broker.pool) == 0

    async def kept() -> set[str]:
        own = [entry for entry in await contexts.entries("default", None) if entry.context is None]
        return {library.PATH + entry.id for entry in own} & {
            hosted, lasting, passing, library.PATH + library.id_of_url(site.url("/c.jsonld"))
        }  # fmt: skip

    assert len(await kept()) == 4
    async with transaction(broker.pool) as connection:
        await connection.execute(
            "update jsonld_context set expires_at = expires_at - %s", [timedelta(days=2)]
        )
    assert await service.sweep(broker.pool) == 1  # the cached one may still serve
    assert await kept() == {
        hosted, lasting, library.PATH + library.id_of_url(site.url("/c.jsonld"))
    }  # fmt: skip
    monkeypatch.setattr(library, "MOST_KEPT", 1)
    newest = await contexts.path_of("default", {"b": "urn:b:c"})
    listed = await contexts.entries("default", None)
    assert {library.PATH + one.id for one in listed if one.expires_at is not None} == {newest}
    assert await kept() == {hosted, lasting}


async def test_reading_cannot_fill_the_disk(api: httpx.AsyncClient) -> None:
    large = {f"t{number}": f"https://city.example/{number:050}" for number in range(1000)}
    query = {"type": "Query", "entities": [{"type": "Gauge"}], "@context": large}
    answer = await api.post("/entityOperations/query", json=query, headers=LD)
    assert (answer.status_code, linked(answer)) == (200, DEFAULT_CORE)
    assert (await api.get(f"{PATH}?kind=ImplicitlyCreated")).json() == []
