"""/subscriptions as a client uses it (clauses 5.8.1 to 5.8.5)."""

from typing import Any

import httpx

from tests.context.conftest import ROOT

RECEIVER = "http://127.0.0.1:1/notify"


def body(**members: Any) -> dict[str, Any]:
    return {
        "id": "urn:ngsi-ld:Subscription:1",
        "type": "Subscription",
        "entities": [{"type": "Building"}],
        "notification": {"endpoint": {"uri": RECEIVER}},
        **members,
    }


async def create(api: httpx.AsyncClient, **members: Any) -> str:
    response = await api.post("/subscriptions", json=body(**members))
    assert response.status_code == 201, response.text
    return response.headers["Location"].removeprefix(ROOT)


async def test_a_subscription_comes_back_as_it_was_written(api: httpx.AsyncClient) -> None:
    written = body(
        subscriptionName="name",
        description="text",
        watchedAttributes=["temperature"],
        notificationTrigger=["entityDeleted"],
        q="temperature>20",
        geoQ={"georel": "near;maxDistance==5", "geometry": "Point", "coordinates": [0, 0]},
        scopeQ="/a/#",
        csf="alias==x",
        isActive=True,
        expiresAt="2126-01-01T00:00:00Z",
        throttling=1.5,
        lang="ja",
        datasetId=["@none", "urn:x:d"],
        localOnly=True,
        ngsildConformance="1.6",
        notification={
            "attributes": ["temperature"],
            "format": "concise",
            "join": "flat",
            "joinLevel": 2,
            "showChanges": True,
            "sysAttrs": True,
            "endpoint": {
                "uri": RECEIVER,
                "accept": "application/ld+json",
                "cooldown": 100,
                "timeout": 1000,
                "receiverInfo": [{"key": "X-Key", "value": "v"}],
                "notifierInfo": [{"key": "MQTT-QoS", "value": "1"}],
            },
        },
    )
    response = await api.post("/subscriptions", json=written)
    assert response.status_code == 201
    assert response.headers["Location"] == f"{ROOT}/subscriptions/{written['id']}"
    read = (await api.get(f"/subscriptions/{written['id']}")).json()
    assert {name: read.pop(name) for name in written} == written
    assert read.pop("jsonldContext").startswith("https://uri.etsi.org/ngsi-ld/v1/")
    assert read == {"status": "active"}


async def test_what_is_not_given_is_made_or_has_its_default(api: httpx.AsyncClient) -> None:
    anonymous = body()
    del anonymous["id"]
    response = await api.post("/subscriptions", json=anonymous)
    location = response.headers["Location"].removeprefix(ROOT)
    read = (await api.get(location)).json()
    assert location == f"/subscriptions/{read['id']}"
    assert read["id"].startswith("urn:ngsi-ld:Subscription:")
    assert read["notificationTrigger"] == ["attributeCreated", "attributeUpdated"]
    assert "timesSent" not in read["notification"]


async def test_names_are_shown_in_the_readers_context(api: httpx.AsyncClient) -> None:
    context = {"house": "https://example.org/House", "warm": "https://example.org/warm"}
    written = body(
        entities=[{"type": "house,Building"}],
        watchedAttributes=["warm"],
        notification={"pick": ["id", "warm"], "endpoint": {"uri": RECEIVER}},
    )
    written["@context"] = context
    headers = {"Content-Type": "application/ld+json"}
    response = await api.post("/subscriptions", json=written, headers=headers)
    assert response.status_code == 201, response.text
    read = (await api.get("/subscriptions/urn:ngsi-ld:Subscription:1")).json()
    assert read["entities"] == [{"type": "https://example.org/House,Building"}]
    assert read["watchedAttributes"] == ["https://example.org/warm"]
    assert read["notification"]["pick"] == ["id", "https://example.org/warm"]


async def test_a_fault_is_named_and_nothing_is_kept(api: httpx.AsyncClient) -> None:
    response = await api.post("/subscriptions", json=body(watchedAttributes=[]))
    assert response.status_code == 400
    assert response.json()["type"].endswith("/BadRequestData")
    assert response.json()["field"] == "/watchedAttributes"
    assert (await api.get("/subscriptions")).json() == []


