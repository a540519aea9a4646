"""Data sources are named by towns that show everything to everybody, and by no other."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.test import AsyncRequestFactory

from tamamo.feeds import counting
from tamamo.kernel.towns import Town
from tamamo.kernel.towns.town import ALL_TYPES
from tamamo.web.portal.watch import views


@pytest.mark.parametrize(
    ("public", "asked"),
    [
        (frozenset[str](), []),
        (frozenset({"https://smartdatamodels.org/FloodMonitoring"}), []),
        (frozenset({ALL_TYPES}), ["beta"]),
    ],
)
async def test_who_shows_some_types_names_no_feeds(
    monkeypatch: pytest.MonkeyPatch, public: frozenset[str], asked: list[str]
) -> None:
    seen: list[str] = []

    async def sources(_pool: Any, tenant: str, now: str) -> list[Any]:
        assert now == f"clock of {tenant}"  # in a drill: the drill's
        seen.append(tenant)
        return []

    monkeypatch.setattr(counting, "sources", sources)
    towns = SimpleNamespace(clock=lambda name: f"clock of {name}")
    request: Any = AsyncRequestFactory().get("/sources/")
    request.scope["state"] = {"broker": SimpleNamespace(pool=None, towns=towns)}
    request.town = Town("beta", public_types=public)
    assert (await views.sources_file(request, "json")).status_code == 200
    assert seen == asked
