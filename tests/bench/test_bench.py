import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from bench import installation, load, places, speed
from bench.broker import Broker


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    received: ClassVar[list[bytes]] = []

    def do_GET(self):
        self.answer(200 if self.path == "/good?a=1" else 500, b"hello")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append(body)
        self.answer(201, b"[]")

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def hello():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=["wrk", "asyncio"])
def either_client(request, monkeypatch):
    """Both ways of making the load."""
    if request.param == "asyncio":
        monkeypatch.setattr(load.shutil, "which", lambda _: None)
    elif load.tool() != "wrk":
        pytest.skip("wrk is not installed here")


@pytest.mark.usefixtures("either_client")
def test_requests_are_sent_in_turn_with_numbers_that_grow(hello):
    Handler.received.clear()
    broker = Broker(f"http://127.0.0.1:{hello}", {"X-Key": "a"})
    requests = [
        broker.raw("GET", "/good?a=1"),
        broker.request("POST", "/x", b'{"value":%b}' % load.COUNTER),
    ]
    assert load.rate("127.0.0.1", hello, requests, seconds=1, connections=2) > 10
    numbers = [int(body[9:-1]) for body in Handler.received]
    assert len(set(numbers)) == len(numbers) > 5
    assert min(numbers) > 10**9
    assert max(numbers) - min(numbers) < 2 * len(numbers)


@pytest.mark.usefixtures("either_client")
def test_an_error_stops_the_measure_instead_of_being_counted(hello):
    bad = Broker(f"http://127.0.0.1:{hello}").raw("GET", "/bad")
    with pytest.raises(load.LoadError, match=r"GET /bad.*(500|Non-2xx)"):
        load.rate("127.0.0.1", hello, [bad], seconds=1, connections=1)


def test_each_body_is_sent_once(hello):
    Handler.received.clear()
    broker = Broker(f"http://127.0.0.1:{hello}/under")
    bodies = [[n] for n in range(9)]
    assert broker.send_all([broker.request("POST", "/", body) for body in bodies], 3) > 0
    assert sorted(Handler.received) == [b"[%d]" % n for n in range(9)]


def test_a_request_names_its_place_and_its_headers():
    request = Broker("http://broker:1026/under/", {"Fiware": "x"}).request("PATCH", "/e", {"あ": 1})
    assert request == (
        b"PATCH /under/ngsi-ld/v1/e HTTP/1.1\r\nHost: broker:1026\r\n"
        b"Content-Type: application/json\r\nContent-Length: 9\r\nFiware: x\r\n\r\n"
        + '{"あ":1}'.encode()
    )


def test_memory_and_descendants_of_a_process():
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as parent:
        try:
            for _ in range(200):
                pids = installation._with_descendants(parent.pid)
                if len(pids) == 2:
                    break
                threading.Event().wait(0.05)
            assert len(pids) == 2
        finally:
            parent.communicate(b"\n")
    assert installation._pss(os.getpid()) > 5
    assert installation._processor(os.getpid()) > 0
    assert installation._pss(2**22 + 1) == 0


def test_parts_that_store_many_places_do_not_store_the_same():
    # A whole run ended at the second of them.
    assert places._KIND != speed._PLACE
