"""Snapshots over HTTP (clauses 4.3.7, 5.5.15, 5.16, 6.3.22, 6.36 to 6.38)."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from tamamo.context.broker import Broker
from tamamo.context.housekeeping import close_days, fold_rollups
from tamamo.context.snapshots import document, service, work
from tamamo.kernel.time import from_text, now

HEADER = "NGSILD-Snapshot"
GAUGES = {"type": "Query", "entities": [{"type": "Gauge"}]}


def gauge(name: str, level: int = 5, **more: Any) -> dict[str, Any]:
    return {
        "id": f"urn:g:{name}",
        "type": "Gauge",
        "level": {"type": "Property", "value": level},
    } | more


async def fill(api: httpx.AsyncClient, *entities: dict[str, Any]) -> None:
    for entity in entities:
        assert (await api.post("/entities", json=entity)).status_code == 201


async def make(
    api: httpx.AsyncClient, broker: Broker, *queries: dict[str, Any], **more: Any
) -> dict[str, Any]:
    """Create a snapshot, let it be filled and return what is shown of it."""
    timed = [one for one in queries if "temporalQ" in one]
    plain = [one for one in queries if "temporalQ" not in one]
    body: dict[str, Any] = {"type": "Snapshot"} | more
    body |= {"snapshotQueries": plain} if plain else {}
    body |= {"snapshotTemporalQueries": timed} if timed else {}
    answer = await api.post("/snapshots", json=body)
    assert answer.status_code == 201
    await work.fill(broker)
    return await show(api, answer.headers["Location"])


async def show(api: httpx.AsyncClient, location: str) -> dict[str, Any]:
    found: dict[str, Any] = (await api.get(location.removeprefix("/ngsi-ld/v1"))).json()
    return found


async def ids(api: httpx.AsyncClient, snapshot: dict[str, Any], **params: str) -> list[str]:
    answer = await api.get(
        "/entities", params={"type": "Gauge"} | params, headers={HEADER: snapshot["id"]}
    )
    assert answer.status_code == 200
    assert answer.headers[HEADER] == snapshot["id"]
    return [one["id"].rpartition(":")[2] for one in answer.json()]


async def test_a_snapshot_stays_as_it_was(api: httpx.AsyncClient, broker: Broker) -> None:
    await fill(api, gauge("a", 9), gauge("b", 1))
    answer = await api.post(
        "/snapshots", json={"type": "Snapshot", "snapshotQueries": [GAUGES | {"q": "level>5"}]}
    )
    made = await show(api, answer.headers["Location"])
    assert (made["snapshotStatus"], made["snapshotPriority"]) == ("preparing", 5)
    early = await api.get("/entities/urn:g:a", headers={HEADER: made["id"]})
    assert (early.status_code, "Retry-After" in early.headers) == (503, True)
    assert await work.fill(broker) == 1
    ready = await show(api, answer.headers["Location"])
    assert ready["snapshotStatus"] == "success"
    assert ready["snapshotQueriesDetails"] == [{"resultStatus": "success"}]
    assert now() < from_text(ready["expiresAt"]) <= now() + document.LIFETIME
    assert await ids(api, ready) == ["a"]
    await api.patch("/entities/urn:g:a/attrs", json={"level": {"type": "Property", "value": 2}})
    await fill(api, gauge("c", 7))
    assert await ids(api, ready) == ["a"]
    kept = await api.get("/entities/urn:g:a", headers={HEADER: ready["id"]})
    assert kept.json()["level"]["value"] == 9
    assert await work.fill(broker) == 0


async def test_what_is_written_in_a_snapshot_stays_in_it(
    api: httpx.AsyncClient, broker: Broker
) -> None:
    await fill(api, gauge("a"))
    made = await make(api, broker, GAUGES)
    inside = {HEADER: made["id"]}
    assert (await api.post("/entities", json=gauge("b"), headers=inside)).status_code == 201
    change = {"level": {"type": "Property", "value": 99}}
    answer = await api.patch("/entities/urn:g:a/attrs", json=change, headers=inside)
    assert (answer.status_code, answer.headers[HEADER]) == (204, made["id"])
    assert await ids(api, made, q="level>50") == ["a"]
    assert await ids(api, made) == ["a", "b"]
    assert (await api.get("/entities/urn:g:b")).status_code == 404
    assert (await api.get("/entities/urn:g:a")).json()["level"]["value"] == 5
    types = await api.get("/types", headers=inside)
    assert types.json()["typeList"] == ["Gauge"]
    # Operations on snapshots are local, whatever they say.
    wide = await api.get("/entities", params={"local": "false"}, headers=inside)
    assert len(wide.json()) == 2


async def test_only_what_the_query_shows_is_kept(api: httpx.AsyncClient, broker: Broker) -> None:
    flow = {"type": "Property", "value": 1}
    await fill(api, gauge("a", flow=flow, scope="/x"), gauge("b"))
    made = await make(api, broker, GAUGES | {"pick": ["id", "flow"]})
    shown = (
        await api.get("/entities", params={"local": "true"}, headers={HEADER: made["id"]})
    ).json()
    assert shown == [
        {"id": "urn:g:a", "type": "Gauge", "flow": flow},
        {"id": "urn:g:b", "type": "Gauge"},
    ]
    both = await make(api, broker, GAUGES | {"pick": ["id", "flow"]}, GAUGES | {"attrs": ["level"]})
    one = await api.get("/entities/urn:g:a", headers={HEADER: both["id"]})
    assert {"flow", "level"} <= one.json().keys()
    assert both["snapshotStatus"] == "success"


async def test_linked_entities_come_along(api: httpx.AsyncClient, broker: Broker) -> None:
    river = {"type": "Relationship", "object": "urn:r:1"}
    await fill(api, gauge("a", of=river), {"id": "urn:r:1", "type": "River"})
    alone = await make(api, broker, GAUGES)
    joined = await make(api, broker, GAUGES | {"join": "flat", "joinLevel": 1})
    found = [
        (await api.get("/entities/urn:r:1", headers={HEADER: one["id"]})).status_code
        for one in (alone, joined)
    ]
    assert found == [404, 200]


@pytest.mark.parametrize(
    ("queries", "status", "results"),
    [
        ([GAUGES, GAUGES | {"q": "level>50"}], "partial", ["success", "empty"]),
        ([GAUGES | {"q": "level>50"}], "empty", ["empty"]),
        ([GAUGES], "success", ["success"]),
    ],
)
async def test_status(
    api: httpx.AsyncClient,
    broker: Broker,
    queries: list[dict[str, Any]],
    status: str,
    results: list[str],
) -> None:
    await fill(api, gauge("a"))
    made = await make(api, broker, *queries)
    assert made["snapshotStatus"] == status
    assert [one["resultStatus"] for one in made["snapshotQueriesDetails"]] == results


async def test_a_query_that_fails_says_why(
    api: httpx.AsyncClient, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    river = {"type": "Relationship", "object": "urn:r:1"}
    await fill(api, gauge("a", of=river), {"id": "urn:r:1", "type": "River"})
    monkeypatch.setattr("tamamo.context.entities.linked.MAX_LINKED", 1)
    made = await make(api, broker, GAUGES | {"join": "inline"})
    assert made["snapshotStatus"] == "failure"
    (result,) = made["snapshotQueriesDetails"]
    assert result["problemDetails"]["type"].endswith("TooComplexQuery")


async def test_temporal_queries(api: httpx.AsyncClient, broker: Broker) -> None:
    level = [
        {"type": "Property", "value": value, "observedAt": f"2026-02-0{value}T00:00:00Z"}
        for value in range(1, 6)
    ]
    for name in "ab":
        body = {"id": f"urn:g:{name}", "type": "Gauge", "level": level, "scope": ["/x"]}
        await api.post("/temporal/entities", json=body)
    window = {"timerel": "after", "timeAt": "2026-02-03T00:00:00Z"}
    made = await make(api, broker, GAUGES | {"temporalQ": window}, GAUGES)
    assert made["snapshotTemporalQueriesDetails"] == [{"resultStatus": "success"}]
    assert made["snapshotStatus"] == "partial"
    await api.delete("/temporal/entities/urn:g:a")
    answer = await api.get("/temporal/entities/urn:g:a", headers={HEADER: made["id"]})
    assert [one["value"] for one in answer.json()["level"]] == [3, 4, 5]
    last = GAUGES | {"temporalQ": window | {"lastN": 1}, "pick": ["level"]}
    newest = await make(api, broker, last)
    answer = await api.get("/temporal/entities/urn:g:b", headers={HEADER: newest["id"]})
    assert [one["value"] for one in answer.json()["level"]] == [5]


@pytest.mark.parametrize("dropped", [False, True])
async def test_aggregates_of_a_copied_history(
    api: httpx.AsyncClient, broker: Broker, dropped: bool
) -> None:
    level = [
        {"type": "Property", "value": hour, "observedAt": f"2026-02-0{day}T{hour:02}:00:00Z"}
        for day in (1, 2, 3)
        for hour in range(0, 24, 6)
    ]
    body = {"id": "urn:g:a", "type": "Gauge", "level": level}
    await api.post("/temporal/entities", json=body)
    await close_days(broker.pool)
    while await fold_rollups(broker.pool):
        pass
    if dropped:  # as retention does: of the second day only its rollup is kept
        async with broker.pool.connection() as connection:
            await connection.execute("update attribute_rollup set frozen = day <= '2026-02-02'")
            await connection.execute("delete from attribute_history where at < '2026-02-03Z'")
    window = {"timerel": "after", "timeAt": "2026-02-02T00:00:00Z"}
    made = await make(api, broker, GAUGES | {"temporalQ": window})
    asked = {
        "options": "aggregatedValues",
        "aggrMethods": "avg,max,totalCount",
        "aggrPeriodDuration": "P1D",
        "timerel": "between",
        "timeAt": "2026-02-01T00:00:00Z",
        "endTimeAt": "2026-02-04T00:00:00Z",
    }
    await api.delete("/temporal/entities/urn:g:a")
    for _ in range(2):  # before and after the days are rolled up again
        answer = await api.get(
            "/temporal/entities/urn:g:a", params=asked, headers={HEADER: made["id"]}
        )
        counts = answer.json()["level"]["totalCount"]
        assert [(count, start[:10]) for count, start, _ in counts] == [
            (4, "2026-02-02"),
            (4, "2026-02-03"),
        ]
        while await fold_rollups(broker.pool):
            pass


async def test_update(api: httpx.AsyncClient, broker: Broker) -> None:
    made = await make(api, broker, GAUGES)
    path = f"/snapshots/{made['id']}"
    ends = from_text(made["expiresAt"])
    answer = await api.patch(path, json={"snapshotPriority": 2, "snapshotStatus": "failure"})
    assert answer.status_code == 200
    assert (answer.json()["snapshotPriority"], answer.json()["snapshotStatus"]) == (2, "empty")
    assert from_text(answer.json()["expiresAt"]) == ends
    longer = (await api.patch(path, json={"snapshotLifetime": "P7D"})).json()
    assert from_text(longer["expiresAt"]) > ends + timedelta(days=5)
    bounded = (await api.patch(path, json={"snapshotLifetime": "P9Y"})).json()
    assert from_text(bounded["expiresAt"]) <= now() + document.MAX_LIFETIME
    reset = (await api.patch(path, json={"snapshotPriority": "urn:ngsi-ld:null"})).json()
    assert reset["snapshotPriority"] == 5


async def test_clone(api: httpx.AsyncClient, broker: Broker) -> None:
    window = {"timerel": "before", "timeAt": "2999-01-01T00:00:00Z", "timeproperty": "createdAt"}
    await fill(api, gauge("a"))
    made = await make(api, broker, GAUGES, GAUGES | {"temporalQ": window})
    path = f"/snapshots/{made['id']}"
    answer = await api.post(f"{path}/clone", json={"type": "Snapshot", "snapshotPriority": 9})
    assert answer.status_code == 201
    await work.fill(broker)
    copy = await show(api, answer.headers["Location"])
    assert (copy["snapshotStatus"], copy["snapshotPriority"]) == ("success", 9)
    assert copy["snapshotQueries"] == made["snapshotQueries"]
    await api.delete("/entities/urn:g:a", headers={HEADER: copy["id"]})
    assert await ids(api, made) == ["a"]
    assert (await api.delete(path)).status_code == 204
    answer = await api.get("/temporal/entities/urn:g:a", headers={HEADER: copy["id"]})
    assert answer.json()["level"]
    assert await ids(api, copy) == []


async def test_a_clone_waits_for_its_original(api: httpx.AsyncClient, broker: Broker) -> None:
    await fill(api, gauge("a"))
    first = await api.post("/snapshots", json={"type": "Snapshot", "snapshotQueries": [GAUGES]})
    path = first.headers["Location"].removeprefix("/ngsi-ld/v1")
    second = await api.post(f"{path}/clone", json={"type": "Snapshot"})
    third = await api.post(f"{second.headers['Location'][11:]}/clone", json={"type": "Snapshot"})
    while await work.fill(broker):
        pass
    for answer in (second, third):
        copy = await show(api, answer.headers["Location"])
        assert copy["snapshotStatus"] == "success"
        assert await ids(api, copy) == ["a"]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("snapshotPriority<5", ["b", "c"]),
        ('snapshotStatus=="empty"', ["b"]),
        ("createdAt>2020-01-01T00:00:00Z;snapshotPriority>=5", ["a"]),
        ("lastUsedAt<2999-01-01T00:00:00Z", []),
        ("endpoint", ["a", "b", "c"]),
        ('id=="urn:s:c"', ["a", "b"]),
    ],
)
async def test_purge(api: httpx.AsyncClient, broker: Broker, text: str, left: list[str]) -> None:
    await fill(api, gauge("x"))
    await make(api, broker, GAUGES | {"q": "level>50"}, id="urn:s:a", snapshotPriority=2)
    await make(api, broker, GAUGES, id="urn:s:b", snapshotPriority=8)
    await make(api, broker, GAUGES | {"q": "level>50"}, id="urn:s:c")
    answer = await api.delete("/snapshots", params={"q": text})
    assert answer.status_code == (404 if left == ["a", "b", "c"] else 204)
    found = [n for n in "abc" if (await api.get(f"/snapshots/urn:s:{n}")).status_code == 200]
    assert found == left


async def test_tenants(api: httpx.AsyncClient, broker: Broker) -> None:
    other = {"NGSILD-Tenant": "other"}
    await fill(api, gauge("a"))
    await api.post("/entities", json=gauge("o"), headers=other)
    body = {"type": "Snapshot", "id": "urn:s:1", "snapshotQueries": [GAUGES]}
    for headers in ({}, other):
        assert (await api.post("/snapshots", json=body, headers=headers)).status_code == 201
    assert (await api.post("/snapshots", json=body)).status_code == 409
    await work.fill(broker)
    inside = await api.get(
        "/entities", params={"type": "Gauge"}, headers=other | {HEADER: "urn:s:1"}
    )
    assert [one["id"] for one in inside.json()] == ["urn:g:o"]
    assert inside.headers["NGSILD-Tenant"] == "other"
    assert (await api.delete("/snapshots/urn:s:1")).status_code == 204
    assert (await api.get("/snapshots/urn:s:1", headers=other)).status_code == 200
    missing = await api.get("/entities/urn:g:a", headers={HEADER: "urn:s:1"})
    assert (missing.status_code, missing.headers[HEADER]) == (404, "urn:s:1")
    assert broker.tenants is not None
    assert await broker.tenants.names() == ["default", "other"]


@pytest.mark.parametrize(
    "body",
    [
        {"type": "Snapshot"},
        {"type": "Other", "snapshotQueries": [GAUGES]},
        {"type": "Snapshot", "snapshotQueries": []},
        {"type": "Snapshot", "snapshotQueries": GAUGES},
        {"type": "Snapshot", "snapshotQueries": [GAUGES | {"temporalQ": {"timerel": "after"}}]},
        {"type": "Snapshot", "snapshotTemporalQueries": [GAUGES]},
        {"type": "Snapshot", "snapshotQueries": [{"type": "Query"}]},
        {"type": "Snapshot", "snapshotQueries": [GAUGES | {"q": "=="}]},
        {"type": "Snapshot", "snapshotQueries": [GAUGES], "snapshotPriority": 11},
        {"type": "Snapshot", "snapshotQueries": [GAUGES], "snapshotPriority": 1.5},
        {"type": "Snapshot", "snapshotQueries": [GAUGES], "snapshotLifetime": "a day"},
        {"type": "Snapshot", "snapshotQueries": [GAUGES], "endpoint": "ftp://x/"},
        {"type": "Snapshot", "snapshotQueries": [GAUGES], "receiverInfo": [{"key": "x"}]},
        {"type": "Snapshot", "snapshotQueries": [GAUGES], "id": "no uri"},
    ],
)
async def test_bad_snapshots(shared_api: httpx.AsyncClient, body: dict[str, Any]) -> None:
    answer = await shared_api.post("/snapshots", json=body)
    assert answer.status_code == 400
    assert answer.json()["type"].endswith("BadRequestData")


async def test_bad_changes(api: httpx.AsyncClient, broker: Broker) -> None:
    made = await make(api, broker, GAUGES)
    path = f"/snapshots/{made['id']}"
    for body in (
        {"snapshotQueries": [GAUGES]},
        {"snapshotTemporalQueries": []},
        {"id": "urn:other"},
        {"type": "Other"},
        {"snapshotPriority": 0},
    ):
        assert (await api.patch(path, json=body)).status_code == 400
    clone = await api.post(f"{path}/clone", json={"type": "Snapshot", "snapshotQueries": [GAUGES]})
    assert clone.status_code == 400
    same = await api.post(f"{path}/clone", json={"type": "Snapshot", "id": made["id"]})
    assert same.status_code == 409
    for text in ("speed>50", "level", "snapshotPriority.x==1", ""):
        assert (await api.delete("/snapshots", params={"q": text})).status_code == 400
    assert (await api.delete("/snapshots")).status_code == 400
    assert (await api.get("/snapshots/no uri")).status_code == 400
    for answer in (
        await api.get("/snapshots/urn:none"),
        await api.patch("/snapshots/urn:none", json={}),
        await api.delete("/snapshots/urn:none"),
        await api.post("/snapshots/urn:none/clone", json={"type": "Snapshot"}),
        await api.get("/entities", params={"type": "A"}, headers={HEADER: "urn:none"}),
    ):
        assert answer.status_code == 404
        assert answer.json()["type"].endswith("ResourceNotFound")


@pytest.mark.parametrize("path", ["/csourceRegistrations", "/jsonldContexts", "/snapshots/urn:x"])
async def test_what_snapshots_do_not_take(
    api: httpx.AsyncClient, broker: Broker, path: str
) -> None:
    made = await make(api, broker, GAUGES)
    params = {"type": "A"} if path == "/csourceRegistrations" else {}
    answer = await api.get(path, params=params, headers={HEADER: made["id"]})
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("OperationNotSupported")


async def test_the_least_important_make_room(
    api: httpx.AsyncClient, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_SNAPSHOTS", 2)
    for name, priority in (("a", 7), ("b", 3), ("c", 1)):
        await make(api, broker, GAUGES, id=f"urn:s:{name}", snapshotPriority=priority)
    found = [n for n in "abc" if (await api.get(f"/snapshots/urn:s:{n}")).status_code == 200]
    assert found == ["a", "c"]
