"""Random histories and random temporal queries: PostgreSQL and a plain model of 4.11 agree."""

import asyncio
import itertools
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo

from tamamo.context.model.entity import Entity, Instance
from tamamo.context.model.represent import View
from tamamo.context.query import plan, q, temporalq
from tamamo.context.query.temporalq import TemporalQuery
from tamamo.context.temporal import reading, writing
from tamamo.context.temporal.body import EvolutionBody
from tamamo.context.temporal.request import Wanted
from tamamo.kernel.database import Pool, open_pool
from tamamo.kernel.time import to_text

A, B = "https://terms.example/a", "https://terms.example/b"
START = datetime(2026, 6, 1, tzinfo=UTC)
TIMES = [to_text(START + timedelta(hours=hour)) for hour in range(8)]
_numbers = itertools.count()


class Terms:
    def expand_term(self, name: str) -> str:
        return f"https://terms.example/{name}"

    expand_type = expand_vocab_value = expand_term


def an_instance(value: Any, at: str | None, dataset: str | None) -> Instance:
    found: Instance = {"type": "Property", "value": value}
    if at is not None:
        found["observedAt"] = at
    return found if dataset is None else {**found, "datasetId": dataset}


def of_attribute(instances: list[Instance]) -> list[Instance]:
    # One instance a moment, as which of two is the last would be anyone's guess.
    return list({i.get("observedAt"): i for i in instances}.values())


values = st.one_of(st.integers(0, 5), st.booleans(), st.sampled_from(["x", "y"]))
attributes = st.lists(
    st.builds(
        an_instance,
        values,
        st.one_of(st.sampled_from(TIMES), st.none()),
        st.sampled_from([None, None, "urn:d:1"]),
    ),
    min_size=2,
    max_size=10,
).map(of_attribute)
histories = st.dictionaries(
    st.sampled_from(["urn:x:1", "urn:x:2", "urn:x:3"]),
    st.fixed_dictionaries({A: attributes, B: attributes}),
    min_size=2,
)
moments = st.sampled_from(TIMES).map(datetime.fromisoformat)
queries = st.builds(
    lambda timerel, one, other, last_n: TemporalQuery(
        timerel,
        min(one, other) if timerel == "between" else one,
        max(one, other) if timerel == "between" else None,
        last_n=last_n,
    ),
    st.sampled_from(["before", "after", "between"]),
    moments,
    moments,
    st.one_of(st.none(), st.integers(1, 4)),
)
filters = st.sampled_from(
    [
        None,
        None,
        None,
        "a>2",
        "a<=1;b>0",
        "a>4|b==2",
        'a=="x"',
        "a!=3",
        "!b",
        "a>1;!b",
        "a==1..3",
        'b~="^y"',
    ]
)
Found = dict[str, dict[str, list[Any]]]


@pytest.fixture(scope="module")
def runner(cluster_dsn: str) -> Iterator[tuple[asyncio.Runner, Pool]]:
    name = f"t_{secrets.token_hex(6)}"
    with psycopg.connect(cluster_dsn, autocommit=True) as connection:
        connection.execute(f"create database {name} template tamamo_template")
    with asyncio.Runner() as runner:
        opened = open_pool(make_conninfo(cluster_dsn, dbname=name), 2)
        yield runner, runner.run(opened.__aenter__())
        runner.run(opened.__aexit__(None, None, None))
    with psycopg.connect(cluster_dsn, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


def model(
    history: dict[str, dict[str, list[Instance]]],
    times: TemporalQuery,
    node: q.Node | None,
    attrs: tuple[str, ...],
) -> Found:
    """Do what clauses 4.11 and 5.7.4.4 say, one sentence a line."""
    result: Found = {}
    for entity_id, instances in history.items():
        within = {
            attr: [i for i in found if temporalq.matches_instance(times, i)]
            for attr, found in instances.items()
        }
        if not any(within[attr] for attr in attrs or within):
            continue
        seen = Entity(entity_id, ["T"], {a: found for a, found in within.items() if found})
        if node is not None and not q.matches(node, seen):
            continue
        shown = {a: sorted(f, key=lambda i: i["observedAt"]) for a, f in seen.attrs.items()}
        result[entity_id] = {
            attr: [i["value"] for i in found[-(times.last_n or len(found)) :]]
            for attr, found in shown.items()
            if not attrs or attr in attrs
        }
    return result


async def ask(pool: Pool, tenant: str, wanted: Wanted) -> Found:
    answer = await reading.query(pool, tenant, wanted)
    return {
        entity_id: {attr: [f.instance["value"] for f in found] for attr, found in attrs.items()}
        for entity_id, attrs in answer.series.items()
    }


@settings(max_examples=150, deadline=None)
@given(histories, queries, filters, st.sampled_from([(), (A,), (A, B)]))
def test_the_database_finds_what_the_model_finds(
    runner: tuple[asyncio.Runner, Pool],
    history: dict[str, dict[str, list[Instance]]],
    times: TemporalQuery,
    text: str | None,
    attrs: tuple[str, ...],
) -> None:
    loop, pool = runner
    tenant = f"world{next(_numbers)}"
    node = None if text is None else q.parse(text, Terms())

    async def run() -> Found:
        for entity_id, instances in history.items():
            given_rows = [(attr, i) for attr, found in instances.items() for i in found]
            body = EvolutionBody(entity_id, ["T"], None, given_rows)
            await writing.upsert(pool, tenant, body)
        query = plan.Query(attrs=attrs, q=node)
        view = View(attrs=frozenset(attrs) if attrs else None)
        wanted = Wanted(query, times, True, "normalized", None, view, attrs or None, 1000)
        return await ask(pool, tenant, wanted)

    expected = model(history, times, node, attrs)
    event(f"{len(expected)} found")
    assert loop.run(run()) == expected
