"""Context source registrations over HTTP: kept, changed, refused, found (clauses 5.9, 5.10)."""

from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest

from tamamo.context.broker import Broker
from tamamo.context.registrations import service
from tamamo.kernel.database import transaction
from tamamo.kernel.errors import Unavailable
from tamamo.kernel.time import now, to_text

PATH = "/csourceRegistrations"
ID = "urn:ngsi-ld:ContextSourceRegistration:harbour"
CITY = {"Gauge": "https://city.example/Gauge", "level": "https://city.example/level"}
LD = {"Content-Type": "application/ld+json"}
PATCH = {"Content-Type": "application/json"}
SOON = to_text(now() + timedelta(days=1))


def registration(**members: Any) -> dict[str, Any]:
    """Return a registration for all gauges."""
    return {
        "id": ID,
        "type": "ContextSourceRegistration",
        "information": [{"entities": [{"type": "Gauge"}]}],
        "endpoint": "http://source.example/ngsi-ld/v1",
    } | members


def about(*entities: dict[str, Any], names: list[str] | None = None) -> dict[str, Any]:
    """Return the member `information` for entities and attributes."""
    info: dict[str, Any] = {"entities": list(entities)} if entities else {}
    return {"information": [info | ({"propertyNames": names} if names else {})]}


async def register(api: httpx.AsyncClient, **members: Any) -> httpx.Response:
    """Register a source."""
    return await api.post(PATH, json=registration(**members))


def error(answer: httpx.Response) -> tuple[int, str]:
    """Return the status of an error and the last part of its type."""
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


async def found(api: httpx.AsyncClient, **params: Any) -> list[str]:
    """Return the last parts of the ids of the registrations a query gives."""
    answer = await api.get(PATH, params=params)
    assert answer.status_code == 200, answer.text
    return [one["id"].rpartition(":")[2] for one in answer.json()]


async def test_a_registration_comes_back_as_it_was_given(api: httpx.AsyncClient) -> None:
    given = registration(
        registrationName="Harbour office",
        description="Tide gauges",
        information=[
            {
                "entities": [
                    {"type": "Gauge", "id": "urn:ngsi-ld:Gauge:1"},
                    {"type": ["Gauge", "Buoy"], "idPattern": "urn:.*:9$"},
                ],
                "propertyNames": ["level"],
                "relationshipNames": ["river"],
            },
            {"propertyNames": ["temperature"]},
        ],
        contextSourceInfo=[
            {"key": "Authorization", "value": "Bearer x"},
            {"key": "jsonldContext", "value": "https://city.example/c.jsonld"},
            {"key": "ngsildConformance", "value": "1.6"},
            {"key": "accept", "value": "application/json"},
        ],
        tenant="harbour",
        contextSourceAlias="harbour-1",
        location={"type": "Point", "coordinates": [134.05, 34.35]},
        scope=["/Takamatsu/Harbour"],
        mode="redirect",
        operations=["redirectionOps", "queryBatch"],
        refreshRate="PT10M",
        datasetId=["@none", "urn:ngsi-ld:Dataset:1"],
        management={"cacheDuration": "PT5M", "cooldown": 500, "localOnly": True, "timeout": 3000},
        observationInterval={"startAt": "2020-01-01T00:00:00Z"},
        expiresAt=SOON,
        operator="Harbour office",
    )
    made = await api.post(PATH, json=given | {"@context": CITY}, headers=LD)
    assert (made.status_code, made.content) == (201, b"")
    assert made.headers["Location"] == f"/ngsi-ld/v1{PATH}/{ID}"
    accept = {"Accept": "application/ld+json"}
    expanded = (await api.get(f"{PATH}/{ID}", headers=accept)).json()
    assert expanded.pop("@context").startswith("https://uri.etsi.org/")
    types = [entity["type"] for entity in expanded["information"][0]["entities"]]
    assert types == [CITY["Gauge"], [CITY["Gauge"], "Buoy"]]
    assert expanded["information"][0]["propertyNames"] == [CITY["level"]]
    text = orjson.dumps(expanded).decode()
    for name, iri in CITY.items():
        text = text.replace(iri, name)
    assert orjson.loads(text) == given


