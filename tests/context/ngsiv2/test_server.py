"""The door of a real server: over sockets, with paths as clients encode them."""

from urllib.parse import quote

import httpx


def test_a_session_over_one_connection(server: str) -> None:
    with httpx.Client(base_url=f"{server}/v2") as client:
        for entity_id in (
            "Room 1".replace(" ", "_"),
            "a|b%",
            "urn:ngsi-ld:Room:1",
            "https://x.jp/a",
        ):
            body = {"id": entity_id, "type": "Room", "t": {"value": 1}}
            created = client.post("/entities", json=body)
            assert created.status_code == 201, created.text
            place = f"{server}{created.headers['location']}"
            path = f"/entities/{quote(entity_id, safe='')}"
            for address in (place, path):
                shown = client.get(address)
                assert shown.status_code == 200, shown.text
                assert shown.json()["id"] == entity_id
            text = {"Content-Type": "text/plain"}
            assert client.put(f"{path}/attrs/t/value", content="2", headers=text).status_code == 204
            assert client.get(f"{path}/attrs/t/value").text == "2"
        refused = client.post("/entities", content=iter([b"{}"]))
        assert refused.status_code == 411
        counted = client.get("/entities?options=count&limit=1")
        assert counted.headers["fiware-total-count"] == "4"
        assert client.get("/types?options=values").json() == ["Room"]
        metrics = client.get(f"{server}/metrics").text
        assert 'face="v2"' in metrics
