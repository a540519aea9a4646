"""The temporal resources over HTTP on a real PostgreSQL."""

from typing import Any

import httpx
import pytest

from tamamo.context.temporal import writing

ID = "urn:ngsi-ld:Gauge:1"
PATH = f"/temporal/entities/{ID}"
HOURS = [f"2026-06-01T{hour:02}:00:00Z" for hour in range(24)]
ALL = {"timerel": "after", "timeAt": "2000-01-01T00:00:00Z"}


def instance(value: Any, at: str | None = None, **more: Any) -> dict[str, Any]:
    found = {"type": "Property", "value": value, **more}
    return found if at is None else {**found, "observedAt": at}


async def create(api: httpx.AsyncClient, id: str = ID, type: str = "Gauge", **attrs: Any) -> None:  # noqa: A002
    response = await api.post("/temporal/entities", json={"id": id, "type": type, **attrs})
    assert response.status_code == 201, response.text


async def values(api: httpx.AsyncClient, attr: str = "level", **params: Any) -> list[Any]:
    response = await api.get(PATH, params=params)
    assert response.status_code == 200, response.text
    return [i["value"] for i in response.json()[attr]]


async def test_created_then_updated(api: httpx.AsyncClient) -> None:
    body = {"id": ID, "type": "Gauge", "level": [instance(1, HOURS[0]), instance(2, HOURS[1])]}
    created = await api.post("/temporal/entities", json=body)
    assert (created.status_code, created.headers["location"]) == (201, f"/ngsi-ld/v1{PATH}")
    body = {"id": ID, "type": ["Gauge", "Sensor"], "level": [instance(9, HOURS[1])]}
    assert (await api.post("/temporal/entities", json=body)).status_code == 204
    shown = (await api.get(PATH)).json()
    assert shown["type"] == ["Gauge", "Sensor"]
    assert [i["value"] for i in shown["level"]] == [1, 9]
    # The history is not the state.
    assert (await api.get(f"/entities/{ID}")).status_code == 404


async def test_an_instance_sent_again_keeps_its_id_and_creation(api: httpx.AsyncClient) -> None:
    await create(api, level=[instance(1, HOURS[0])])
    (before,) = (await api.get(PATH, params={"options": "sysAttrs"})).json()["level"]
    await api.post(f"{PATH}/attrs", json={"level": [instance(2, HOURS[0])]})
    (after,) = (await api.get(PATH, params={"options": "sysAttrs"})).json()["level"]
    assert after["value"] == 2
    assert after["instanceId"] == before["instanceId"]
    assert after["createdAt"] == before["createdAt"]
    assert after["modifiedAt"] > before["modifiedAt"]


