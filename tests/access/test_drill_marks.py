"""訓練 stands on everything about a drill: every page, every file, every answer of an API.

Pages are those of Django's routing table, operations those of the APIs': a new one is tried from
its first day.
"""

import csv
import io
import os
import re
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import openpyxl
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tamamo.kernel.database import transaction
from tamamo.kernel.home import api_key
from tests.access import operations_v2  # noqa: F401 - registers its entries
from tests.access.operations import ENTRIES
from tests.access.test_across_tenants import operations
from tests.access.test_faces import FAKE, addresses, fill
from tests.access.world import LD, Ids, World, opened, settings_of
from tests.accounts.signing import make_user, sign_in
from tests.conftest import TEMPLATE, running_server

DRILL = "alpha-drill-20261123-abcdef"
_INSERT = """
insert into drill (tenant, town, title, state, begins_at, expires_at, created_by)
values (%s, 'alpha', '高潮訓練', 'running', '2004-08-30T18:00+09:00', now() + interval '1 day',
    'user:1')
"""
_TENANTS = """
insert into tenant (name, title, public_types) values
    ('alpha', '{"ja": "甲町", "en": "Alpha"}', '{*}'),
    (%(drill)s, '{"ja": "【訓練】甲町", "en": "[DRILL] Alpha"}', '{*}')
"""
_CHANGED = "update town_generation set generation = generation + 1"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Whose addresses name no town although they have such a parameter, or that end a session.
_NOT_OF_A_TOWN = ("account/", "oauth/", "console/", "plan/")


