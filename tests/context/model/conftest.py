"""Terms for the model's tests: some names of a city, the rest in the default vocabulary."""

import pytest

from tamamo.context.jsonld import TermMap
from tamamo.context.jsonld.resolve import term_map


@pytest.fixture(scope="session")
def terms() -> TermMap:
    return term_map({"ex": "https://example.org/", "Gauge": "ex:Gauge", "level": "ex:level"}, {})
