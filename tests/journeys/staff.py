"""A town with registers and people of several rights on a real server that checks who asks."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest
from playwright.sync_api import expect

from tests.accounts.signing import PASSWORD, make_user
from tests.conftest import _fresh_database, running_server
from tests.journeys.conftest import GAUGES, Notes, _page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HANAKO, TARO, AUDITOR, RESIDENT = "hanako", "taro", "auditor", "resident"
SCRIPT = "<script>document.title='taken'</script>"
GAUGE = "urn:ngsi-ld:FloodMonitoring:9001"
_PEOPLE = {
    HANAKO: ("香川 花子", ("default", "editor")),
    TARO: ("讃岐 太郎", ("default", "editor")),
    AUDITOR: ("監査 役", ("default", "auditor")),
    RESIDENT: ("高松 市民", ("default", "resident")),
}
Desk = Callable[..., Any]


def shelter(number: int, name: str, capacity: int | None = None) -> dict[str, Any]:
    """Return a shelter as the API takes it."""
    place = {"type": "Point", "coordinates": [134.0 + number / 1000, 34.3]}
    entity: dict[str, Any] = {
        "id": f"urn:ngsi-ld:EvacuationShelter:{number}",
        "type": "EvacuationShelter",
        "shelterID": {"type": "Property", "value": str(number)},
        "name": {"type": "Property", "value": name},
        "location": {"type": "GeoProperty", "value": place},
    }
    if capacity is not None:
        entity["capacity"] = {"type": "Property", "value": capacity}
    return entity


def shelters() -> list[dict[str, Any]]:
    """Return sixty shelters: two pages of the list, one with a script for a name."""
    return [
        shelter(number, SCRIPT if number == 3 else f"避難所{number:02d}", number * 10)
        for number in range(1, 61)
    ]


@dataclass
class Office:
    """The server, its database, and what a test looks up behind the pages."""

    base: str
    dsn: str
    key: str
    #: Cookies of those who signed in: who comes again in a later test is signed in still.
    signed_in: dict[str, Any] = field(default_factory=dict)

    def put(self, entities: list[dict[str, Any]]) -> None:
        """Store entities as a program with the installation's key does."""
        answer = httpx.post(
            f"{self.base}/ngsi-ld/v1/entityOperations/upsert",
            json=entities,
            headers={"Authorization": f"Bearer {self.key}"},
        )
        assert answer.status_code in (201, 204), answer.text

    def value(self, entity: str, attribute: str) -> Any:
        """Return what the public API says about an attribute; None when there is none."""
        answer = httpx.get(
            f"{self.base}/ngsi-ld/v1/entities/{entity}", params={"options": "keyValues"}
        )
        return answer.json().get(attribute) if answer.status_code == 200 else None

    def wait_for_rows(self, least: int, seconds: float = 30) -> None:
        """Wait until `tamamo work` has brought the registers into the database."""
        end = time.monotonic() + seconds
        while self.count("select count(*) from register_row") < least:
            assert time.monotonic() < end, "the registers have no rows"
            time.sleep(0.1)

    def count(self, statement: str, *values: Any) -> int:
        """Return a number from the database."""
        with psycopg.connect(self.dsn) as connection:
            row = connection.execute(statement, values).fetchone()  # type: ignore[call-overload]
        return int(row[0])


@pytest.fixture(scope="module")
def _office(cluster_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    home: Path = tmp_path_factory.mktemp("staff")
    with _fresh_database(cluster_dsn) as dsn:
        for login, (name, grant) in _PEOPLE.items():
            make_user(dsn, f"{login}@example.jp", grant, name=name, home_tenant="default")
        with running_server(home, dsn=dsn) as base:
            key = (home / "secrets" / "api-key").read_text().strip()
            yield Office(base, dsn, key)


@pytest.fixture
def office(_office: Office) -> Office:
    """The town as every test finds it."""
    _office.put(GAUGES)
    _office.put(shelters())
    _office.wait_for_rows(len(GAUGES) + len(shelters()))
    return _office


@pytest.fixture
def desk(browser: "Browser", office: Office) -> Iterator[Desk]:
    """Sign somebody in and open a staff page; at the end no script may have failed."""
    notes = Notes()
    with ExitStack() as opened:

        def open_desk(login: str, path: str, **options: Any) -> "Page":
            kept = {"storage_state": office.signed_in.get(login)}
            page = opened.enter_context(_page(browser, notes, False, {**kept, **options}))
            if login in office.signed_in:
                page.goto(office.base + path)
            if login not in office.signed_in or "/account/login/" in page.url:
                sign_in(page, office.base, login)
                office.signed_in[login] = page.context.storage_state()
                page.goto(office.base + path)
            return page

        yield open_desk
    assert notes.errors == []
    assert notes.refused == []


def sign_in(page: "Page", base: str, login: str) -> None:
    """Sign in as people do."""
    page.goto(base + "/account/login/")
    page.locator("input[name=login]").fill(f"{login}@example.jp")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("form:has(input[name=password]) button").first.click()
    expect(page.locator("input[name=password]")).to_have_count(0)