@pytest.fixture
async def world(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    async with opened(settings_of(tmp_path / "home", database_url)) as settled:
        yield settled


async def test_every_answer_of_an_api_says_that_it_is_a_drill(world: World) -> None:
    async with transaction(world.broker.pool) as connection:
        await connection.execute(_INSERT.encode(), ["beta"])
        await connection.execute(_CHANGED.encode())
    await world.broker.towns.refresh()
    ids, unmarked, statuses = Ids("bq7x", tenant="beta"), [], set()
    for method, path in sorted(operations(world.broker.settings)):
        shape = next(ENTRIES[method, path](ids))
        named = [("NGSILD-Tenant", "beta")]
        if path.startswith("/v2"):
            named = [("Fiware-Service", "beta")]
        headers = [("Authorization", world.keys["installation"]), *named, *shape.headers]
        answer = await world.ask(method, shape.path, headers, shape.body, seconds=shape.seconds)
        statuses.add(answer.status)
        marks = (answer.header("tamamo-drill"), answer.header("x-robots-tag"))
        if marks != ('"beta"; of="alpha"', "noindex, nofollow"):
            unmarked.append(f"{method} {path}: {answer.status} {marks}")
    assert not unmarked, "\n".join(unmarked)
    assert {200, 201, 404} <= statuses


async def test_the_towns_own_answers_do_not(world: World) -> None:
    async with transaction(world.broker.pool) as connection:
        await connection.execute(_INSERT.encode(), ["beta"])
        await connection.execute(_CHANGED.encode())
    await world.broker.towns.refresh()
    headers = [("Authorization", world.keys["installation"]), ("NGSILD-Tenant", "alpha")]
    answer = await world.ask("GET", f"{LD}/types", headers)
    assert (answer.status, answer.header("tamamo-drill")) == (200, "")


@pytest.fixture(scope="module")
def operator(cluster_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """An operator of the installation, on a server whose town Alpha has a drill."""
    os.environ["TAMAMO_ADDRESS_RATE"] = "0"
    name = f"t_{secrets.token_hex(6)}"
    with psycopg.connect(cluster_dsn, autocommit=True) as connection:
        connection.execute(f"create database {name} template {TEMPLATE}".encode())
    dsn = make_conninfo(cluster_dsn, dbname=name)
    with psycopg.connect(dsn) as connection:
        connection.execute(_TENANTS.encode(), {"drill": DRILL})
        connection.execute(_INSERT.encode(), [DRILL])
        connection.execute(_CHANGED.encode())
    make_user(dsn, "operator@example.jp", ("*", "operator"), home_tenant="alpha")
    home = tmp_path_factory.mktemp("marks") / "home"
    home.mkdir()
    key = api_key(home)
    try:
        with running_server(home, dsn=dsn) as base, httpx.Client(base_url=base, timeout=30) as who:
            entity = {"id": "urn:ngsi-ld:FloodMonitoring:1", "type": "FloodMonitoring",
                      "stationID": {"type": "Property", "value": "1"},
                      "name": {"type": "Property", "value": "橋"},
                      "location": {"type": "GeoProperty", "value":
                                   {"type": "Point", "coordinates": [134.05, 34.35]}}}  # fmt: skip
            headers = {"Authorization": f"Bearer {key}", "NGSILD-Tenant": DRILL}
            answer = httpx.post(f"{base}{LD}/entities", json=entity, headers=headers)
            assert (answer.status_code, answer.headers["Tamamo-Drill"][:7]) == (201, '"alpha-')
            assert sign_in(who, "operator@example.jp").status_code == 302
            yield who
    finally:
        del os.environ["TAMAMO_ADDRESS_RATE"]


VALUES = {
    **FAKE,
    "tenant": DRILL, "town": DRILL, "side": DRILL, "drill": DRILL, "register": "river_gauges",
    "entity": "urn:ngsi-ld:FloodMonitoring:1", "station": "1", "device": str(uuid4()),
}  # fmt: skip


def of_the_drill() -> Iterator[str]:
    """Yield the addresses of all pages and files that can be about the drill."""
    for pattern in addresses():
        try:
            paths = fill(pattern, VALUES)
        except KeyError:
            continue  # test_faces asks for a value
        for path in paths:
            if DRILL in path:
                yield f"/{path}"
            elif not path.startswith((*_NOT_OF_A_TOWN, "staff/", "en/")):
                yield f"/t/{DRILL}/{path}"
            elif path.startswith("console/"):
                yield f"/{path}?town={DRILL}"


def faults_of(answer: httpx.Response) -> list[str]:
    """Return what an answer about a drill lacks."""
    faults = []
    if not answer.headers.get("Tamamo-Drill", "").startswith(f'"{DRILL}"'):
        faults.append("no header")
    if answer.status_code in (301, 302, 303):
        return faults
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    if kind == "text/html" and "<html" in answer.text:
        if 'class="drill-banner"' not in answer.text:
            faults.append("no banner")
        title = re.search(r"<title>(.*?)</title>", answer.text, re.S)
        if title is None or not title[1].startswith(("【訓練】", "[DRILL]")):
            faults.append("no mark in the title")
        if 'name="robots" content="noindex' not in answer.text:
            faults.append("for search engines")
    named = answer.headers.get("Content-Disposition", "")
    if "filename" in named and "drill-" not in named:
        faults.append(f"no mark in the file's name: {named}")
    if answer.status_code != 200:
        return faults
    if kind == "text/csv" and "訓練" not in next(csv.reader(io.StringIO(answer.text)))[0]:
        faults.append("no mark in the first line")
    if kind == _XLSX:
        sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
        if "訓練" not in str(sheet["A1"].value) or "訓練" not in sheet.title:
            faults.append("no mark in the sheet")
    is_object = kind.endswith("json") and answer.text.startswith("{")
    if is_object and next(iter(answer.json())) != "drill":
        faults.append("no mark in the first member")
    return faults


def test_every_page_and_file_of_a_drill_says_so(operator: httpx.Client) -> None:
    found, kinds, tried = [], set(), 0
    for language in ("", "en/"):
        for path in of_the_drill():
            if language:
                path = re.sub(rf"^(/t/{DRILL}/|/)", rf"\g<1>{language}", path)  # noqa: PLW2901
            answer = operator.get(path)
            tried += 1
            if "logout" in path:
                continue
            kind = answer.headers.get("Content-Type", "").partition(";")[0]
            kinds.add((kind, answer.status_code))
            found += [f"{path} [{answer.status_code}]: {fault}" for fault in faults_of(answer)]
    print(f"{tried} addresses")
    assert not found, "\n".join(found[:40])
    for kind in ("text/html", "text/csv", "application/geo+json", "application/json", _XLSX):
        assert (kind, 200) in kinds
    assert ("text/html", 404) in kinds


def test_the_towns_own_pages_do_not(operator: httpx.Client) -> None:
    for path in ("/", "/t/alpha/", "/staff/alpha/", "/t/alpha/gauges.csv"):
        answer = operator.get(path)
        assert answer.status_code == 200, path
        assert "Tamamo-Drill" not in answer.headers
        assert "drill-banner" not in answer.text
        assert DRILL not in answer.text or path.startswith("/staff")
