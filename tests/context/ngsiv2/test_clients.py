"""What clients in the field send to Orion: IoT agents, and entities of the Smart Data Models."""

from typing import Any

import httpx

#: An entity as the Smart Data Models publish them for NGSIv2, with what Orion's users add.
STREETLIGHT: dict[str, Any] = {
    "id": "streetlight:guadalajara:4567",
    "type": "Streetlight",
    "location": {
        "type": "geo:json",
        "value": {"type": "Point", "coordinates": [-3.164485591715449, 40.62785133667262]},
        "metadata": {},
    },
    "areaServed": {"type": "Text", "value": "Roundabouts city entrance", "metadata": {}},
    "status": {"type": "Text", "value": "ok", "metadata": {}},
    "refStreetlightGroup": {
        "type": "Relationship",
        "value": "urn:ngsi-ld:StreetlightGroup:mycity:A12",
        "metadata": {"entitiesType": {"type": "Text", "value": "StreetlightGroup"}},
    },
    "dateLastLampChange": {
        "type": "DateTime",
        "value": "2016-07-08T08:02:21.753Z",
        "metadata": {},
    },
    "powerState": {"type": "Text", "value": "off", "metadata": {}},
    "lanternHeight": {"type": "Number", "value": 10, "metadata": {}},
    "address": {
        "type": "PostalAddress",
        "value": {"addressLocality": "高松市", "addressCountry": "JP"},
        "metadata": {},
    },
    "category": {"type": "StructuredValue", "value": ["centralLightManagement"], "metadata": {}},
    "intensity": {
        "type": "Number",
        "value": 12.5,
        "metadata": {
            "TimeInstant": {"type": "DateTime", "value": "2026-11-20T01:02:03.000Z"},
            "unitCode": {"type": "Text", "value": "P1"},
        },
    },
    "illuminanceLevel": {"type": "None", "value": None, "metadata": {}},
    "switch_info": {"type": "commandResult", "value": " ", "metadata": {}},
    "switch_status": {"type": "commandStatus", "value": "UNKNOWN", "metadata": {}},
    "TimeInstant": {"type": "DateTime", "value": "2026-11-20T01:02:03.000Z", "metadata": {}},
}
PATH = f"/entities/{STREETLIGHT['id']}"


async def test_an_iot_agent_can_work(orion: httpx.AsyncClient) -> None:
    orion.headers.update({"Fiware-Service": "smartcity", "Fiware-ServicePath": "/lights"})
    # Creation of the device's entity, as the agents' library does it when a device appears.
    created = await orion.post(
        "/entities", params={"options": "upsert,flowControl"}, json=STREETLIGHT
    )
    assert created.status_code in {201, 204}, created.text
    answer = await orion.get(PATH, params={"type": "Streetlight"})
    assert answer.json() == STREETLIGHT
    # A measurement, and several devices' at once.
    measures = {"intensity": {"type": "Number", "value": 13}}
    params = {"type": "Streetlight", "options": "flowControl"}
    assert (await orion.patch(f"{PATH}/attrs", params=params, json=measures)).status_code == 204
    head = {"id": STREETLIGHT["id"], "type": "Streetlight"}
    batch = {"actionType": "append", "entities": [{**head, **measures}, {**head, "id": "other"}]}
    answer = await orion.post("/op/update", params={"options": "flowControl"}, json=batch)
    assert answer.status_code == 204, answer.text
    # The status of a command.
    status = {"switch_status": {"type": "commandStatus", "value": "PENDING"}}
    assert (await orion.post(f"{PATH}/attrs", params=params, json=status)).status_code == 204
    plain = await orion.get(PATH, params={"options": "keyValues", "attrs": "intensity,powerState"})
    assert plain.json() == {**head, "intensity": 13, "powerState": "off"}
    value = await orion.put(
        f"{PATH}/attrs/powerState/value",
        params={"options": "skipForwarding"},
        content='"on"',
        headers={"Content-Type": "text/plain"},
    )
    assert value.status_code == 204, value.text


async def test_options_of_queries(orion: httpx.AsyncClient) -> None:
    for number in range(3):
        body = {**STREETLIGHT, "id": f"L{number}", "lanternHeight": {"value": number % 2}}
        assert (await orion.post("/entities", json=body)).status_code == 201
    query = {"type": "Streetlight", "orderBy": "!lanternHeight,id", "attrs": "lanternHeight"}

    async def ask(options: str, **more: str) -> tuple[Any, httpx.Headers]:
        answer = await orion.get("/entities", params={**query, "options": options, **more})
        assert answer.status_code == 200, answer.text
        return answer.json(), answer.headers

    found, headers = await ask("keyValues,count", limit="2")
    assert [one["id"] for one in found] == ["L1", "L0"]
    assert headers["Fiware-Total-Count"] == "3"
    assert (await ask("values"))[0] == [[1], [0], [0]]
    assert (await ask("unique"))[0] == [[1], [0], [0]]
    dated, _ = await ask("keyValues,dateCreated,dateModified")
    assert set(dated[0]) == {"id", "type", "lanternHeight", "dateCreated", "dateModified"}
    whole = (await orion.get("/entities/L1", params={"options": "dateCreated"})).json()
    assert whole["dateCreated"]["type"] == "DateTime"
    assert whole["powerState"] == STREETLIGHT["powerState"]


async def test_types_with_and_without_detail(orion: httpx.AsyncClient) -> None:
    await orion.post("/entities", json=STREETLIGHT)
    (found,) = (await orion.get("/types")).json()
    assert (found["type"], found["count"]) == ("Streetlight", 1)
    assert found["attrs"]["switch_status"] == {"types": ["commandStatus"]}
    assert found["attrs"]["location"] == {"types": ["geo:json"]}
    (bare,) = (await orion.get("/types", params={"options": "noAttrDetail"})).json()
    assert bare["attrs"] == {name: {"types": []} for name in found["attrs"]}
    one = await orion.get("/types/Streetlight", params={"options": "noAttrDetail"})
    assert one.json() == {"attrs": bare["attrs"], "count": 1}
