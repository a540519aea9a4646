"""A script in a name stays a name: on every page that can be reached, and in every export.

What people and feeds may write (names of gauges, towns and people, what was noted of feeds, acts
and jobs) holds a script, a broken-off attribute and a formula; a crawler follows every link.
"""

import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import httpx
import openpyxl
import pytest

from tamamo.kernel.audit import Event, append_sync
from tamamo.kernel.cells import as_text
from tests.accounts.conftest import Site
from tests.accounts.signing import make_user, sign_in

EVIL = "=1+1\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}"
#: What may not stand in a page as it is.
LIVE = re.compile(r"<script>alert|<img src=x|onerror=alert\(2\)>(?!&)|\b49\b}}", re.IGNORECASE)
#: More pages than the faces have of different kinds.
MOST_PAGES = 600

FILL = """
update tenant set title = jsonb_build_object('ja', %(evil)s::text, 'en', %(evil)s::text)
where name = 'default';
insert into feed (tenant, id, name_ja, name_en, source, licence, last_record, interval_seconds)
values ('default', 'evil', %(evil)s, %(evil)s, %(evil)s, %(evil)s, %(evil)s, 600);
insert into feed_error (tenant, feed_id, kind, last_at, count, message)
values ('default', 'evil', 'update_failed', now(), 3, %(evil)s);
insert into notification
    (tenant, entity_id, subscription_id, bucket, media, body, last_error, dead_at)
values ('default', %(evil)s, 'urn:ngsi-ld:Subscription:evil', 0, 'application/json', %(evil)s,
    %(evil)s, now());
insert into backup (file, trigger, actor, ended_at, error)
values (%(evil)s, 'command', %(evil)s, now(), %(evil)s);
"""


def gauge(number: int) -> dict[str, object]:
    place = {"type": "Point", "coordinates": [134.05 + number / 100, 34.33]}
    return {
        "id": f"urn:ngsi-ld:FloodMonitoring:evil-{number}",
        "type": "FloodMonitoring",
        "stationID": f"evil-{number}",
        "name": EVIL,
        "river": EVIL,
        "dataProvider": EVIL,
        "source": f"javascript:alert(1)//{EVIL}",
        "address": {"addressRegion": "香川県", "addressLocality": EVIL},
        "location": {"type": "GeoProperty", "value": place},
        "currentLevel": {
            "type": "Property",
            "value": 1.2,
            "unitCode": "MTR",
            "observedAt": "2026-11-22T00:00:00Z",
        },
        "alertLevel": 2.0,
        "dangerLevel": 3.0,
    }


def shelter(number: int) -> dict[str, object]:
    place = {"type": "Point", "coordinates": [134.05, 34.34]}
    return {
        "id": f"urn:ngsi-ld:EvacuationShelter:evil-{number}",
        "type": "EvacuationShelter",
        "name": EVIL,
        "description": EVIL,
        "address": {"streetAddress": EVIL},
        "location": {"type": "GeoProperty", "value": place},
    }


@pytest.fixture(scope="module")
def evil(site: Site) -> Iterator[httpx.Client]:
    """The operator's browser on a city where everything is called EVIL."""
    key = (site.home / "secrets" / "api-key").read_text().strip()
    headers = {"Authorization": f"Bearer {key}"}
    with site.browser(headers=headers) as client:
        answer = client.post(
            "/ngsi-ld/v1/entityOperations/create",
            json=[gauge(1), gauge(2), shelter(1), shelter(2)],
        )
        assert answer.status_code == 201, answer.text
    for statement in filter(None, map(str.strip, FILL.split(";\n"))):
        site.sql(statement, {"evil": EVIL})
    make_user(site.dsn, "evil@example.jp", ("*", "operator"), ("default", "editor"), name=EVIL)
    import psycopg

    with psycopg.connect(site.dsn) as connection:
        event = Event("default", EVIL, "register.edit", EVIL, {"name": EVIL}, {"name": EVIL})
        append_sync(connection, event)
    with site.browser(headers={"Accept": "text/html"}, follow_redirects=True) as client:
        assert sign_in(client, "evil@example.jp").status_code == 200
        yield client


