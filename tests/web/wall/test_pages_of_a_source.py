"""A source elsewhere is asked for each page once, whatever of it can be used."""

from types import SimpleNamespace
from typing import Any

import pytest

from tamamo.context.distribution.receive import Received
from tamamo.web.wall import federation


@pytest.mark.parametrize("endless", [True, False])
async def test_what_cannot_be_used_is_not_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, endless: bool
) -> None:
    """Of a full page in which nothing may be read, the next page is asked for, up to the most."""
    asked: list[int] = []

    def request(_part: Any, page: dict[str, str], _terms: Any) -> Any:
        asked.append(int(page["offset"]))
        assert len(asked) < 100

    async def ask(_caller: Any, _source: Any, make: Any) -> Any:
        make(None)
        return SimpleNamespace(ok=True)

    async def read_entities(*_: Any) -> Received:
        full = endless or len(asked) < 3
        return Received([], federation._PAGE if full else 7)

    monkeypatch.setattr(federation, "_request", request)
    monkeypatch.setattr(federation, "read_entities", read_entities)
    client = SimpleNamespace(ask=ask)
    broker: Any = SimpleNamespace(distribution=SimpleNamespace(client=client), contexts=None)
    part: Any = SimpleNamespace(source=None)
    caller: Any = None
    assert await federation._read(broker, caller, part) == []
    pages = federation.MOST // federation._PAGE if endless else 3
    assert asked == [n * federation._PAGE for n in range(pages)]