async def test_a_body_of_years_is_written_in_parts(
    api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_PART", 2)
    level = [instance(number, HOURS[number]) for number in range(5)]
    await create(api, level=[*level, instance(9, HOURS[1]), instance(8, HOURS[1])])
    assert await values(api) == [0, 8, 2, 3, 4]
    body = {"level": [*(instance(7, hour) for hour in HOURS[:3]), instance("no moment", "never")]}
    assert (await api.post(f"{PATH}/attrs", json=body)).status_code == 400
    assert await values(api) == [0, 8, 2, 3, 4]


async def test_attributes_are_added_deleted_and_read_alone(api: httpx.AsyncClient) -> None:
    await create(api, level=[instance(1, HOURS[0])])
    other = instance(7, HOURS[0], datasetId="urn:d:1")
    added = await api.post(f"{PATH}/attrs", json={"rain": [instance(3, HOURS[0]), other]})
    assert added.status_code == 204
    assert await values(api, "rain", attrs="rain") == [3, 7]
    assert await values(api, "rain", datasetId="@none") == [3]
    assert (await api.delete(f"{PATH}/attrs/rain")).status_code == 204
    assert await values(api, "rain") == [7]
    assert (await api.delete(f"{PATH}/attrs/rain?deleteAll=true")).status_code == 204
    assert (await api.delete(f"{PATH}/attrs/rain?deleteAll=true")).status_code == 404
    assert set((await api.get(PATH)).json()) == {"id", "type", "level"}


async def test_one_instance_is_changed_and_deleted(api: httpx.AsyncClient) -> None:
    await create(api, level=[instance(1, HOURS[0]), instance(2, HOURS[1])])
    first = (await api.get(PATH)).json()["level"][0]["instanceId"]
    place = f"{PATH}/attrs/level/{first}"
    # Moved onto the time of the other one: both stay, each with its own id.
    changed = await api.patch(place, json={"level": [instance(5, HOURS[1])]})
    assert changed.status_code == 204
    shown = (await api.get(PATH)).json()["level"]
    assert {i["instanceId"]: i["value"] for i in shown}[first] == 5
    assert len(shown) == 2
    assert (await api.delete(place)).status_code == 204
    assert (await api.delete(place)).status_code == 404
    assert await values(api) == [2]


async def test_a_deleted_evolution_is_gone(api: httpx.AsyncClient) -> None:
    await create(api, level=[instance(1, HOURS[0])])
    assert (await api.delete(PATH)).status_code == 204
    assert (await api.get(PATH)).status_code == 404
    assert (await api.delete(PATH)).status_code == 404


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"timerel": "after", "timeAt": HOURS[2]}, [2, 3]),
        ({"timerel": "before", "timeAt": HOURS[2]}, [0, 1]),
        ({"timerel": "between", "timeAt": HOURS[1], "endTimeAt": HOURS[3]}, [1, 2]),
        ({"lastN": 1}, [3]),
        ({"timerel": "before", "timeAt": HOURS[3], "lastN": 2}, [1, 2]),
        ({}, [0, 1, 2, 3]),
    ],
)
async def test_times(api: httpx.AsyncClient, params: dict[str, Any], expected: list[int]) -> None:
    await create(api, level=[instance(n, HOURS[n]) for n in (3, 1, 0, 2)])
    assert await values(api, **params) == expected


async def test_without_times_unobserved_instances_are_shown_too(api: httpx.AsyncClient) -> None:
    await create(api, level=[instance(1, HOURS[0])], name=[instance("牛堂")])
    assert set((await api.get(PATH)).json()) == {"id", "type", "level", "name"}
    assert set((await api.get(PATH, params=ALL)).json()) == {"id", "type", "level"}
    modified = {**ALL, "timeproperty": "modifiedAt"}
    assert set((await api.get(PATH, params=modified)).json()) == {"id", "type", "level", "name"}


async def test_a_time_without_data_is_not_found(api: httpx.AsyncClient) -> None:
    await create(api, level=[instance(1, HOURS[0])])
    for params in ({"timerel": "after", "timeAt": HOURS[9]}, {"attrs": "rain"}, {"pick": "rain"}):
        assert (await api.get(PATH, params=params)).status_code == 404


async def test_the_state_leaves_its_trace(api: httpx.AsyncClient) -> None:
    """What the core API writes is found in the history, deletions and scopes included."""
    entity = {"id": ID, "type": "Gauge", "scope": "/Old", "level": {"type": "Property", "value": 1}}
    assert (await api.post("/entities", json=entity)).status_code == 201
    patch = {"type": "Property", "value": 2}
    assert (await api.patch(f"/entities/{ID}/attrs/level", json=patch)).status_code == 204
    assert (await api.patch(f"/entities/{ID}", json={"scope": "/New"})).status_code == 204
    assert (await api.delete(f"/entities/{ID}/attrs/level")).status_code == 204
    shown = (await api.get(PATH)).json()
    assert [i["value"] for i in shown["level"]] == [1, 2, "urn:ngsi-ld:null"]
    assert [i["value"] for i in shown["scope"]] == ["/Old", "/New"]
    deleted = (await api.get(PATH, params={"timeproperty": "deletedAt"})).json()["level"]
    assert [i["value"] for i in deleted] == ["urn:ngsi-ld:null"]
    assert deleted[0]["deletedAt"]


