import time

import httpx

from bench import receiver, workload
from bench.broker import Broker


def test_the_receiver_counts_and_tells_how_long_each_took():
    with receiver.running() as sink:
        sent = time.monotonic_ns() - 50_000_000
        normalized = {"id": "urn:x:1", "sentAt": {"type": "Property", "value": sent}}
        simplified = {"id": "urn:x:2", "sentAt": sent}
        for told in ([normalized], [simplified, {"id": "urn:x:3"}], [{"id": "urn:x:4"}]):
            body = {"id": "urn:ngsi-ld:Notification:1", "type": "Notification", "data": told}
            assert httpx.post(sink.url, json=body).status_code == 204
        got = sink.take()
        assert got.count == 4
        assert len(got.latencies) == 2
        assert all(0.05 <= seconds < 60 for seconds in got.latencies)
        assert sink.take() == receiver.Received(0, [])


def test_one_of_the_subscriptions_is_met():
    subscriptions = workload.subscriptions("Kind", "http://127.0.0.1:9/", 100)
    assert len({subscription["id"] for subscription in subscriptions}) == 100
    met = [
        subscription
        for subscription in subscriptions
        if subscription["entities"] == [{"type": "Kind"}]
        and subscription["watchedAttributes"] == ["currentLevel"]
        and "q" not in subscription
    ]
    assert met == subscriptions[-1:]


def test_a_value_of_a_moment_goes_to_one_entity():
    request = workload.moment(Broker("http://h:1"), "Kind", 7, 12_345)
    assert request.startswith(b"POST /ngsi-ld/v1/entities/urn:ngsi-ld:Kind:0000007/attrs HTTP/1.1")
    assert request.endswith(b'{"sentAt":{"type":"Property","value":12345}}')
