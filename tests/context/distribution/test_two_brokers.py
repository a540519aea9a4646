"""Two brokers that know each other: loops, tenants, headers, and a change seen at once."""

from typing import Any

import httpx

from tamamo.context.broker import Broker, open_broker
from tamamo.kernel.settings import Settings
from tests.context.conftest import client_of
from tests.context.distribution.conftest import Register, gauge, registration
from tests.context.distribution.peer import Peer, Says, as_broker

PATH = "/entities/urn:ngsi-ld:Gauge:1"


async def test_brokers_registered_with_each_other_answer_and_name_the_loop(
    api: httpx.AsyncClient, register: Register, other_api: httpx.AsyncClient, other_broker: Peer
) -> None:
    async with Peer(as_broker(api)) as here:
        await register(other_broker.endpoint)
        await other_api.post("/csourceRegistrations", json=registration(here.endpoint))
        await api.post("/entities", json=gauge("1", level=1), params={"local": "true"})
        await other_api.post("/entities", json=gauge("1", flow=2), params={"local": "true"})
        answer = await api.get(PATH)
        assert answer.json() == gauge("1", level=1, flow=2)
        assert answer.headers["NGSILD-Warning"].startswith("199 tamamo-")
        # Here, there, here again, and no further.
        assert [len(other_broker.asked), len(here.asked)] == [1, 1]
        assert [value.split()[0] for value in here.last.headers["via"].split(",")] == ["1.1"] * 2
        listed = await api.get("/entities", params={"type": "Gauge"})
        assert listed.json() == [gauge("1", level=1, flow=2)]


async def test_a_source_the_request_came_from_is_not_asked(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await register(peer.endpoint, contextSourceAlias="upstream")
    peer.has(gauge("1", level=1))
    via = {"Via": "1.1 somebody (a comment, with a comma), 1.1 upstream"}
    answer = await api.get(PATH, headers=via)
    assert (answer.status_code, answer.headers["NGSILD-Warning"][:3]) == (404, "199")
    assert not peer.asked
    assert (await api.get(PATH, headers={"Via": "1.1 somebody"})).status_code == 200
    assert peer.last.headers["via"].startswith("1.1 somebody, 1.1 tamamo-")


async def test_a_request_that_came_through_too_many_goes_no_further(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await register(peer.endpoint)
    await api.get(PATH, headers={"Via": ", ".join(f"1.1 hop{n}" for n in range(31))})
    assert not peer.asked


async def test_tenants_are_different_places(
    api: httpx.AsyncClient, register: Register, other_api: httpx.AsyncClient, other_broker: Peer
) -> None:
    for tenant, level in (("north", 1), ("south", 2)):
        headers = {"NGSILD-Tenant": tenant}
        await other_api.post("/entities", json=gauge("1", level=level), headers=headers)
    await other_api.post("/entities", json=gauge("1", level=3))
    await register(other_broker.endpoint, tenant="ours", **{"contextSourceAlias": "x"})
    ours = {"NGSILD-Tenant": "ours"}
    # Without a tenant in the registration: the other's default one (4.14).
    assert (await api.get(PATH, headers=ours)).json()["level"]["value"] == 3
    assert "ngsild-tenant" not in other_broker.last.headers
    assert (await api.get(PATH)).status_code == 404
    registrations = await api.get("/csourceRegistrations", params={"type": "Gauge"}, headers=ours)
    identifier = registrations.json()[0]["id"]
    await api.patch(f"/csourceRegistrations/{identifier}", json={"tenant": "south"}, headers=ours)
    assert (await api.get(PATH, headers=ours)).json()["level"]["value"] == 2
    assert other_broker.last.headers["ngsild-tenant"] == "south"


async def test_one_broker_may_be_a_source_of_itself_in_another_tenant(
    api: httpx.AsyncClient, register: Register
) -> None:
    async with Peer(as_broker(api)) as here:
        await api.post("/entities", json=gauge("1", level=1), headers={"NGSILD-Tenant": "b"})
        document = registration(here.endpoint, tenant="b")
        await api.post("/csourceRegistrations", json=document)
        answer = await api.get(PATH)
        assert answer.json() == gauge("1", level=1)
        assert "NGSILD-Warning" not in answer.headers


async def test_headers_registered_are_conveyed_but_for_those_of_the_request_itself(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    told = {
        "Authorization": "Bearer x",
        "user": "urn:ngsi-ld:request",
        "missing": "urn:ngsi-ld:request",
        "NGSILD-Tenant": "hacker",
        "Via": "1.1 evil",
        "Host": "evil.example",
        "Content-Length": "7",
        "accept": "application/ld+json",
    }
    info = [{"key": key, "value": value} for key, value in told.items()]
    await register(peer.endpoint, contextSourceInfo=info, management={"localOnly": True})
    peer.answers["GET", PATH] = Says(
        body=gauge("1", level=1)
        | {"@context": "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld"},
        headers={"Content-Type": "application/ld+json"},
    )
    assert (await api.get(PATH, headers={"user": "abcd"})).json() == gauge("1", level=1)
    asked = peer.last
    assert (asked.headers["authorization"], asked.headers["user"]) == ("Bearer x", "abcd")
    assert asked.headers["accept"] == "application/ld+json"
    assert not {"missing", "ngsild-tenant", "content-length"} & asked.headers.keys()
    assert "evil" not in asked.headers["via"] + asked.headers["host"]
    assert asked.params["local"] == "true"


async def test_another_process_knows_of_a_registration_soon(
    broker: Broker, settings: Settings, register: Register, peer: Peer
) -> None:
    peer.has(gauge("1", level=1))
    async with open_broker(settings) as second, client_of(second) as client:
        assert not second.distribution.concerns("default", {})
        identifier = await register(peer.endpoint)
        await second.distribution.directory.refresh()
        assert (await client.get(PATH)).json() == gauge("1", level=1)
        await client.delete(f"/csourceRegistrations/{identifier}")
        await broker.distribution.directory.refresh()
        assert not broker.distribution.concerns("default", {})


async def test_an_endpoint_may_be_the_root_or_the_path_of_the_api(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    peer.has(gauge("1", level=1))
    for suffix in ("", "/", "/ngsi-ld/v1", "/ngsi-ld/v1/"):
        identifier = await register(peer.endpoint + suffix)
        assert (await api.get(PATH)).status_code == 200
        await api.delete(f"/csourceRegistrations/{identifier}")


async def test_a_registration_shows_what_came_of_the_requests_to_its_source(
    api: httpx.AsyncClient, broker: Broker, register: Register, peer: Peer
) -> None:
    identifier = await register(peer.endpoint, management={"timeout": 300})
    path = f"/csourceRegistrations/{identifier}"
    assert "timesSent" not in (await api.get(path)).json()
    peer.has(gauge("1", level=1))
    await api.get(PATH)
    await api.get("/entities/urn:ngsi-ld:Gauge:unknown")  # not found there: nothing failed
    peer.answers["GET", PATH] = Says(403)
    await api.get(PATH)

    async def shown() -> dict[str, Any]:
        await broker.distribution.client.activity.flush()
        return dict((await api.get(path)).json())

    found = await shown()
    assert (found["timesSent"], found["timesFailed"], found["status"]) == (3, 1, "failed")
    assert found["lastSuccess"] < found["lastFailure"]
    peer.has(gauge("1", level=1))
    await api.get(PATH)
    found = await shown()
    assert (found["timesSent"], found["timesFailed"], found["status"]) == (4, 1, "ok")
