"""What may be asked without the key: reading, and nothing that tells credentials."""

import httpx

from tamamo.context.broker import Broker
from tamamo.context.description import document
from tamamo.context.description.document import DOORS

#: Reading by POST; the last two keep what was found for a while.
READING = {
    ("POST", "/ngsi-ld/v1/entityOperations/query"),
    ("POST", "/ngsi-ld/v1/temporal/entityOperations/query"),
    ("POST", "/v2/op/query"),
    ("POST", "/ngsi-ld/v1/entityMaps"),
    ("POST", "/ngsi-ld/v1/temporal/entityMaps"),
}
#: They hold what receivers and sources are told to know who asks.
WITH_CREDENTIALS = ("ubscriptions", "csourceRegistrations", "/snapshots")


async def test_all_but_reading_needs_the_key(api: httpx.AsyncClient, broker: Broker) -> None:
    broker.identity.key = "k"
    free = set()
    for door in DOORS:
        for path, method, _ in document.operations(door):
            url = f"http://broker.test{door.prefix}{path}".replace("{", "").replace("}", "")
            body: dict[str, str] | None = {} if method in {"POST", "PATCH", "PUT"} else None
            answer = await api.request(method, url, json=body)
            if answer.status_code != 401:
                free.add((method, door.prefix + path))
            headers = {"Authorization": "Bearer wrong"}
            refused = await api.request(method, url, json=body, headers=headers)
            assert refused.status_code == 401, (method, path)
            assert 'error="invalid_token"' in refused.headers["www-authenticate"]
    assert {one for one in free if one[0] != "GET"} == READING
    assert not [path for _, path in free if any(word in path for word in WITH_CREDENTIALS)]
    assert len(free) > 20