async def test_an_incomplete_answer_says_so(api: httpx.AsyncClient) -> None:
    await create(
        api, level=[instance(n, HOURS[n]) for n in range(24)], rain=[instance(1, HOURS[22])]
    )
    response = await api.get(PATH)
    assert response.status_code == 206
    assert response.headers["content-range"] == f"date-time {HOURS[0]}-{HOURS[19]}/*"
    assert len(response.json()["level"]) == 20
    assert response.json()["rain"] == []
    larger = await api.get(PATH, headers={"Prefer": "temporal-page=100"})
    assert (larger.status_code, len(larger.json()["level"])) == (200, 24)
    assert larger.headers["preference-applied"] == "temporal-page=100"


async def test_simplified(api: httpx.AsyncClient) -> None:
    await create(
        api,
        level=[instance(1, HOURS[0]), instance(2, HOURS[0], datasetId="urn:d:1")],
        name=[{"type": "LanguageProperty", "languageMap": {"ja": "川"}, "observedAt": HOURS[0]}],
    )
    shown = (await api.get(PATH, params={"format": "temporalValues"})).json()
    assert shown["level"] == [
        {"type": "Property", "values": [[1, HOURS[0]]]},
        {"type": "Property", "datasetId": "urn:d:1", "values": [[2, HOURS[0]]]},
    ]
    assert shown["name"] == {
        "type": "LanguageProperty",
        "languageMaps": [[{"languageMap": {"ja": "川"}}, HOURS[0]]],
    }
    japanese = {"format": "temporalValues", "lang": "ja"}
    named = (await api.get(PATH, params=japanese)).json()["name"]
    assert named == {"type": "Property", "values": [["川", HOURS[0]]]}


async def test_concise(api: httpx.AsyncClient) -> None:
    await create(api, level=[instance(1, HOURS[0], unitCode="MTR")])
    (shown,) = (await api.get(PATH, params={"options": "concise"})).json()["level"]
    assert shown.pop("instanceId").startswith("urn:ngsi-ld:Instance:")
    assert shown == {"value": 1, "unitCode": "MTR", "observedAt": HOURS[0]}


async def test_aggregates_by_hour_and_over_the_whole_range(api: httpx.AsyncClient) -> None:
    times = ["2026-06-01T00:10:00Z", "2026-06-01T00:50:00Z", "2026-06-01T02:10:00Z"]
    await create(api, level=[instance(v, t) for v, t in zip((1, 3, 8), times, strict=True)])
    asked = {"options": "aggregatedValues", "aggrMethods": "avg,max,totalCount"}
    hourly = {**asked, "aggrPeriodDuration": "PT1H", "timerel": "after", "timeAt": HOURS[0]}
    assert (await api.get(PATH, params=hourly)).json()["level"] == {
        "type": "Property",
        "avg": [[2.0, HOURS[0], HOURS[1]], [8.0, HOURS[2], HOURS[3]]],
        "max": [[3.0, HOURS[0], HOURS[1]], [8.0, HOURS[2], HOURS[3]]],
        "totalCount": [[2, HOURS[0], HOURS[1]], [1, HOURS[2], HOURS[3]]],
    }
    whole = (await api.get(PATH, params={**asked, "aggrPeriodDuration": "P0D"})).json()["level"]
    assert whole["avg"] == [[4.0, times[0], times[2]]]


async def test_aggregates_by_calendar_month(api: httpx.AsyncClient) -> None:
    months = ["2026-01-31T00:00:00Z", "2026-02-28T12:00:00Z", "2026-03-30T12:00:00Z"]
    await create(api, level=[instance(n, t) for n, t in enumerate(months)])
    params = {
        "format": "aggregatedValues",
        "aggrMethods": "sum",
        "aggrPeriodDuration": "P1M",
        "timerel": "after",
        "timeAt": "2026-01-01T00:00:00Z",
    }
    sums = (await api.get(PATH, params=params)).json()["level"]["sum"]
    assert [(v, start[:10], end[:10]) for v, start, end in sums] == [
        (0.0, "2026-01-01", "2026-02-01"),
        (1.0, "2026-02-01", "2026-03-01"),
        (2.0, "2026-03-01", "2026-04-01"),
    ]