async def test_an_id_is_taken_once(api: httpx.AsyncClient) -> None:
    location = await create(api)
    response = await api.post("/subscriptions", json=body(description="another"))
    assert response.status_code == 409
    assert "description" not in (await api.get(location)).json()


async def test_update_changes_what_it_names(api: httpx.AsyncClient) -> None:
    location = await create(api, description="old", q="a>1")
    response = await api.patch(
        location, json={"type": "Subscription", "description": "new", "q": None}
    )
    assert response.status_code == 204, response.text
    read = (await api.get(location)).json()
    assert read["description"] == "new"
    assert "q" not in read
    assert read["entities"] == [{"type": "Building"}]


async def test_an_update_at_fault_changes_nothing(api: httpx.AsyncClient) -> None:
    location = await create(api, description="old")
    before = (await api.get(location)).json()
    faults: list[dict[str, Any]] = [
        {"description": "new", "q": "a=="},
        {"notification": None},
        {"notification": {"format": "keyValues"}},
        {"entities": None},
        {"expiresAt": "2000-01-01T00:00:00Z"},
        {"timeInterval": 5, "throttling": 1},
    ]
    for fault in faults:
        response = await api.patch(location, json=fault)
        assert response.status_code == 400, fault
    assert (await api.get(location)).json() == before


async def test_pausing_and_resuming(api: httpx.AsyncClient) -> None:
    location = await create(api, isActive=False)
    assert (await api.get(location)).json()["status"] == "paused"
    await api.patch(location, json={"isActive": True})
    assert (await api.get(location)).json()["status"] == "active"


async def test_deletion(api: httpx.AsyncClient) -> None:
    location = await create(api)
    assert (await api.delete(location)).status_code == 204
    for response in (
        await api.delete(location),
        await api.get(location),
        await api.patch(location, json={"description": "a deleted one stays deleted"}),
    ):
        assert response.status_code == 404
        assert response.json()["type"].endswith("/ResourceNotFound")
    assert (await api.get("/subscriptions")).json() == []


async def test_pages(api: httpx.AsyncClient) -> None:
    for number in range(3):
        await create(api, id=f"urn:x:{number}")
    response = await api.get("/subscriptions", params={"limit": 2, "count": "true"})
    assert [found["id"] for found in response.json()] == ["urn:x:0", "urn:x:1"]
    assert response.headers["NGSILD-Results-Count"] == "3"
    assert 'rel="next"' in response.headers["Link"]
    response = await api.get("/subscriptions", params={"limit": 2, "offset": 2})
    assert [found["id"] for found in response.json()] == ["urn:x:2"]


async def test_tenants_do_not_see_each_other(api: httpx.AsyncClient) -> None:
    tenant = {"NGSILD-Tenant": "town"}
    response = await api.post("/subscriptions", json=body(), headers=tenant)
    assert response.status_code == 201
    assert (await api.get("/subscriptions")).json() == []
    assert len((await api.get("/subscriptions", headers=tenant)).json()) == 1


async def test_system_times_on_request(api: httpx.AsyncClient) -> None:
    location = await create(api)
    read = (await api.get(location, params={"options": "sysAttrs"})).json()
    assert read["createdAt"] == read["modifiedAt"]
    assert "createdAt" not in (await api.get(location)).json()


async def test_a_context_that_cannot_be_had(api: httpx.AsyncClient) -> None:
    response = await api.post("/subscriptions", json=body(jsonldContext="http://127.0.0.1:1/c"))
    assert response.status_code == 504


async def test_a_context_for_notifications_can_be_taken_away(api: httpx.AsyncClient) -> None:
    core = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.{}.jsonld"
    path = await create(api, jsonldContext=core.format(6))
    assert (await api.get(path)).json()["jsonldContext"] == core.format(6)
    assert (await api.patch(path, json={"jsonldContext": None})).status_code == 204
    assert (await api.get(path)).json()["jsonldContext"] == core.format(8)


async def test_a_query_copied_from_a_uri_means_the_same(api: httpx.AsyncClient) -> None:
    path = await create(api, q="level>2;name==%22a%22")
    assert (await api.get(path)).json()["q"] == 'level>2;name=="a"'
    assert (await api.patch(path, json={"q": 'name=="50%25"'})).status_code == 204
    assert (await api.get(path)).json()["q"] == 'name=="50%25"'
