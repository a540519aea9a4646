"""Two `tamamo work`, one killed in the middle of a call: nobody forgotten, nobody twice a step."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest

from tests.conftest import ROOT

PEOPLE = 24


class Receiver(ThreadingHTTPServer):
    """Counts who was called, by the path of their webhook."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[tuple[str, str]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, self.headers["webhook-id"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def settle(dsn: str, port: int) -> None:
    """Make people who are called one after the other, without a pause, and a call to begin."""
    with psycopg.connect(dsn) as connection:
        numbers = []
        for place in range(PEOPLE):
            addresses = [{"channel": "webhook", "to": f"http://127.0.0.1:{port}/{place}"}]
            row = connection.execute(
                "insert into contact (tenant, name, addresses) values ('default', %s, %s)"
                " returning id::text", [f"p{place}", json.dumps(addresses)],
            ).fetchone()  # fmt: skip
            assert row
            numbers.append(row[0])
        step = {"name": "", "minutes": 0.005, "mode": "in_turn",
                "targets": [{"contact": number} for number in numbers]}  # fmt: skip
        tree = {"rounds": 1, "gather": 10, "steps": [step]}
        connection.execute(
            "insert into call (tenant, tree_name, document, severity, next_at, started_at)"
            " values ('default', 'night', %s, 'high', now(), now())", [json.dumps(tree)],
        )  # fmt: skip


def work(home: Path, dsn: str) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ, "DATABASE_URL": dsn, "TAMAMO_OUTGOING_ALLOW": "127.0.0.1",
        "TAMAMO_LOG_LEVEL": "error",
    }  # fmt: skip
    command = [sys.executable, "-m", "tamamo", "work", "--home", str(home)]
    return subprocess.Popen(command, env=environment, cwd=ROOT)


def test_a_killed_process_forgets_nobody(
    tmp_path: Path, database_url: str, receiver: Receiver
) -> None:
    settle(database_url, receiver.server_address[1])
    pair = [work(tmp_path, database_url) for _ in range(2)]
    try:
        end = time.monotonic() + 90
        while len(receiver.got) < PEOPLE // 4 and time.monotonic() < end:
            time.sleep(0.02)
        pair[0].send_signal(signal.SIGKILL)
        with psycopg.connect(database_url, autocommit=True) as connection:
            while time.monotonic() < end:
                # What the killed one had taken comes back when its lease is over: now.
                connection.execute(
                    "update message set next_at = least(next_at, now() + interval '15 s')"
                    " where state = 'queued'"
                )
                if {path for path, _ in receiver.got} == {f"/{n}" for n in range(PEOPLE)}:
                    break
                time.sleep(0.5)
            called = connection.execute("select count(*) from call_person").fetchone()
            made = connection.execute("select count(*) from message").fetchone()
    finally:
        for one in pair:
            one.kill()
            one.wait(10)
    assert called == made == (PEOPLE,), "once at its step, each"
    paths = Counter(path for path, _ in receiver.got)
    assert set(paths) == {f"/{n}" for n in range(PEOPLE)}
    # What was under way in the killed process may have come twice: under the same id.
    numbers = {path: {n for p, n in receiver.got if p == path} for path in paths}
    assert all(len(ids) == 1 for ids in numbers.values())
    assert sum(paths.values()) <= PEOPLE + 8
