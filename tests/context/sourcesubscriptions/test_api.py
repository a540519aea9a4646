"""/csourceSubscriptions as a client uses it (clauses 5.11.2 to 5.11.6)."""

from typing import Any

import httpx
import pytest

from tests.context.conftest import ROOT

RECEIVER = "http://127.0.0.1:1/notify"
PATH = "/csourceSubscriptions"


def body(**members: Any) -> dict[str, Any]:
    return {
        "id": "urn:x:1",
        "type": "Subscription",
        "entities": [{"type": "Gauge"}],
        "notification": {"endpoint": {"uri": RECEIVER}},
        **members,
    }


async def test_one_comes_back_as_it_was_written(api: httpx.AsyncClient) -> None:
    written = body(
        csf="owner==1",
        geoQ={"georel": "near;maxDistance==5", "geometry": "Point", "coordinates": [0, 0]},
        scopeQ="/a/#",
        temporalQ={"timerel": "after", "timeAt": "2020-01-01T00:00:00Z"},
        watchedAttributes=["level"],
        datasetId=["@none"],
        throttling=2,
        expiresAt="2126-01-01T00:00:00Z",
    )
    response = await api.post(PATH, json=written)
    assert response.status_code == 201, response.text
    assert response.headers["Location"] == f"{ROOT}{PATH}/urn:x:1"
    read = (await api.get(f"{PATH}/urn:x:1")).json()
    assert {name: read.pop(name) for name in written} == written
    assert read == {"status": "active"}
    assert (await api.get(PATH)).json()[0]["id"] == "urn:x:1"


async def test_the_two_kinds_do_not_mix(api: httpx.AsyncClient) -> None:
    assert (await api.post(PATH, json=body(id="urn:x:sources"))).is_success
    entities = body(id="urn:x:entities", localOnly=True)
    assert (await api.post("/subscriptions", json=entities)).is_success
    assert [one["id"] for one in (await api.get(PATH)).json()] == ["urn:x:sources"]
    assert [one["id"] for one in (await api.get("/subscriptions")).json()] == ["urn:x:entities"]
    for path in (f"{PATH}/urn:x:entities", "/subscriptions/urn:x:sources"):
        assert (await api.get(path)).status_code == 404
        assert (await api.patch(path, json={"isActive": False})).status_code == 404
        assert (await api.delete(path)).status_code == 404
    counted = await api.get(PATH, params={"count": "true", "limit": 0})
    assert counted.headers["NGSILD-Results-Count"] == "1"


async def test_one_changes_and_goes(api: httpx.AsyncClient) -> None:
    await api.post(PATH, json=body())
    changed = {
        "isActive": False,
        "temporalQ": {"timerel": "before", "timeAt": "2020-01-01T00:00:00Z"},
    }
    assert (await api.patch(f"{PATH}/urn:x:1", json=changed)).status_code == 204
    read = (await api.get(f"{PATH}/urn:x:1")).json()
    assert (read["status"], read["temporalQ"]) == ("paused", changed["temporalQ"])
    gone = {"temporalQ": "urn:ngsi-ld:null"}
    assert (await api.patch(f"{PATH}/urn:x:1", json=gone)).status_code == 204
    assert "temporalQ" not in (await api.get(f"{PATH}/urn:x:1")).json()
    assert (await api.post(PATH, json=body())).status_code == 409
    assert (await api.delete(f"{PATH}/urn:x:1")).status_code == 204
    assert (await api.get(f"{PATH}/urn:x:1")).status_code == 404


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"type": "Sub"}, "/type"),
        (
            {"temporalQ": {"timerel": "during", "timeAt": "2020-01-01T00:00:00Z"}},
            "/temporalQ/timerel",
        ),
        ({"temporalQ": {"timerel": "after"}}, "/temporalQ/timeAt"),
        ({"temporalQ": {"timerel": "between", "timeAt": "2020-01-01T00:00:00Z"}}, "endTimeAt"),
        ({"csf": "owner=="}, "csf"),
        ({"q": "level>"}, "q"),
        ({"watchedAttributes": []}, "/watchedAttributes"),
        (
            {"notification": {"endpoint": {"uri": RECEIVER, "accept": "application/geo+json"}}},
            "/notification/endpoint/accept",
        ),
    ],
)
async def test_what_is_wrong_is_named(
    api: httpx.AsyncClient, members: dict[str, Any], field: str
) -> None:
    response = await api.post(PATH, json=body(**members))
    assert response.status_code == 400
    assert response.json()["field"] == field