async def test_system_attributes_are_shown_on_demand(api: httpx.AsyncClient) -> None:
    await register(api, status="failed", timesSent=7, createdAt="2020-01-01T00:00:00Z")
    plain = (await api.get(f"{PATH}/{ID}")).json()
    assert plain == registration()
    shown = (await api.get(f"{PATH}/{ID}?options=sysAttrs")).json()
    assert shown["createdAt"] == shown["modifiedAt"] > "2026"
    await api.patch(f"{PATH}/{ID}", json={"description": "x"}, headers=PATCH)
    (later,) = (await api.get(f"{PATH}?type=Gauge&options=sysAttrs")).json()
    assert later["createdAt"] == shown["createdAt"] < later["modifiedAt"]


async def test_an_id_is_given_where_there_is_none(api: httpx.AsyncClient) -> None:
    body = registration()
    del body["id"]
    places = [(await api.post(PATH, json=body)).headers["Location"] for _ in range(2)]
    assert places[0] != places[1]
    for place in places:
        assert (await api.get(f"http://broker.test{place}")).json()["type"] == body["type"]


async def test_an_id_is_taken_once_until_it_expires(api: httpx.AsyncClient, broker: Broker) -> None:
    await register(api, expiresAt=SOON)
    assert error(await register(api)) == (409, "AlreadyExists")
    other = {"NGSILD-Tenant": "port"}
    assert (await api.post(PATH, json=registration(), headers=other)).status_code == 201
    async with transaction(broker.pool) as connection:
        await connection.execute("update registration set expires_at = now() - interval '1 s'")
    assert error(await api.get(f"{PATH}/{ID}")) == (404, "ResourceNotFound")
    assert await found(api, type="Gauge") == []
    assert (await register(api, expiresAt=SOON)).status_code == 201
    assert await service.sweep(broker.pool) == 1  # the other tenant's
    assert await found(api, type="Gauge") == ["harbour"]


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"id": "harbour"}, "/id"),
        ({"type": "Registration"}, "/type"),
        ({"endpoint": "urn:x:y"}, "/endpoint"),
        ({"endpoint": "http://[x/"}, "/endpoint"),
        ({"information": []}, "/information"),
        ({"information": None}, "/information"),
        ({"information": [{}]}, "/information/0"),
        ({"information": [{"entities": []}]}, "/information/0/entities"),
        (about({"id": "urn:a:b"}), "/information/0/entities/0/type"),
        (about({"type": "A", "id": "b"}), "/information/0/entities/0/id"),
        (about({"type": "A b"}), "/information/0/entities/0/type"),
        (about({"type": "A", "idPattern": "("}), "/information/0/entities/0/idPattern"),
        (about(names=["a b"]), "/information/0/propertyNames/0"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "/expiresAt"),
        ({"expiresAt": "soon"}, "/expiresAt"),
        ({"location": {"type": "Point", "coordinates": [0, 91]}}, "/location/coordinates/1"),
        ({"observationInterval": {"endAt": SOON}}, "/observationInterval/startAt"),
        (
            {"managementInterval": {"startAt": SOON, "endAt": "2020-01-01T00:00:00Z"}},
            "/managementInterval/endAt",
        ),
        ({"mode": "mixed"}, "/mode"),
        ({"operations": ["retrieveEntity", "readAll"]}, "/operations/1"),
        ({"mode": "auxiliary", "operations": ["retrieveOps", "updateEntity"]}, "/operations"),
        ({"mode": "exclusive"} | about(names=["a"]), "/information/0/entities"),
        ({"mode": "exclusive"} | about({"type": "A", "idPattern": "x"}, names=["a"]), "/infor"),
        (
            {"mode": "exclusive"} | about({"type": "A", "id": "urn:a:b"}),
            "/information/0/propertyNames",
        ),
        ({"refreshRate": "often"}, "/refreshRate"),
        ({"scope": "a b"}, "/scope"),
        ({"datasetId": "urn:a:b"}, "/datasetId"),
        ({"contextSourceInfo": [{"key": "a"}]}, "/contextSourceInfo/0/value"),
        ({"contextSourceInfo": [{"key": "a", "value": 1}]}, "/contextSourceInfo/0/value"),
        (
            {"contextSourceInfo": [{"key": "accept", "value": "text/html"}]},
            "/contextSourceInfo/0/value",
        ),
        ({"management": "yes"}, "/management"),
        ({"management": {"cooldown": 0}}, "/management/cooldown"),
        ({"management": {"localOnly": "yes"}}, "/management/localOnly"),
        ({"management": {"cacheDuration": "PT0S"}}, "/management/cacheDuration"),
        ({"operator": "urn:ngsi-ld:null"}, "/operator"),
        ({"operator": {"a": "urn:ngsi-ld:null"}}, "/operator/a"),
        ({"no name": 1}, "/no name"),
    ],
)
async def test_what_the_standard_does_not_allow_is_refused(
    api: httpx.AsyncClient, members: dict[str, Any], field: str
) -> None:
    answer = await register(api, **members)
    assert error(answer) == (400, "BadRequestData")
    assert answer.json()["field"].startswith(field)
    assert (await api.get(f"{PATH}?local=true")).json() == []
    # A change may not make it so either; a null would only remove a member.
    if field not in {"/id", "/type"} and None not in members.values() and field != "/operator":
        await register(api)
        change = await api.patch(f"{PATH}/{ID}", json=members, headers=PATCH)
        assert error(change) == (400, "BadRequestData")
        assert (await api.get(f"{PATH}/{ID}")).json() == registration()


