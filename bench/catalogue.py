"""Search over ten thousand datasets: the page and CKAN's package_search, with facets."""

import statistics
import time
from collections.abc import Iterable
from itertools import cycle, islice
from typing import Final
from urllib.parse import quote

import httpx
import psycopg

from bench.speed import Bench
from bench.table import Row

_DATASETS: Final = 10_000
_ROUNDS: Final = 10
#: Ten subjects in a thousand districts, of forty units, each with two of twenty tags.
_MANY: Final = """
insert into dataset (tenant, id, kind, state, metadata, unit, groups, tags, formats, licence,
    title_key, folded, rows, data_at, published_at, created_by, changed_by)
select
    'default', 'bench-' || n, 'file', 'published',
    jsonb_build_object('title', jsonb_build_object('ja', m.title, 'en', 'Dataset ' || n),
        'description', jsonb_build_object('ja', m.about), 'licence', 'CC-BY-4.0',
        'cycle', 'yearly', 'unit', m.unit, 'groups', m.groups, 'tags', m.tags),
    m.unit, m.groups, m.tags, array['csv', 'csv-bom', 'xlsx', 'json'], 'CC-BY-4.0',
    register_fold(m.title), register_fold(m.title || ' dataset ' || n || ' ' || m.about), n,
    now() - n * interval '1 minute', now(), 'user:1', 'user:1'
from generate_series(1, %(count)s) as n,
    lateral (select
        '第' || n %% 1000 || '地区の' || (array[
            '避難所', '人口', 'AED設置箇所', '公衆トイレ', '公園', '保育所', '文化財',
            '観光施設', '消防水利', '公衆無線LAN'
        ])[n %% 10 + 1] as title,
        '模擬の一覧 ' || n || ' です。' || repeat('説明の文が続きます。', 20) as about,
        '部' || n %% 8 || '/課' || n %% 40 as unit,
        array[(array['population', 'disaster', 'health', 'region'])[n %% 4 + 1]] as groups,
        array['札' || n %% 20, '札' || n %% 19] as tags) as m
"""
_GONE: Final = "delete from dataset where tenant = 'default' and id like 'bench-%'"


def searching(bench: Bench) -> list[Row]:
    """Measure searches by words that few and many datasets hold, of people and of programs."""
    with psycopg.connect(bench.server.dsn, autocommit=True) as connection:
        connection.execute(_MANY, {"count": _DATASETS})
        connection.execute("vacuum analyze dataset")
        try:
            return _measured(bench)
        finally:
            connection.execute(_GONE)


def _measured(bench: Bench) -> list[Row]:
    base = bench.server.base
    few = [f"第{n}地区 避難所" for n in range(10, 90, 10)]
    many = ["地区", "説明", "模擬 一覧", "避難所"]
    facets = '["organization","groups","tags","res_format","license_id"]'
    api = f"{base}/api/3/action/package_search?rows=20&facet.field={quote(facets)}"
    asked = {
        "10,000 datasets: page of a search that few match": [
            f"{base}/data/?q={quote(text)}" for text in few
        ],
        "  page of a search that thousands match": [
            f"{base}/data/?q={quote(text)}" for text in many
        ],
        "  page narrowed by theme and tag": [f"{base}/data/?theme=health&tag={quote('札3')}"],
        "  package_search with five facets": [f"{api}&q={quote(text)}" for text in few + many],
        "  package_search by organization": [f"{api}&fq=tags:{quote('札5')}"],
    }
    with httpx.Client(timeout=60) as client:
        return [
            Row(name, statistics.median(_times(client, addresses, bench.runs)), "ms", 100)
            for name, addresses in asked.items()
        ]


def _times(client: httpx.Client, addresses: Iterable[str], runs: int) -> list[float]:
    """Return milliseconds of requests in turns."""
    found = []
    for address in islice(cycle(list(addresses)), runs * _ROUNDS):
        began = time.perf_counter()
        client.get(address).raise_for_status()
        found.append((time.perf_counter() - began) * 1000)
    return found