@pytest.fixture(scope="module")
def pages(evil: httpx.Client) -> dict[str, httpx.Response]:
    """Every page and file that links lead to, by path; of pages that differ by query only a few."""
    waiting = deque(["/", "/en/", "/plan/", "/data/", "/account/", "/staff/", "/console/"])
    seen: set[str] = set(waiting)
    shapes: dict[str, int] = {}
    found: dict[str, httpx.Response] = {}
    while waiting and len(found) < MOST_PAGES:
        path = waiting.popleft()
        answer = evil.get(path)
        found[path] = answer
        if "html" not in answer.headers.get("content-type", ""):
            continue
        for link in re.findall(r'(?:href|action)="([^"#]+)', answer.text):
            target = urljoin(path, link.replace("&amp;", "&"))
            parts = urlsplit(target)
            shape = re.sub(r"[0-9a-f-]{36}|\d+", "#", parts.path)
            if parts.netloc or parts.scheme or target in seen or "/static/" in target:
                continue
            if (
                re.search(r"logout|/ngsi-ld/|/v2/|/plan/\w+/", parts.path)
                or shapes.get(shape, 0) > 1
            ):
                continue
            shapes[shape] = shapes.get(shape, 0) + 1
            seen.add(target)
            waiting.append(target)
    return found


def test_the_names_are_on_the_pages(pages: dict[str, httpx.Response]) -> None:
    """Else the other tests would prove nothing."""
    shown = {path for path, answer in pages.items() if "&lt;script&gt;alert(1)" in answer.text}
    assert "/" in shown and "/en/" in shown
    assert any(path.startswith("/gauges/") for path in shown)
    assert any(path.startswith("/staff/") for path in shown)
    assert any(path.startswith("/console/") for path in shown)
    assert any(path.startswith("/account/") for path in shown)


def test_no_page_carries_a_name_out(pages: dict[str, httpx.Response]) -> None:
    live = {
        path: found[0]
        for path, answer in pages.items()
        if "html" in answer.headers.get("content-type", "") and (found := LIVE.search(answer.text))
    }
    assert live == {}


def test_no_link_carries_out_a_script(pages: dict[str, httpx.Response]) -> None:
    live = {
        path: link
        for path, answer in pages.items()
        for link in re.findall(r'(?:href|src|action)="([^"]*)"', answer.text)
        if re.match(r"(?i)\s*(?:javascript|data|vbscript):", link)
    }
    assert live == {}


def test_every_page_answers(pages: dict[str, httpx.Response]) -> None:
    assert len(pages) < MOST_PAGES, "the crawler did not come to an end"
    broken = {
        path: answer.status_code for path, answer in pages.items() if answer.status_code >= 500
    }
    assert broken == {}


def test_nothing_else_than_a_page_is_shown_as_one(pages: dict[str, httpx.Response]) -> None:
    for path, answer in pages.items():
        kind = answer.headers.get("content-type", "")
        assert answer.headers["x-content-type-options"] == "nosniff", path
        if EVIL in answer.text and answer.status_code == 200:
            assert re.match(r"application/|text/(?:csv|plain)", kind), (path, kind)


def test_no_cell_of_an_export_is_a_formula(
    evil: httpx.Client, pages: dict[str, httpx.Response]
) -> None:
    files = [path for path in pages if ".csv" in path or "csv" in urlsplit(path).query]
    assert files
    seen = 0
    for path in files:
        text = evil.get(path).content.decode("utf-8-sig")
        cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
        wrong = [cell for cell in cells if cell != as_text(cell) and not cell.startswith("'")]
        assert wrong == [], path
        seen += sum(EVIL in cell for cell in cells)
    assert seen > 0


def test_no_cell_of_a_workbook_is_a_formula(
    evil: httpx.Client, pages: dict[str, httpx.Response]
) -> None:
    books = [path for path in pages if ".xlsx" in path or "xlsx" in urlsplit(path).query]
    assert books
    for path in books:
        book = openpyxl.load_workbook(io.BytesIO(evil.get(path).content))
        for sheet in book.worksheets:
            cells = [cell for row in sheet.iter_rows() for cell in row]
            assert [cell.value for cell in cells if cell.data_type == "f"] == [], path