async def test_a_change_replaces_members_and_a_null_removes_them(api: httpx.AsyncClient) -> None:
    await register(api, expiresAt=SOON, operator="A", description="old", tenant="x")
    change = {
        "id": ID,
        "endpoint": "https://new.example",
        "description": "urn:ngsi-ld:null",
        "expiresAt": None,
        "operator": None,
        "phone": "087",
    }
    assert (await api.patch(f"{PATH}/{ID}", json=change, headers=PATCH)).status_code == 204
    expected = registration(endpoint="https://new.example", tenant="x", phone="087")
    assert (await api.get(f"{PATH}/{ID}")).json() == expected
    for wrong in ({"endpoint": None}, {"id": f"{ID}2"}, {"type": "Subscription"}):
        answer = await api.patch(f"{PATH}/{ID}", json=wrong, headers=PATCH)
        assert error(answer) == (400, "BadRequestData")
    assert (await api.get(f"{PATH}/{ID}")).json() == expected


async def test_ids_are_checked_and_unknown_ones_not_found(api: httpx.AsyncClient) -> None:
    for method, body in (("GET", None), ("PATCH", {"description": "x"}), ("DELETE", None)):
        wrong = await api.request(method, f"{PATH}/harbour", json=body)
        assert error(wrong) == (400, "BadRequestData")
        unknown = await api.request(method, f"{PATH}/{ID}", json=body)
        assert error(unknown) == (404, "ResourceNotFound")
    await register(api)
    assert (await api.delete(f"{PATH}/{ID}")).status_code == 204
    assert (await api.delete(f"{PATH}/{ID}")).status_code == 404


GAUGE_1 = {"type": "Gauge", "id": "urn:ngsi-ld:Gauge:1"}
EXCLUSIVE: dict[str, Any] = {"mode": "exclusive"} | about(GAUGE_1, names=["level"])


