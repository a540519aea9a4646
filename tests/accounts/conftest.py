"""A real installation for each module, with its own database: no `--open`, people sign in."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import psycopg
import pytest

from tests.conftest import _fresh_database, running_server

if "DJANGO_SETTINGS_MODULE" not in os.environ:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tamamo.web.settings"
    os.environ["TAMAMO_HOME"] = tempfile.mkdtemp(prefix="tamamo-accounts-")
    import django

    django.setup()
    del os.environ["TAMAMO_HOME"]


@dataclass(frozen=True)
class Site:
    """A running installation and what tests do behind its back."""

    base: str
    dsn: str
    home: Path

    def browser(self, **options: Any) -> httpx.Client:
        """A new browser: its own cookies, no redirects followed."""
        return httpx.Client(base_url=self.base, timeout=30, **options)

    def sql(self, statement: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Run a statement in the installation's database."""
        with psycopg.connect(self.dsn) as connection:
            cursor = connection.execute(statement, parameters)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []


@contextmanager
def running_site(dsn: str, home: Path, **settings: str) -> Iterator[Site]:
    """Run `tamamo serve` with these TAMAMO_ settings."""
    variables = {f"TAMAMO_{name.upper()}": value for name, value in settings.items()}
    with _fresh_database(dsn) as fresh, ExitStack() as stack:
        with patch.dict(os.environ, variables):
            base = stack.enter_context(running_server(home, dsn=fresh))
        yield Site(base, fresh, home)


@pytest.fixture(scope="module")
def sites(
    cluster_dsn: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Site]]:
    """Make installations with settings of their own; they end with the module."""
    with ExitStack() as stack:

        def make(home: Path | None = None, **settings: str) -> Site:
            folder = home or tmp_path_factory.mktemp("site")
            return stack.enter_context(running_site(cluster_dsn, folder, **settings))

        yield make


@pytest.fixture(scope="module")
def site(sites: Callable[..., Site]) -> Site:
    """One installation, settings as they come; many tries from one address."""
    return sites(sign_in_rate="100000")
