"""The console on a real server, and a browser of an operator that notes what goes wrong."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest

from tests.accounts.signing import PASSWORD
from tests.conftest import _fresh_database, running_server
from tests.journeys.conftest import GAUGES
from tests.web.console.conftest import seed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

Open = Callable[..., Any]


@dataclass
class Server:
    """The server, its database, and what pages complained about."""

    base: str
    dsn: str
    contexts: "dict[tuple[str, str], BrowserContext]" = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    def status(self, key: str, method: str = "POST", tenant: str = "ayagawa") -> int:
        """What the broker answers to a device that writes a level with a key."""
        entity = {
            "id": "urn:ngsi-ld:FloodMonitoring:console",
            "type": "FloodMonitoring",
            "currentLevel": {"type": "Property", "value": 1.0},
        }
        answer = httpx.post(
            f"{self.base}/ngsi-ld/v1/entityOperations/upsert",
            json=[entity],
            headers={"Authorization": f"Bearer {key}", "NGSILD-Tenant": tenant},
        )
        return answer.status_code

    def execute(self, statement: str, *values: Any) -> Any:
        """Run a statement and return the first value of its first row."""
        with psycopg.connect(self.dsn) as connection:
            cursor = connection.execute(statement, list(values))
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None


@pytest.fixture(scope="module")
def server(cluster_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with _fresh_database(cluster_dsn) as dsn:
        seed(dsn)
        home = tmp_path_factory.mktemp("console")
        with running_server(home, dsn=dsn) as base:
            key = (home / "secrets" / "api-key").read_text().strip()
            answer = httpx.post(
                f"{base}/ngsi-ld/v1/entityOperations/upsert",
                json=GAUGES,
                headers={"Authorization": f"Bearer {key}"},
            )
            assert answer.status_code == 201, answer.text
            yield Server(base, dsn)


def _context(browser: "Browser", server: Server, who: str, options: dict[str, Any]) -> Any:
    key = (who, str(sorted(options.items())))
    if key not in server.contexts:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        page = context.new_page()
        page.goto(f"{server.base}/account/login/")
        page.fill("[name=login]", f"{who}@example.jp")
        page.fill("[name=password]", PASSWORD)
        page.locator("main form button").first.click()
        page.wait_for_url(lambda url: "/account/login" not in url)
        page.close()
        server.contexts[key] = context
    return server.contexts[key]


@pytest.fixture
def console(browser: "Browser", server: Server) -> Iterator[Open]:
    """Open a page of the console as somebody; nothing may be refused and no script may fail."""
    opened: list[Page] = []

    def open_page(path: str = "", who: str = "whole", prefix: str = "", **options: Any) -> "Page":
        page: Page = _context(browser, server, who, options).new_page()
        page.on("pageerror", lambda error: server.complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                server.complaints.append(message.text)
                if "Content Security Policy" in message.text
                else None
            ),
        )
        page.goto(f"{server.base}{prefix}/console/{path}")
        opened.append(page)
        return page

    yield open_page
    for page in opened:
        page.close()
    assert server.complaints == []
