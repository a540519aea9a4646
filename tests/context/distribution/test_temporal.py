"""Temporal evolutions over several sources."""

from typing import Any

import httpx
import pytest

from tests.context.distribution.conftest import Register
from tests.context.distribution.peer import Peer, Says

PATH = "/temporal/entities/urn:ngsi-ld:Gauge:1"
BETWEEN = {
    "timerel": "between",
    "timeAt": "2026-01-01T00:00:00Z",
    "endTimeAt": "2026-01-02T00:00:00Z",
}
SINCE_2020 = {"observationInterval": {"startAt": "2020-01-01T00:00:00Z"}}


def at(hour: float) -> str:
    return f"2026-01-01T{int(hour):02}:{round(hour % 1 * 60):02}:00Z"


def point(value: Any, hour: float, **members: Any) -> dict[str, Any]:
    return {"type": "Property", "value": value, "observedAt": at(hour), **members}


def evolution(number: str, /, **attrs: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": f"urn:ngsi-ld:Gauge:{number}", "type": "Gauge", **attrs}


def tells(peer: Peer, *evolutions: dict[str, Any]) -> None:
    peer.answers["GET", "/temporal/entities"] = Says(body=list(evolutions))
    for one in evolutions:
        peer.answers["GET", f"/temporal/entities/{one['id']}"] = Says(body=one)


def pairs(instances: list[dict[str, Any]]) -> list[tuple[Any, str]]:
    return [(one["value"], one["observedAt"]) for one in instances]


async def keep(api: httpx.AsyncClient, *evolutions: dict[str, Any]) -> None:
    for one in evolutions:
        answer = await api.post("/temporal/entities", json=one, params={"local": "true"})
        assert answer.status_code == 201, answer.text


async def test_the_instances_of_all_sources_are_one_series(
    api: httpx.AsyncClient, register: Register, peer: Peer, other_peer: Peer
) -> None:
    await keep(api, evolution("1", level=[point(2, 2), point(4, 4)]))
    tells(peer, evolution("1", level=[point(1, 1), point(3, 3)], flow=[point(9, 1)]))
    tells(other_peer, evolution("1", level=[point(5, 5)]))
    await register(peer.endpoint, **SINCE_2020)
    await register(other_peer.endpoint, operations=["retrieveTemporal"])
    found = (await api.get(PATH, params=BETWEEN)).json()
    assert pairs(found["level"]) == [(n, at(n)) for n in range(1, 6)]
    assert pairs(found["flow"]) == [(9, at(1))]
    assert BETWEEN.items() <= peer.last.params.items()
    assert peer.last.params["options"] == "sysAttrs"


async def test_of_one_moment_the_instance_written_last_counts_and_ids_stay(
    api: httpx.AsyncClient, register: Register, peer: Peer, other_peer: Peer
) -> None:
    old, new = "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"
    tells(
        peer,
        evolution("1", level=[point(1, 1, modifiedAt=new, instanceId="urn:elsewhere:7")]),
    )
    tells(
        other_peer,
        evolution("1", level=[point(2, 1, modifiedAt=old), point(3, 1, datasetId="urn:d:1")]),
    )
    await register(peer.endpoint, **SINCE_2020)
    await register(other_peer.endpoint, **SINCE_2020)
    level = (await api.get(PATH, params=BETWEEN)).json()["level"]
    assert sorted(pairs(level)) == [(1, at(1)), (3, at(1))]
    assert "urn:elsewhere:7" in [one["instanceId"] for one in level]


async def test_an_auxiliary_source_fills_gaps_only(
    api: httpx.AsyncClient, register: Register, peer: Peer, other_peer: Peer
) -> None:
    later = {"modifiedAt": "2099-01-01T00:00:00Z"}
    tells(peer, evolution("1", level=[point(-1, 1, **later), point(2, 2)]))
    tells(other_peer, evolution("1", level=[point(1, 1)]))
    # An auxiliary source is registered for reading the present alone (5.9.2.4), by its default
    # operations; its interval makes it one for the past.
    await register(peer.endpoint, mode="auxiliary", **SINCE_2020)
    await register(other_peer.endpoint, **SINCE_2020)
    level = (await api.get(PATH, params=BETWEEN)).json()["level"]
    assert pairs(level) == [(1, at(1)), (2, at(2))]


async def test_who_is_registered_for_another_time_is_not_asked(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    tells(peer, evolution("1", level=[point(1, 1)]))
    interval = {"startAt": "2027-01-01T00:00:00Z", "endAt": "2028-01-01T00:00:00Z"}
    await register(peer.endpoint, observationInterval=interval)
    assert (await api.get(PATH, params=BETWEEN)).status_code == 404
    assert not peer.asked
    after = {"timerel": "after", "timeAt": "2027-06-01T00:00:00Z"}
    await api.get(PATH, params=after)
    assert peer.asked
    # Registered for the past: not asked for the present (5.9.1).
    await api.get("/entities/urn:ngsi-ld:Gauge:1")
    assert len(peer.asked) == 1


async def test_what_is_registered_for_the_present_is_not_asked_for_the_past(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await register(peer.endpoint)
    assert (await api.get(PATH, params=BETWEEN)).status_code == 404
    assert not peer.asked


async def test_the_newest_of_all_sources_with_last_n(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await keep(api, evolution("1", level=[point(n, n) for n in (1, 3, 5, 7)]))
    tells(peer, evolution("1", level=[point(n, n) for n in (2, 4, 6)]))
    await register(peer.endpoint, **SINCE_2020)
    answer = await api.get(PATH, params={**BETWEEN, "lastN": 3})
    assert sorted(pairs(answer.json()["level"])) == [(n, at(n)) for n in (5, 6, 7)]
    assert peer.last.params["lastN"] == "3"


async def test_more_instances_than_a_page_are_cut_where_all_sources_are_complete(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await keep(api, evolution("1", level=[point(n, n / 2) for n in range(0, 40, 2)]))
    partial = [point(n, n / 2) for n in range(1, 20, 2)]
    content_range = {"Content-Range": f"date-time {at(0)}-{partial[-1]['observedAt']}/*"}
    peer.answers["GET", PATH] = Says(206, evolution("1", level=partial), content_range)
    await register(peer.endpoint, **SINCE_2020)
    answer = await api.get(PATH, params=BETWEEN)
    assert answer.status_code == 206
    assert [value for value, _ in pairs(answer.json()["level"])] == list(range(20))
    assert f"-{at(9.5)}/" in answer.headers["Content-Range"]


async def test_aggregates_are_those_of_all_instances(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await keep(api, evolution("1", level=[point(1, 1), point(5, 13)]))
    tells(peer, evolution("1", level=[point(3, 2), point(7, 14)]))
    await register(peer.endpoint, **SINCE_2020)
    asked = {
        **BETWEEN,
        "options": "aggregatedValues",
        "aggrMethods": "avg,max,totalCount",
        "aggrPeriodDuration": "PT12H",
    }
    level = (await api.get(PATH, params=asked)).json()["level"]
    first, second, end = at(0), at(12), "2026-01-02T00:00:00Z"
    assert level["avg"] == [[2.0, first, second], [6.0, second, end]]
    assert level["max"] == [[3.0, first, second], [7.0, second, end]]
    assert level["totalCount"] == [[2, first, second], [2, second, end]]


async def test_a_query_puts_evolutions_together_page_by_page(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await keep(api, *(evolution(n, level=[point(1, 1)]) for n in "135"))
    tells(peer, *(evolution(n, level=[point(2, 2)], flow=[point(2, 2)]) for n in "234"))
    await register(peer.endpoint, **SINCE_2020)
    met: list[str] = []
    for offset in (0, 2, 4):
        params = {"type": "Gauge", **BETWEEN, "limit": 2, "offset": offset, "count": "true"}
        answer = await api.get("/temporal/entities", params=params)
        assert answer.headers["NGSILD-Results-Count"] == "5"
        met += [one["id"][-1] for one in answer.json()]
        for one in answer.json():
            if one["id"].endswith(":3"):
                assert pairs(one["level"]) == [(1, at(1)), (2, at(2))]
    assert met == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize(("split", "expected"), [("false", ["2"]), ("true", ["1", "2"])])
async def test_filters_of_split_entities_are_for_what_comes_together(
    api: httpx.AsyncClient, register: Register, peer: Peer, split: str, expected: list[str]
) -> None:
    await keep(api, evolution("1", level=[point(30, 1)]), evolution("3", level=[point(3, 1)]))
    await register(peer.endpoint, **SINCE_2020)
    both = {"level": [point(40, 2)], "flow": [point(2, 2)]}
    if split == "true":
        tells(peer, evolution("1", flow=[point(2, 2)]), evolution("2", **both))
    else:
        tells(peer, evolution("2", **both))
    params = {"type": "Gauge", **BETWEEN, "q": "level>20;flow>1", "splitEntities": split}
    answer = await api.get("/temporal/entities", params=params)
    assert [one["id"][-1] for one in answer.json()] == expected
    assert ("q" in peer.last.params) == (split == "false")


async def test_a_query_by_post_is_forwarded_with_its_times(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    tells(peer, evolution("1", level=[point(1, 1)]))
    await register(peer.endpoint, **SINCE_2020)
    body = {
        "type": "Query",
        "entities": [{"type": "Gauge"}],
        "temporalQ": BETWEEN,
        "attrs": ["level"],
    }
    answer = await api.post("/temporal/entityOperations/query", json=body)
    assert pairs(answer.json()[0]["level"]) == [(1, at(1))]
    assert BETWEEN.items() <= peer.last.params.items()
    assert peer.last.params["attrs"] == "level"


async def test_rubbish_is_left_out_with_a_warning(
    api: httpx.AsyncClient, register: Register, peer: Peer
) -> None:
    await keep(api, evolution("1", level=[point(1, 1)]))
    peer.answers["GET", PATH] = Says(body=evolution("1", level=[{"type": "Property"}]))
    await register(peer.endpoint, **SINCE_2020)
    answer = await api.get(PATH, params=BETWEEN)
    assert pairs(answer.json()["level"]) == [(1, at(1))]
    assert answer.headers["NGSILD-Warning"].startswith("111 ")


async def test_another_broker_is_such_a_source(
    api: httpx.AsyncClient, register: Register, other_api: httpx.AsyncClient, other_broker: Peer
) -> None:
    await keep(api, evolution("1", level=[point(n, n / 4) for n in range(0, 60, 2)]))
    await keep(other_api, evolution("1", level=[point(n, n / 4) for n in range(1, 60, 2)]))
    await register(other_broker.endpoint, **SINCE_2020)
    answer = await api.get(PATH, params=BETWEEN, headers={"Prefer": "temporal-page=100"})
    assert answer.status_code == 200
    assert [value for value, _ in pairs(answer.json()["level"])] == list(range(60))
    short = await api.get(PATH, params=BETWEEN)
    assert (short.status_code, len(short.json()["level"])) == (206, 20)
    values = await api.get(PATH, params={**BETWEEN, "options": "temporalValues"})
    assert values.json()["level"]["values"][1] == [1, at(0.25)]
