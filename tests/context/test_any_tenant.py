"""What is answered for a tenant that does not exist (clause 5.5.10: others "should" not be)."""

import httpx
import pytest

from tamamo.context.broker import Broker
from tamamo.context.jsonld.library import Document


async def test_reads_that_depend_on_nothing_stored(api: httpx.AsyncClient) -> None:
    aliases = set()
    for tenant in ("north", "south"):
        headers = {"NGSILD-Tenant": tenant}
        identity = await api.get("/info/sourceIdentity", headers=headers)
        assert (identity.status_code, identity.headers["NGSILD-Tenant"]) == (200, tenant)
        aliases.add(identity.json()["contextSourceAlias"])
        contexts = await api.get("/jsonldContexts", headers=headers)
        assert contexts.status_code == 200
        assert all("ngsi-ld-core-context" in url for url in contexts.json())
    assert len(aliases) == 2


async def test_all_else_needs_the_tenant(api: httpx.AsyncClient) -> None:
    headers = {"NGSILD-Tenant": "nowhere"}
    for path in ("/types", "/entities?type=A", "/entityMaps?type=A", "/jsonldContexts/urn:x"):
        answer = await api.get(path, headers=headers)
        assert answer.status_code == 404
        assert answer.json()["type"].endswith("NonexistentTenant")
    assert (await api.post("/snapshots", json={}, headers=headers)).status_code == 404


async def test_a_name_that_is_made_up_leaves_nothing_behind(
    api: httpx.AsyncClient, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fetch(url: str) -> Document:
        return Document({"Pegel": "https://city.example/Gauge"}, None)

    monkeypatch.setattr(broker.contexts, "fetch", fetch)
    link = '<https://city.example/c>; rel="http://www.w3.org/ns/json-ld#context"'
    for path in ("/info/sourceIdentity", "/jsonldContexts"):
        for tenant in ("made-up", "invented"):
            headers = {"NGSILD-Tenant": tenant, "Link": link}
            assert (await api.get(path, headers=headers)).status_code == 200
    async with broker.pool.connection() as connection:
        cursor = await connection.execute("select distinct tenant from jsonld_context")
        assert await cursor.fetchall() == [("default",)]


async def test_what_no_client_may_be_called_is_refused(api: httpx.AsyncClient) -> None:
    for path in ("/info/sourceIdentity", "/jsonldContexts", "/types"):
        # The name under which a snapshot's data stand.
        answer = await api.get(path, headers={"NGSILD-Tenant": "default\x01urn:s:1\x01n"})
        assert answer.status_code == 400
