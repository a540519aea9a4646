"""Django for the tests of the web faces, on a home of its own, and a client without a broker."""

import os
import tempfile

import pytest

_HOME = tempfile.mkdtemp(prefix="tamamo-web-")
os.environ["TAMAMO_HOME"] = _HOME
os.environ["DJANGO_SETTINGS_MODULE"] = "tamamo.web.settings"
import django  # noqa: E402  (the settings' home is read on import)

django.setup()
del os.environ["TAMAMO_HOME"]

from django.http import HttpRequest  # noqa: E402
from django.test import AsyncClient  # noqa: E402

from tamamo.web.portal import access  # noqa: E402
from tests.web.city_data import MemorySource  # noqa: E402


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> MemorySource:
    """The source the pages read from; a test fills it."""
    memory = MemorySource()

    async def source_of(_: HttpRequest) -> MemorySource:
        return memory

    monkeypatch.setattr(access, "source_of", source_of)
    monkeypatch.setattr(access, "installation", lambda _: memory)
    return memory


@pytest.fixture
def client(source: MemorySource) -> AsyncClient:
    """A browser without JavaScript."""
    return AsyncClient()
