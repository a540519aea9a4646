"""What an installation with rights costs: tokens, the staff's registers, a backup."""

import asyncio
import re
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import psycopg

from bench import installation, workload
from bench.broker import Broker
from bench.installation import Server
from bench.speed import Bench
from bench.table import Row
from tamamo.accounts.service import clients
from tamamo.accounts.service.users import hash_password
from tamamo.kernel.database import open_pool, transaction
from tamamo.kernel.identity import INSTALLATION

_KIND = "BenchGauge"
_EMAIL, _PASSWORD = "bench@bench.example", "a-password-of-the-bench"
_HISTORY_ROWS = 1_000_000
#: Pages of which the median is taken, in each run.
_PAGES = 15


def checking(bench: Bench) -> list[Row]:
    """GET one entity with an OAuth2 token, in turns with GET where nothing is checked."""
    bench.ours.send_all(
        bench.ours.upserts(workload.entity(_KIND, n) for n in range(workload.GAUGES))
    )
    with installation.server(beside=bench.server) as guarded:
        header = {"Authorization": f"Bearer {_token(guarded)}"}
        free = (bench.server, bench.ours)
        checked = (guarded, Broker(guarded.base, header))
        costs: dict[int, list[float]] = {0: [], 1: []}
        for _ in range(bench.runs * 3):
            for which, (server, broker) in enumerate((free, checked)):
                costs[which].append(_cost(bench, server, broker))
    shares = [with_token / without - 1 for without, with_token in zip(*costs.values(), strict=True)]
    return [
        Row(
            "GET with a token: processor time more than without a check",
            statistics.median(shares) * 100,
            "%",
            10,
            cpu=statistics.median(costs[1]),
        )
    ]


def _cost(bench: Bench, server: Server, broker: Broker) -> float:
    """Return the microseconds of processor time a GET takes, its database's included."""
    requests = workload.gets(broker, _KIND)
    broker.rate(requests, 0.5)
    before, began = bench.server.database_seconds() + server.own_seconds(), time.monotonic()
    rate = broker.rate(requests, bench.seconds / 2)
    used = bench.server.database_seconds() + server.own_seconds() - before
    return used / (rate * (time.monotonic() - began)) * 1e6


def _token(server: Server) -> str:
    """Return a token that a program got for its own id and secret (RFC 6749, section 4.4)."""

    async def make() -> tuple[str, str]:
        async with open_pool(server.dsn, 1) as pool, transaction(pool) as connection:
            program, secret = await clients.create(connection, INSTALLATION, "default", "bench")
            assert secret is not None
            return program.client_id, secret

    answer = httpx.post(
        f"{server.base}/oauth/token",
        data={"grant_type": "client_credentials", "scope": "read"},
        auth=asyncio.run(make()),
    )
    answer.raise_for_status()
    return str(answer.json()["access_token"])


def register(bench: Bench) -> list[Row]:
    """The first page of a register, as the server draws it for somebody of the staff."""
    bench.ours.send_all(bench.ours.upserts(_devices(bench.places)))
    _person(bench.server.dsn)
    with (
        installation.server(beside=bench.server) as guarded,
        httpx.Client(base_url=guarded.base, timeout=60, follow_redirects=True) as client,
    ):
        _sign_in(client)
        path = "/staff/default/r/aed/"
        found = f"{bench.places:,}" in client.get(path).raise_for_status().text
        if not found:
            raise OSError(f"The register does not say that it has {bench.places:,} records")
        pages = {
            f"register of {bench.places:,} records, first page": path,
            "  searched and sorted": f"{path}?q=99&sort=-name",
        }
        rows = []
        for name, address in pages.items():
            times = [_milliseconds(client, address) for _ in range(bench.runs * _PAGES)]
            rows.append(Row(name, statistics.median(times), "ms", 150))
    return rows


def _devices(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        place = workload.entity("AED", number)
        yield {
            "id": place["id"],
            "type": place["type"],
            "aedID": {"type": "Property", "value": f"{number:06}"},
            "name": {"type": "Property", "value": f"公民館 {number:06}"},
            "address": {
                "type": "Property",
                "value": {"addressLocality": "高松市", "streetAddress": f"番町{number % 997}"},
            },
            "location": place["location"],
        }


def _person(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        (number,) = connection.execute(
            "select account_create(%s, %s, %s)", [_EMAIL, "bench", hash_password(_PASSWORD)]
        ).fetchone() or (None,)
        connection.execute(
            "insert into role_grant (tenant, id, subject, role, granted_by)"
            " values ('default', gen_random_uuid(), %s, 'editor', 'bench')",
            [f"user:{number}"],
        )


def _sign_in(client: httpx.Client) -> None:
    page = client.get("/account/login/").raise_for_status().text
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    fields = {"login": _EMAIL, "password": _PASSWORD}
    fields["csrfmiddlewaretoken"] = found[1] if found else ""
    client.post("/account/login/", data=fields).raise_for_status()


def _milliseconds(client: httpx.Client, path: str) -> float:
    began = time.perf_counter()
    client.get(path).raise_for_status()
    return (time.perf_counter() - began) * 1000


def backing_up(bench: Bench) -> list[Row]:
    """A backup of a million rows of history and whatever else the bench stored."""
    with psycopg.connect(bench.server.dsn) as connection:
        connection.execute(_MANY_ROWS, {"rows": _HISTORY_ROWS})
    with TemporaryDirectory(prefix="tamamo-bench-") as folder:
        file = Path(folder, "bench.backup")
        began = time.perf_counter()
        installation.verb(bench.server.home, "backup", str(file))
        seconds = time.perf_counter() - began
        size = file.stat().st_size / 1e6
    return [
        Row("backup of 1 million rows of history and all else", seconds, "s", 60),
        Row("  its size", size, "MB"),
    ]


_MANY_ROWS = """
    insert into attribute_history (
        tenant, entity_id, attr, at, observed_at, created_at, modified_at, number, instance
    )
    select
        'default', 'urn:ngsi-ld:Bench:' || n %% 1000, 'https://bench.example/level', moment, moment,
        moment, moment, n %% 977,
        json_build_object('type', 'Property', 'value', n %% 977, 'observedAt', moment)
    from generate_series(1, %(rows)s) as n,
        lateral (select now() - n / 1000 * interval '1 minute' as moment) as m
"""