async def test_aggregates_of_other_kinds(api: httpx.AsyncClient) -> None:
    """Table 4.5.19.1-1: what does not suit a value is left out, or refused when asked by name."""
    await create(
        api,
        name=[instance("a", HOURS[0]), instance("b", HOURS[1]), instance("a", HOURS[2])],
        ref=[{"type": "Relationship", "object": "urn:x:1", "observedAt": HOURS[0]}],
        flag=[instance(True, HOURS[0]), instance(False, HOURS[1])],
        tags=[instance([1, 2, 3], HOURS[0]), instance([1], HOURS[1])],
    )
    asked = {"format": "aggregatedValues", "aggrMethods": "avg,max,distinctCount"}
    shown = (await api.get(PATH, params=asked)).json()
    picked = {
        attr: {name: found[name][0][0] for name in found if name != "type"}
        for attr, found in shown.items()
        if attr not in {"id", "type"}
    }
    assert picked == {
        "name": {"max": "b", "distinctCount": 2},
        "ref": {"distinctCount": 1},
        "flag": {"avg": 0.5, "max": 1.0, "distinctCount": 2},
        "tags": {"avg": 2.0, "max": 3, "distinctCount": 2},
    }
    assert shown["ref"]["type"] == "Relationship"
    refused = await api.get(PATH, params={**asked, "aggrMethods": "avg", "attrs": "name"})
    assert refused.status_code == 400
    assert refused.json()["type"].endswith("InvalidRequest")


async def test_query_selects_pages_and_counts(api: httpx.AsyncClient) -> None:
    for n in range(5):
        await create(api, f"urn:ngsi-ld:Gauge:{n}", level=[instance(n, HOURS[n])])
    await create(api, "urn:ngsi-ld:Bus:1", "Bus", level=[instance(9, HOURS[0])])

    async def ids(**params: Any) -> list[str]:
        response = await api.get("/temporal/entities", params={**ALL, **params})
        assert response.status_code == 200, response.text
        return [entity["id"].rpartition(":")[2] for entity in response.json()]

    assert await ids(type="Gauge") == ["0", "1", "2", "3", "4"]
    assert await ids(type="Gauge", q="level>=2;level!=3") == ["2", "4"]
    assert await ids(type="Gauge", idPattern=":[34]$") == ["3", "4"]
    assert await ids(type="Gauge", orderBy="id;desc", limit=2) == ["4", "3"]
    assert await ids(type="Gauge", timerel="before", timeAt=HOURS[2]) == ["0", "1"]
    assert await ids(attrs="rain") == []
    page = await api.get(
        "/temporal/entities",
        params={**ALL, "type": "Gauge,Bus", "limit": 2, "offset": 2, "count": "true"},
    )
    assert page.headers["ngsild-results-count"] == "6"
    assert 'rel="next"' in page.headers["link"]
    assert 'rel="prev"' in page.headers["link"]


