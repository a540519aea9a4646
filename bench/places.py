"""The OGC API over a million places: a page, an area, a tile."""

import statistics
import time
from collections.abc import Iterable
from itertools import cycle, islice
from typing import Final

import httpx
import psycopg

from bench.speed import Bench
from bench.table import Row

#: Others than those behind the queries (speed.py).
_KIND: Final = "BenchSite"
_PAGES: Final = 15
#: Places from 133.5 to 134.5 E and 34 to 35 N, evenly, one type, ids in no order of places.
_MANY: Final = """
insert into entity (tenant, id, type, types, attrs, bounds, created_at, modified_at)
select
    'default', 'urn:ngsi-ld:' || %(kind)s || ':' || lpad(n::text, 7, '0'), t.type, array[t.type],
    jsonb_build_object(
        'https://uri.etsi.org/ngsi-ld/default-context/name',
        jsonb_build_array(jsonb_build_object('type', 'Property', 'value', '場所 ' || n)),
        'https://uri.etsi.org/ngsi-ld/default-context/capacity',
        jsonb_build_array(jsonb_build_object('type', 'Property', 'value', n %% 977)),
        'https://uri.etsi.org/ngsi-ld/location',
        jsonb_build_array(jsonb_build_object('type', 'GeoProperty', 'value', jsonb_build_object(
            'type', 'Point', 'coordinates', jsonb_build_array(p.east, p.north)
        )))
    ),
    box(point(p.east, p.north)), now(), now()
from generate_series(1, %(count)s) as n,
    lateral (select 'https://uri.etsi.org/ngsi-ld/default-context/' || %(kind)s as type) as t,
    lateral (
        select
            133.5 + (n::bigint * 7919 %% 1000003) / 1000003.0::float8 as east,
            34.0 + (n::bigint * 104729 %% 1000003) / 1000003.0::float8 as north
    ) as p
"""


def features(bench: Bench) -> list[Row]:
    """Pages of 100 features, as GeoJSON over HTTP, and tiles."""
    count = 10 * bench.places
    with psycopg.connect(bench.server.dsn, autocommit=True) as connection:
        connection.execute("set statement_timeout = 0")
        connection.execute(_MANY, {"count": count, "kind": _KIND})
        connection.execute("vacuum analyze entity")
    base = f"{bench.server.base}/ogc/collections/{_KIND}"
    steps = [f"after=urn:ngsi-ld:{_KIND}:{count * n // 20:07}" for n in range(20)]
    asked = {
        f"OGC page of 100 over {count:,}": [f"{base}/items?limit=100"],
        "  anywhere in it": [f"{base}/items?limit=100&{step}" for step in steps],
        "  in an area with 100": [_area(base, n, 0.01) for n in range(20)],
        "  in an area with a quarter of all": [_area(base, n, 0.5) for n in range(20)],
        "  by a property": [f"{base}/items?limit=100&capacity={n}" for n in range(1, 20)],
        "  a feature": [f"{base}/items/urn:ngsi-ld:{_KIND}:{n:07}" for n in range(1, 20)],
    }
    with httpx.Client(timeout=60) as client:
        rows = [
            Row(
                name,
                statistics.median(_times(client, addresses, bench.runs)),
                "ms",
                None if "property" in name else 50,
            )
            for name, addresses in asked.items()
        ]
        tiles = f"{base}/tiles/WebMercatorQuad"
        wide = _times(client, [f"{tiles}/8/102/222"], 1, once=True)[0]
        near = _times(client, [f"{tiles}/14/6520/{14272 + n}" for n in range(20)], 1, once=True)
        again = _times(client, [f"{tiles}/8/102/222"], bench.runs)
    return [
        *rows,
        Row("  a tile of hundreds of thousands, made", wide, "ms"),
        Row("  a tile of some, made", statistics.median(near), "ms"),
        Row("  a tile, kept", statistics.median(again), "ms", 50),
    ]


def _area(base: str, number: int, side: float) -> str:
    west, south = 133.5 + number / 50, 34.0 + number / 50
    return f"{base}/items?limit=100&bbox={west},{south},{west + side},{south + side}"


def _times(
    client: httpx.Client, addresses: Iterable[str], runs: int, *, once: bool = False
) -> list[float]:
    """Return milliseconds of requests in turns. once: each address a single time."""
    given = list(addresses)
    found = []
    for address in given if once else islice(cycle(given), runs * _PAGES):
        began = time.perf_counter()
        client.get(address).raise_for_status()
        found.append((time.perf_counter() - began) * 1000)
    return found
