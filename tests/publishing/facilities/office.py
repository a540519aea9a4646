"""A town with facilities, and people of several divisions, on a real server."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg

from tests.accounts.signing import make_user, sign_in, token_of
from tests.conftest import _fresh_database, running_server

WELFARE, PARKS, ABOVE = "健康福祉局/障がい福祉課", "都市整備局/公園緑地課", "都市整備局"
#: Login → name, role, unit.
PEOPLE = {
    "welfare": ("福祉 花子", "editor", WELFARE),
    "parks": ("公園 太郎", "editor", PARKS),
    "above": ("都市 次郎", "editor", ABOVE),
    "auditor": ("監査 役", "auditor", None),
}
UNITS = ("健康福祉局", WELFARE, ABOVE, PARKS)


def facility(
    number: int, name: str, place: tuple[float, float] | None = None, **values: Any
) -> Any:
    """Return a facility as the API takes it."""
    longitude, latitude = place or (134.04 + number / 1000, 34.33)
    attributes = {name: {"type": "Property", "value": value} for name, value in values.items()}
    return {
        "id": f"urn:ngsi-ld:AccessibleFacility:{number}",
        "type": "AccessibleFacility",
        "facilityID": {"type": "Property", "value": str(number)},
        "name": {"type": "Property", "value": name},
        "location": {
            "type": "GeoProperty",
            "value": {"type": "Point", "coordinates": [longitude, latitude]},
        },
        **attributes,
    }


FACILITIES = [
    facility(
        1, "中央図書館", alternateName="Central Library", category="library", entrance="level",
        lift="yes", entranceWidth=120, entranceSurveyedOn="2026-04-01", wheelchairToilet=True,
        ostomate=True, toiletSurveyedOn="2026-05-01", accessibleParking=True, nursingRoom=True,
        accessibleParkingSpaces=3, assistanceDog=True, informationSupport=["hearing_loop"],
        supportSurveyedOn="2020-01-01", address={"streetAddress": "番町一丁目"},
    ),
    facility(2, "仏生山公園", category="park", entrance="slope", wheelchairToilet=True,
             ostomate=False),
    facility(3, "石段茶屋<script>", category="shop", entrance="steps", wheelchairToilet=False),
    facility(4, "未調査の集会所", category="community"),
    facility(5, "模擬センター", category="welfare", entrance="level", lift="not_needed",
             wheelchairToilet=True, ostomate=True, simulated=True),
]  # fmt: skip


@dataclass
class Town:
    """The server, its database and its people's browsers ("": somebody without an account)."""

    base: str
    dsn: str
    key: str
    people: dict[str, httpx.Client]

    def put(self, entities: list[Any]) -> None:
        """Store entities as a program with the installation's key does."""
        answer = httpx.post(
            f"{self.base}/ngsi-ld/v1/entityOperations/upsert", json=entities,
            headers={"Authorization": f"Bearer {self.key}"},
        )  # fmt: skip
        assert answer.status_code in (201, 204), answer.text

    def one(self, statement: str, *values: Any) -> Any:
        """Return the first value of a statement."""
        with psycopg.connect(self.dsn) as connection:
            row = connection.execute(statement.encode(), list(values)).fetchone()
            return row[0] if row else None

    def get(self, path: str, who: str = "") -> httpx.Response:
        """Open a page."""
        return self.people[who].get(path)

    def send(self, path: str, who: str = "", form: str = "", **fields: Any) -> httpx.Response:
        """Send a form with the token of a page."""
        token = token_of(self.get(form or path, who).text)
        files = {name: fields.pop(name) for name in [*fields] if name == "photo"}
        data = {"csrfmiddlewaretoken": token, **fields}
        return self.people[who].post(path, data=data, files=files or None)

    def wait_for_rows(self, least: int) -> None:
        """Wait until `tamamo work` has brought the registers into the database."""
        end = time.monotonic() + 30
        wanted = "select count(*) from register_row where register = 'facilities'"
        while self.one(wanted) < least or not self.one("select count(*) from type_part"):
            assert time.monotonic() < end, "the register has no rows"
            time.sleep(0.1)


@contextmanager
def open_town(cluster_dsn: str, home: Path) -> Iterator[Town]:
    """Run the town."""
    with _fresh_database(cluster_dsn) as dsn:
        with psycopg.connect(dsn) as connection:
            for place, unit in enumerate(UNITS):
                parent, _, name = unit.rpartition("/")
                connection.execute(
                    "insert into org_unit (tenant, id, parent, name, position, valid_from)"
                    " values ('default', %s, %s, %s, %s, '2020-04-01')",
                    [unit, parent or None, name, place],
                )
        for login, (name, role, held) in PEOPLE.items():
            number = make_user(dsn, f"{login}@example.jp", ("default", role), name=name,
                               home_tenant="default")  # fmt: skip
            with psycopg.connect(dsn) as connection:
                connection.execute(
                    "update role_grant set unit = %s where subject = %s", [held, f"user:{number}"]
                )
        with running_server(home, dsn=dsn) as base:
            key = (home / "secrets" / "api-key").read_text().strip()
            people = {name: httpx.Client(base_url=base, timeout=30) for name in ("", *PEOPLE)}
            for login in PEOPLE:
                assert sign_in(people[login], f"{login}@example.jp").status_code == 302
            town = Town(base, dsn, key, people)
            town.put(FACILITIES)
            town.wait_for_rows(len(FACILITIES))
            yield town
            for client in people.values():
                client.close()
