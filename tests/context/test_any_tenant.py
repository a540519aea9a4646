"""What is answered for a tenant that does not exist (clause 5.5.10: others "should" not be)."""

import httpx


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