async def test_query_by_post_and_by_place(api: httpx.AsyncClient) -> None:
    def place(x: float, at: str) -> dict[str, Any]:
        point = {"type": "Point", "coordinates": [x, 34]}
        return {"type": "GeoProperty", "value": point, "observedAt": at}

    await create(api, "urn:x:1", location=[place(134.0, HOURS[0]), place(135.0, HOURS[5])])
    await create(api, "urn:x:2", location=[place(135.0, HOURS[0])])
    body = {
        "type": "Query",
        "entities": [{"type": "Gauge"}],
        "temporalQ": {"timerel": "before", "timeAt": HOURS[4]},
        "geoQ": {"georel": "near;maxDistance==1000", "geometry": "Point", "coordinates": [135, 34]},
    }
    found = await api.post("/temporal/entityOperations/query", json=body)
    assert [entity["id"] for entity in found.json()] == ["urn:x:2"]
    body["temporalQ"] = {"timerel": "after", "timeAt": HOURS[0]}
    counted = await api.post("/temporal/entityOperations/query?count=true&limit=1", json=body)
    assert counted.headers["ngsild-results-count"] == "2"
    assert [entity["id"] for entity in counted.json()] == ["urn:x:1"]


async def test_scope_holds_until_it_is_replaced(api: httpx.AsyncClient) -> None:
    scopes = [instance("/R", HOURS[0]), instance("/S", HOURS[4])]
    await create(api, scope=scopes, level=[instance(n, HOURS[n]) for n in (3, 5)])
    window = {"timerel": "between", "timeAt": HOURS[2], "endTimeAt": HOURS[9], "type": "Gauge"}

    async def found(scope: str) -> list[Any]:
        response = await api.get("/temporal/entities", params={**window, "scopeQ": scope})
        return [([i["value"] for i in e["level"]], e["scope"]) for e in response.json()]

    ((levels, shown),) = await found("/R")
    assert levels == [3]
    assert [(s["value"], s["observedAt"]) for s in shown] == [("/R", HOURS[0])]
    assert [levels for levels, _ in await found("/S")] == [[5]]
    assert await found("/T") == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/temporal/entities?type=Gauge", 400),
        ("/temporal/entities?type=Gauge&timerel=during&timeAt=2026-01-01T00:00:00Z", 400),
        ("/temporal/entities?timerel=after&timeAt=2026-01-01T00:00:00Z", 400),
        ("/temporal/entities?type=G&timerel=after&timeAt=2026-01-01T00:00:00Z&orderBy=name", 400),
        ("/temporal/entities?type=G&timerel=after&timeAt=2026-01-01T00:00:00Z&csf=((", 400),
        ("/temporal/entities?type=G&timerel=after&timeAt=2026-01-01T00:00:00Z&limit=9999", 403),
        ("/temporal/entities/nouri", 400),
        (f"{PATH}?lastN=0", 400),
        (f"{PATH}?pick=level&omit=level", 400),
        (f"{PATH}?pick=owner{{name}}", 400),
        (f"{PATH}?format=nonsense", 400),
        (f"{PATH}?options=aggregatedValues", 400),
        (f"{PATH}?options=temporalValues,aggregatedValues&aggrMethods=avg", 400),
        (f"{PATH}?format=aggregatedValues&aggrMethods=avg&aggrPeriodDuration=1h", 400),
        (f"{PATH}?unknown=1", 400),
    ],
)
async def test_bad_requests(api: httpx.AsyncClient, path: str, status: int) -> None:
    await create(api, level=[instance(1, HOURS[0])])
    response = await api.get(path)
    assert response.status_code == status
    assert response.json()["detail"]


async def test_nothing_half_written(api: httpx.AsyncClient) -> None:
    bad = {"id": ID, "type": "Gauge", "level": [instance(1, HOURS[0]), instance(2, "gestern")]}
    assert (await api.post("/temporal/entities", json=bad)).status_code == 400
    assert (await api.get(PATH)).status_code == 404


async def test_tenants_do_not_see_each_other(api: httpx.AsyncClient) -> None:
    mine = {"NGSILD-Tenant": "takamatsu"}
    body = {"id": ID, "type": "Gauge", "level": [instance(1, HOURS[0])]}
    assert (await api.post("/temporal/entities", json=body, headers=mine)).status_code == 201
    assert (await api.get(PATH)).status_code == 404
    assert (await api.get(PATH, headers=mine)).status_code == 200
    assert (await api.get(PATH, headers={"NGSILD-Tenant": "nobody"})).status_code == 404