@pytest.mark.parametrize(
    ("other", "conflict"),
    [
        (EXCLUSIVE, True),
        (EXCLUSIVE | {"mode": "redirect"}, True),
        (EXCLUSIVE | {"mode": "inclusive"}, False),
        ({"mode": "redirect"} | about(GAUGE_1), True),
        ({"mode": "redirect"} | about({"type": "Gauge"}), True),
        ({"mode": "redirect"} | about({"type": "Buoy"}), False),
        ({"mode": "redirect"} | about({"type": "Gauge", "idPattern": ":1$"}), True),
        ({"mode": "redirect"} | about({"type": "Gauge", "idPattern": ":2$"}), False),
        ({"mode": "redirect"} | about(names=["level"]), True),
        ({"mode": "redirect"} | about(names=["name"]), False),
        ({"mode": "exclusive"} | about(GAUGE_1, names=["name"]), False),
        ({"mode": "exclusive"} | about(GAUGE_1 | {"id": "urn:x:2"}, names=["level"]), False),
    ],
)
async def test_only_one_source_has_what_is_registered_exclusively(
    api: httpx.AsyncClient, other: dict[str, Any], conflict: bool
) -> None:
    for first, second in ((EXCLUSIVE, other), (other, EXCLUSIVE)):
        assert (await register(api, **first)).status_code == 201
        answer = await register(api, **second | {"id": f"{ID}2"})
        assert answer.status_code == (409 if conflict else 201)
        assert not conflict or error(answer) == (409, "Conflict")
        # The same when a registration becomes so by a change.
        await api.delete(f"{PATH}/{ID}2")
        assert (await register(api, id=f"{ID}2")).status_code == 201
        change = await api.patch(f"{PATH}/{ID}2", json=second, headers=PATCH)
        assert change.status_code == (409 if conflict else 204)
        for number in ("", "2"):
            await api.delete(f"{PATH}/{ID}{number}")


async def test_redirects_may_overlap(api: httpx.AsyncClient) -> None:
    for number in range(3):
        answer = await register(api, mode="redirect", id=f"{ID}{number}")
        assert answer.status_code == 201


@pytest.mark.parametrize(
    ("members", "conflict"),
    [
        (EXCLUSIVE, True),
        ({"mode": "exclusive"} | about(GAUGE_1, names=["river"]), False),
        ({"mode": "redirect"} | about({"type": "Gauge"}), True),
        ({"mode": "redirect"} | about({"type": ["Gauge", "Buoy"]}), False),
        ({"mode": "redirect"} | about({"type": "Gauge"}, names=["river"]), False),
        ({"mode": "redirect"} | about({"type": "Gauge", "idPattern": ":1$"}), True),
        ({"mode": "redirect"} | about({"type": "Gauge", "idPattern": ":2$"}), False),
        ({"mode": "redirect"} | about(names=["level"]), True),
        ({"mode": "inclusive"} | about({"type": "Gauge"}), False),
    ],
)
async def test_what_is_kept_here_cannot_be_given_away(
    api: httpx.AsyncClient, members: dict[str, Any], conflict: bool
) -> None:
    entity = {"id": GAUGE_1["id"], "type": "Gauge", "level": {"type": "Property", "value": 1}}
    assert (await api.post("/entities", json=entity)).status_code == 201
    answer = await register(api, **members)
    assert answer.status_code == (409 if conflict else 201)
    assert (await api.get(f"{PATH}/{ID}")).status_code == (404 if conflict else 200)
    await api.delete(f"/entities/{GAUGE_1['id']}")
    if conflict:
        assert (await register(api, **members)).status_code == 201


async def test_credentials_for_a_source_are_not_for_everyone(
    api: httpx.AsyncClient, broker: Broker
) -> None:
    await register(api, contextSourceInfo=[{"key": "Authorization", "value": "Bearer x"}])
    broker.identity.key = "key"
    for path in (f"{PATH}/{ID}", f"{PATH}?type=Gauge"):
        assert (await api.get(path)).status_code == 401
        answer = await api.get(path, headers={"Authorization": "Bearer key"})
        assert "Bearer x" in answer.text


async def test_what_is_kept_is_said_so_while_the_database_goes_away(
    api: httpx.AsyncClient, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away() -> None:
        raise Unavailable("The database is away")

    monkeypatch.setattr(broker.registrations, "_changed", away)
    assert (await register(api)).status_code == 201
    assert (await api.delete(f"{PATH}/{ID}")).status_code == 204
