"""The change stream through the real server: soon, and forgotten when the browser leaves."""

import re
import threading
import time

import httpx
import orjson


def readers(server: str) -> float:
    text = httpx.get(f"{server}/metrics").text
    return sum(float(n) for n in re.findall(r"^tamamo_change_readers(?:{.*})? (\S+)", text, re.M))


def upsert(server: str, number: int) -> None:
    sent = {"type": "Property", "value": time.time()}
    entity = {"id": f"urn:x:{number}", "type": "Gauge", "sent": sent}
    httpx.post(f"{server}/ngsi-ld/v1/entityOperations/upsert", json=[entity]).raise_for_status()


def test_events_arrive_at_once_and_a_reader_that_leaves_is_noticed(server: str) -> None:
    delays: list[float] = []
    opened = threading.Event()

    def watch() -> None:
        with httpx.stream("GET", f"{server}/sse?type=Gauge", timeout=20) as stream:
            for line in stream.iter_lines():
                opened.set()
                if line.startswith("data: "):
                    delays.append(time.time() - orjson.loads(line[6:])["sent"])
                if len(delays) == 15:
                    return

    watching = threading.Thread(target=watch)
    watching.start()
    assert opened.wait(10)
    assert readers(server) == 1
    for number in range(15):
        upsert(server, number)
        time.sleep(0.05)
    watching.join(20)
    assert len(delays) == 15
    # A reader that asks now and then has none as early. How late they are is the bench's to say.
    assert min(delays) < 0.3
    end = time.monotonic() + 10
    while readers(server) > 0 and time.monotonic() < end:
        upsert(server, 99)
        time.sleep(0.1)
    assert readers(server) == 0
