"""Three towns on three installations: one wall through context source registrations.

One of them goes down: its part is marked missing with the time, the rest goes on; it comes back.
"""

import os
import re
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import expect

from tests.conftest import _fresh_database, running_server
from tests.journeys.conftest import GAUGES, Notes, _gauge, _page, level

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SOON = 40_000
REGISTRATION = "/ngsi-ld/v1/csourceRegistrations"


class Door:
    """A way to a server that can be shut and opened again: the cable to another town."""

    def __init__(self, base: str) -> None:
        self._target = int(base.rpartition(":")[2])
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._ways: list[socket.socket] = []
        self._door: socket.socket | None = None

    @property
    def base(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def open(self) -> None:
        """Let connections through."""
        self._door = door = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._serve, args=(door,), daemon=True).start()

    def shut(self) -> None:
        """End all connections and refuse further ones."""
        assert self._door is not None
        self._door.shutdown(socket.SHUT_RDWR)
        for one in [self._door, *self._ways]:
            one.close()
        self._ways.clear()

    def _serve(self, door: socket.socket) -> None:
        while True:
            try:
                near, _ = door.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            self._ways += [near, far]
            threading.Thread(target=_pass, args=(near, far), daemon=True).start()


def _pass(near: socket.socket, far: socket.socket) -> None:
    other = {near: far, far: near}
    try:
        while True:
            for one in select.select([near, far], [], [])[0]:
                data = one.recv(65536)
                if not data:
                    near.close()
                    far.close()
                    return
                other[one].sendall(data)
    except (OSError, ValueError):
        return


@dataclass
class Towns:
    """Takamatsu's installation, which shows the wall, and the ways to the two others."""

    base: str
    ayagawa: Door
    kanonji: Door

    def set_level(self, base: str, station: str, value: float) -> None:
        """Report a level at an installation."""
        url = f"{base}/ngsi-ld/v1/entities/urn:ngsi-ld:FloodMonitoring:{station}/attrs"
        assert httpx.post(url, json={"currentLevel": level(value)}, timeout=60).status_code == 204


def _registration(name: str, title: str, endpoint: str) -> dict[str, object]:
    return {
        "id": f"urn:ngsi-ld:ContextSourceRegistration:{name}",
        "type": "ContextSourceRegistration",
        "registrationName": title,
        "endpoint": endpoint,
        "information": [{"entities": [{"type": "FloodMonitoring"}]}],
    }


@pytest.fixture(scope="module")
def towns(cluster_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Towns]:
    shared = {
        "ayagawa": ("綾川町", _gauge("1", "綾川滝宮", "綾川町", [133.92, 34.25], 1.0)),
        "kanonji": ("観音寺市", _gauge("1", "財田川橋", "観音寺市", [133.66, 34.13], 0.7)),
    }
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "TAMAMO_OUTGOING_ALLOW", "127.0.0.1")
        home: Path = tmp_path_factory.mktemp("federation")

        def start(name: str) -> str:
            dsn = stack.enter_context(_fresh_database(cluster_dsn))
            return stack.enter_context(running_server(home / name, "--open", dsn=dsn))

        here = start("takamatsu")
        answer = httpx.post(
            f"{here}/ngsi-ld/v1/entityOperations/upsert", json=GAUGES[:1], timeout=60
        )
        assert answer.status_code == 201, answer.text
        doors = {}
        for name, (title, gauge) in shared.items():
            there = start(name)
            answer = httpx.post(f"{there}/ngsi-ld/v1/entities", json=gauge, timeout=60)
            assert answer.status_code == 201, answer.text
            doors[name] = Door(there)
            doors[name].open()
            body = _registration(name, title, doors[name].base)
            answer = httpx.post(here + REGISTRATION, json=body, timeout=60)
            assert answer.status_code == 201, answer.text
        yield Towns(here, doors["ayagawa"], doors["kanonji"])


def _part(html: str, name: str) -> str:
    found = re.search(rf'<li data-part="{name}".*?</li>', html, re.S)
    assert found, html
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found[0]))


def test_one_town_down_is_marked_missing_and_the_rest_goes_on(
    browser: "Browser", towns: Towns
) -> None:
    wide = f"{towns.base}/wall/?area=wide"
    alone = httpx.get(f"{towns.base}/wall/", timeout=60).text
    assert "綾川滝宮" not in alone
    html = httpx.get(wide, timeout=60).text
    assert "綾川滝宮" in html
    assert "財田川橋" in html
    assert "綾川町提供" in html
    assert "1か所中1か所が現在値" in _part(html, "ayagawa")
    narrowed = httpx.get(f"{towns.base}/wall/?towns=kanonji", timeout=60).text
    assert "綾川滝宮" not in narrowed
    assert "財田川橋" in narrowed
    notes = Notes()
    with _page(browser, notes, False, {}) as page:
        page.goto(wide)
        expect(page.locator("#live-state")).to_have_text("自動更新中", timeout=SOON)
        row = page.locator('[id="g-ayagawa:1"]')
        towns.set_level(towns.ayagawa.base, "1", 1.23)
        expect(row.locator(".wall-row__level")).to_contain_text("1.23", timeout=SOON)
        towns.ayagawa.shut()
        part = page.locator('[data-part="ayagawa"]')
        expect(part).to_have_attribute("data-missing", "unreachable", timeout=SOON)
        expect(part).to_contain_text("欠測")
        expect(part).to_contain_text(re.compile(r"最終受信 \d+月\d+日 \d\d:\d\d"))
        # Its gauge stays in the list, without the last value as the current one.
        expect(row.locator(".wall-row__level")).to_have_text("—")
        towns.set_level(towns.base, "9001", 0.88)
        towns.set_level(towns.kanonji.base, "1", 0.77)
        expect(page.locator("#g-9001 .wall-row__level")).to_contain_text("0.88", timeout=SOON)
        other = page.locator('[id="g-kanonji:1"] .wall-row__level')
        expect(other).to_contain_text("0.77", timeout=SOON)
        expect(page.locator("#live-state")).to_have_text("自動更新中")
        before = time.monotonic()
        assert httpx.get(wide, timeout=60).status_code == 200
        assert time.monotonic() - before < 5  # a town that is down is waited for by nobody
        english = httpx.get(f"{towns.base}/en/wall/?area=wide", timeout=60).text
        assert "last seen" in _part(english, "ayagawa")
        assert "Ayagawa" in _part(english, "ayagawa")
        towns.ayagawa.open()
        expect(part).not_to_have_attribute("data-missing", "unreachable", timeout=SOON)
        expect(row.locator(".wall-row__level")).to_contain_text("1.23", timeout=SOON)
    assert notes.errors == []
    assert notes.refused == []
