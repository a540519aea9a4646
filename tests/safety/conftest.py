"""A real installation on which everybody signs in, and every address it answers to."""

import re
from collections.abc import Iterator

import httpx
import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import LocalePrefixPattern, RegexPattern, RoutePattern

from tests.accounts.conftest import Site, running_site

#: What stands in place of a part of an address, by Django's kind of it.
SAMPLES = {"int": "1", "uuid": "00000000-0000-4000-8000-000000000001"}
#: Beside Django's: the broker's doors, what it says of itself, and what nobody answers to.
OTHERS = [
    "/healthz", "/readyz", "/metrics", "/api", "/api/ngsi-ld.json", "/sse", "/nothing-here",
    "/ngsi-ld/v1/entities?type=Gauge", "/ngsi-ld/v1/nothing", "/ngsi-ld/v1/types", "/v2",
    "/v2/entities", "/static/nothing.js", "/en/nothing", "/%ff", "/../../etc/passwd",
]  # fmt: skip


@pytest.fixture(scope="module")
def site(cluster_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(cluster_dsn, tmp_path_factory.mktemp("safety")) as running:
        yield running


@pytest.fixture
def browser(site: Site) -> Iterator[httpx.Client]:
    with site.browser(headers={"Accept": "text/html"}) as client:
        yield client


def addresses() -> list[str]:
    """Every address of the web faces, Japanese and English, its variable parts filled in."""
    found = {"/" + path for path in _paths(get_resolver().url_patterns)}
    return sorted(found)


def _paths(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    for one in patterns:
        for part in _parts(one.pattern):
            if isinstance(one, URLResolver):
                yield from _paths(one.url_patterns, before + part)
            else:
                yield before + part


def _parts(pattern: object) -> list[str]:
    if isinstance(pattern, LocalePrefixPattern):
        return ["", "en/"]
    if isinstance(pattern, RoutePattern):
        return [re.sub(r"<(?:(\w+):)?\w+>", _sample, str(pattern))]
    assert isinstance(pattern, RegexPattern)
    text = re.sub(r"\(\?P<\w+>[^()]*\)", "x-1", str(pattern))
    return [re.sub(r"\\(.)", r"\1", text).strip("^$")]


def _sample(found: re.Match[str]) -> str:
    return SAMPLES.get(found[1] or "str", "x")
