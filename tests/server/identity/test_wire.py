"""A device on the wire: what its key opens, a rotation under way, its end."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.conftest import ROOT, running_server

TENANT = "ayagawa"


@dataclass
class Site:
    base: str
    home: Path
    dsn: str

    def tamamo(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a verb beside the server, as an operator does."""
        command = [sys.executable, "-m", "tamamo", *arguments[:2], "--home", str(self.home)]
        return subprocess.run(
            [*command, *arguments[2:]],
            env={"DATABASE_URL": self.dsn, "PATH": ""},
            capture_output=True, text=True, check=True, timeout=60, cwd=ROOT,
        )  # fmt: skip

    def device(self, *options: str) -> tuple[str, str]:
        made = self.tamamo("key", "create", "gauge", "--tenant", TENANT, *options)
        return made.stderr.split()[1].rstrip("."), made.stdout.strip()

    def client(self, key: str | None = None, tenant: str = TENANT) -> httpx.Client:
        headers = {"NGSILD-Tenant": tenant, "Fiware-Service": tenant}
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        return httpx.Client(base_url=self.base, headers=headers, timeout=30)


def write(client: httpx.Client, type_: str = "Gauge", name: str = "1") -> httpx.Response:
    body = [{"id": f"urn:ngsi-ld:{type_}:{name}", "type": type_, "level": {"value": 1}}]
    return client.post("/ngsi-ld/v1/entityOperations/upsert", json=body)


@pytest.fixture(scope="module")
def site(shared_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("wire") / "home"
    with psycopg.connect(shared_database_url) as connection:
        connection.execute("insert into tenant (name) values (%s)", [TENANT])
    with running_server(home, dsn=shared_database_url) as base:
        yield Site(base, home, shared_database_url)


def test_a_device_writes_its_type_and_nothing_else(site: Site) -> None:
    _, key = site.device("--type", "Gauge")
    with site.client(key) as device:
        assert write(device).status_code in {201, 204}
        refused = write(device, "Shelter").json()
        assert refused["success"] == [] and refused["errors"][0]["error"]["status"] == 403
        patch = device.patch("/ngsi-ld/v1/entities/urn:ngsi-ld:Gauge:1/attrs", json={"a": 1})
        assert patch.status_code in {204, 207}, patch.text
        v2 = device.post("/v2/entities", json={"id": "urn:ngsi-ld:Gauge:9", "type": "Gauge"})
        assert v2.status_code == 201, v2.text
        assert device.post("/v2/entities", json={"id": "u", "type": "Bus"}).status_code == 403
        for path in ("subscriptions", "csourceRegistrations"):
            assert device.get(f"/ngsi-ld/v1/{path}").status_code in {401, 403, 404}, path
    with site.client(key, "default") as elsewhere:
        assert write(elsewhere).status_code in {403, 404}
    with psycopg.connect(site.dsn) as connection:
        rows = connection.execute("select distinct tenant, type from entity").fetchall()
    assert rows == [(TENANT, "https://uri.etsi.org/ngsi-ld/default-context/Gauge")]


@pytest.mark.parametrize("path", ["/ngsi-ld/v1/entities?type=Gauge", "/v2/entities", "/sse"])
def test_every_door_asks_who_it_is(site: Site, path: str) -> None:
    with site.client() as nobody:
        refused = nobody.get(path)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == 'Bearer realm="tamamo"'
    with site.client("tmk_" + "A" * 43) as stranger:
        refused = stranger.get(path)
    assert refused.status_code == 401
    challenge = refused.headers["www-authenticate"]
    assert challenge.startswith('Bearer realm="tamamo", error="invalid_token"')


def test_a_rotation_leaves_no_gap_and_an_end_is_one_within_five_seconds(site: Site) -> None:
    device, key = site.device("--type", "Gauge")
    answers: list[int] = []
    carried = [key]
    done = threading.Event()

    def measure() -> None:
        with site.client() as gauge:
            while not done.is_set():
                gauge.headers["Authorization"] = f"Bearer {carried[-1]}"
                answers.append(write(gauge, name="2").status_code)

    measuring = threading.Thread(target=measure)
    measuring.start()
    try:
        rotated = site.tamamo("key", "rotate", device, "--tenant", TENANT, "--overlap", "1")
        before = len(answers)
        carried.append(rotated.stdout.strip())
        end = time.monotonic() + 20
        while len(answers) < before + 20 and time.monotonic() < end:
            time.sleep(0.05)
    finally:
        done.set()
        measuring.join()
    assert len(answers) >= 20 and set(answers) <= {201, 204}
    with site.client(key) as old:
        assert write(old, name="2").status_code in {201, 204}, "it works beside the new one"
    site.tamamo("key", "revoke", device, "--tenant", TENANT)
    ended = time.monotonic()
    for gone in carried:
        with site.client(gone) as lost:
            while write(lost, name="2").status_code != 401:
                assert time.monotonic() - ended < 5
                time.sleep(0.1)
            assert "revoked" in write(lost, name="2").headers["www-authenticate"]
