import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from bench import installation, load
from bench.measures import Row


@pytest.mark.parametrize(
    ("value", "target", "better", "met"),
    [(4.9, 5, "low", True), (5.1, 5, "low", False), (12, 10, "high", True), (9, 10, "high", False)],
)
def test_a_target_is_met_on_the_right_side(value, target, better, met):
    assert Row("x", value, "s", target, better).met is met


def test_without_a_target_there_is_no_verdict():
    assert Row("x", 1, "s").met is None


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


def test_our_own_client_counts_answers_where_wrk_is_missing(hello, monkeypatch):
    monkeypatch.setattr(load.shutil, "which", lambda _: None)
    assert load.tool() == "asyncio"
    url = f"http://127.0.0.1:{hello}/good?a=1"
    assert load.get_rate(url, seconds=0.3, connections=2) > 10


def test_an_error_stops_the_measure_instead_of_being_counted(hello, monkeypatch):
    monkeypatch.setattr(load.shutil, "which", lambda _: None)
    with pytest.raises(SystemExit, match="500"):
        load.get_rate(f"http://127.0.0.1:{hello}/bad", seconds=0.3, connections=1)


def test_each_body_is_posted_once(hello):
    Handler.received.clear()
    bodies = [f"[{n}]".encode() for n in range(9)]
    assert load.post_all("127.0.0.1", hello, "/", bodies, 3) > 0
    assert sorted(Handler.received) == bodies


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
