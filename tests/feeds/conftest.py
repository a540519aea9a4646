import pytest

from tamamo.context.jsonld.resolve import default_map
from tamamo.feeds.readers.river import Terms


@pytest.fixture(scope="session")
def terms() -> Terms:
    """The names of the core context, as feeds use them."""
    return default_map().terms


@pytest.fixture(scope="session")
def opendata(shared_data):
    return shared_data / "opendata"


@pytest.fixture(scope="session")
def river_file(shared_data):
    return shared_data / "river" / "kagawa_crisis_waterlevel_2026-06.csv"
