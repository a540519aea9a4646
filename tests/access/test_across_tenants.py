"""Nothing of one town is shown to, or changed by, the people of another: every operation tried.

The operations are those of the routing tables; each is asked for in all the shapes of its entry,
in all ways, about Beta's things and about things that are nobody's. An answer may hold no word of
Beta's, must be the same as if there were no such thing, and must leave Beta as it was.
"""

import os
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Route

from tamamo.asgi import build
from tamamo.context import api
from tamamo.context.ngsiv2 import routes as ngsiv2
from tamamo.kernel.identity import Identity, unlimited
from tamamo.kernel.settings import Settings
from tamamo.publishing.datasets.rights import Sight
from tamamo.registers.features.resources import RESOURCES
from tests.access import operations_v2  # noqa: F401 - registers its entries
from tests.access.operations import ENTRIES, Shape
from tests.access.operations_open import expanded
from tests.access.ways import FEW, WAYS, Way
from tests.access.world import Answer, Ids, World, opened, settings_of

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_VARIES = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z?|PT\d+S|tamamo-[0-9a-f]{16}|[0-9a-f]{24}|id: \S+")
#: What each request changes by itself: not about the town asked for.
_COUNTS = re.compile(r"ratelimit.*|retry-after.*|tamamo_.*|process_.*|python_.*|link: .*prev.*")


@pytest.fixture
async def world(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    async with opened(settings_of(tmp_path / "home", database_url)) as settled:
        yield settled


def operations(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield (method, path) of everything the application answers to itself."""
    for prefix, routes in ((api.PREFIX, api.ROUTES), (ngsiv2.PREFIX, ngsiv2.ROUTES)):
        for route in routes:
            for method in route.app.operations:  # type: ignore[attr-defined]
                yield method, prefix + route.path
    for resource in RESOURCES:
        yield "GET", f"/t/{{town}}/ogc{resource.path}"
    for route in build(settings).routes:
        if isinstance(route, Route):
            yield from expanded(route)


def test_every_operation_has_an_entry(tmp_path: Path) -> None:
    known = set(operations(Settings(home=tmp_path)))
    assert known - ENTRIES.keys() == set(), "say in tests/access how these could leak"
    assert ENTRIES.keys() - known == set(), "these are no operations any more"
    assert len(known) > 200
    assert {way.name for way in WAYS} >= FEW


async def ask(world: World, method: str, shape: Shape, way: Way, ids: Ids) -> Answer:
    headers = [*way.headers(ids), *shape.headers]
    if way.who is not None:
        key = world.keys.get(way.who) or world.keys[f"{way.who} of {ids.home}"]
        headers.insert(0, ("Authorization", key))
    return await world.ask(method, shape.path, headers, shape.body, seconds=shape.seconds)


def plain(answer: Answer, ids: Ids) -> str:
    """Return an answer without what tells which ids were asked for, and without what varies."""
    text = answer.text.replace(ids.data_tenant.rpartition("\x01")[2], "DATA")
    text = text.replace(ids.word, "WORD").replace(ids.home, "HOME")
    text = text.replace(ids.tenant.title(), "TENANT")
    # What is open is asked for in Beta by either: what is there, and what is nobody's.
    text = text.replace(ids.tenant, "TENANT").replace("beta", "TENANT").replace(ids.context, "UUID")
    text = _VARIES.sub("…", _UUID.sub("UUID", text))
    lines = [line for line in text.splitlines() if not _COUNTS.fullmatch(line)]
    return "\n".join(line for line in lines if not line.startswith(("content-length", "# ")))


class Table:
    """What was tried, and what came of it."""

    def __init__(self) -> None:
        self.tried: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self.leaks: list[str] = []
        self.told: list[str] = []
        self.errors: list[str] = []

    def text(self) -> str:
        """Return it to be shown: operations, and the requests tried of each in each way."""
        ways = list(dict.fromkeys(name for row in self.tried.values() for name in row))
        lines = [f"{at:2} {name}" for at, name in enumerate(ways, 1)]
        lines += [
            "",
            " ".join(["requests".rjust(8), *(f"{n:>3}" for n in range(1, len(ways) + 1))]),
        ]
        for (method, path), row in sorted(self.tried.items(), key=lambda item: item[0][1]):
            cells = " ".join(f"{row.get(name, 0):>3}" for name in ways)
            lines.append(f"{sum(row.values()):8} {cells}  {method} {path}")
        total = sum(sum(row.values()) for row in self.tried.values())
        lines.append(
            f"\n{len(self.tried)} operations, {len(ways)} ways, {total} requests:"
            f" {len(self.leaks)} leaks, {len(self.told)} answers that tell what exists,"
            f" {len(self.errors)} errors of the server"
        )
        return "\n".join(lines)


async def run(world: World, ways: list[Way]) -> Table:
    """Try everything."""
    table = Table()
    for (method, path), shapes in ENTRIES.items():
        for way in ways:
            pairs = zip(shapes(world.real), shapes(world.fake), strict=True)
            for real, fake in pairs:
                if real.few and way.name not in FEW:
                    continue
                absent = await ask(world, method, fake, way, world.fake)
                answer = await ask(world, method, real, way, world.real)
                table.tried[method, path][way.name] += 2
                where = f"{method} {real.path} [{way.name}]"
                if found := world.leaks(answer, way.headers(world.real)):
                    table.leaks.append(f"{where}: {answer.status} {sorted(found)}")
                one, other = plain(answer, world.real), plain(absent, world.fake)
                if one != other and not real.public:
                    table.told.append(f"{where}:\n{one}\n--- but otherwise\n{other}")
                if answer.status == 429 or (answer.status >= 500 and answer.status != 503):
                    table.errors.append(f"{where}: {answer.text}")
    return table


def _show(text: str, home: Path) -> None:
    """Print the table, and write it to the file that ACCESS_TABLE names."""
    place = Path(os.environ.get("ACCESS_TABLE") or home / "table.txt")
    place.write_text(text + "\n", "utf-8")
    print(text)


async def test_nothing_crosses_towns(world: World, tmp_path: Path) -> None:
    before = await world.fingerprint()
    table = await run(world, WAYS)
    after = await world.fingerprint()
    text = table.text()
    _show(text, tmp_path)
    assert not table.leaks, "\n".join(table.leaks[:20])
    assert not table.errors, "\n".join(table.errors[:5])
    assert not table.told, f"{len(table.told)} tell:\n" + "\n\n".join(table.told[:10])
    assert {name for name in before if before[name] != after[name]} == set()
    assert before.keys() == after.keys()
    assert any(value != before["rollup_mark"] for value in before.values())


async def test_the_table_finds_what_leaks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were Alpha's operator let in, nearly every operation would tell of Beta or change it."""

    async def access(_: Identity, _actor: Any, tenant: str) -> Any:
        return unlimited(tenant)

    def states(_: Sight, _wanted: str) -> list[str]:
        return ["published", "draft", "unpublished"]

    before = await world.fingerprint()
    monkeypatch.setattr(Identity, "access", access)
    # And were what is not published shown, most of what is open would tell of it.
    monkeypatch.setattr(Sight, "states", states)
    monkeypatch.setattr(Sight, "require", Sight.known)
    table = await run(world, [way for way in WAYS if way.name == "operator of Alpha, names Beta"])
    telling = {line.partition(" [")[0] for line in [*table.leaks, *table.told]}
    assert len(telling) > 100
    assert len(table.leaks) > 35
    assert len([line for line in telling if "/api/3/" in line or "/data/" in line]) > 30
    after = await world.fingerprint()
    assert len([name for name in before if before[name] != after.get(name)]) > 8
