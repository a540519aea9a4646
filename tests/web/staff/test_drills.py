"""The staff pages of drills over a real server: the form, the clock, events by hand, the review."""

import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tamamo.kernel.home import api_key
from tests.access.world import LD
from tests.accounts.signing import make_user, post, sign_in
from tests.conftest import TEMPLATE, running_server

NIGHT = "typhoon-16-2004"


@dataclass
class Staff:
    """A server with the town Alpha, and people who work there."""

    base: str
    key: str
    dsn: str
    leader: httpx.Client
    editor: httpx.Client
    stranger: httpx.Client
    people: dict[str, str]

    def rows(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(statement.encode(), values).fetchall()

    def make(self, **more: str) -> str:
        """Make a drill through the form, wait until it is ready, return its name."""
        page = "/staff/alpha/drills/new/"
        data = {"title": "高潮訓練", "scenario": NIGHT, "people": self.people["leader"],
                "own": "1", "expires_at": "24", **more}  # fmt: skip
        answer = post(self.leader, page, data)
        assert answer.status_code == 302, answer.text
        address = answer.headers["Location"].partition("?")[0]
        end = time.monotonic() + 30
        while 'value="start"' not in (text := self.leader.get(address).text):
            assert time.monotonic() < end, text
            time.sleep(0.1)
        return address.rstrip("/").rpartition("/")[2]

    def go(self, drill: str, act: str, speed: str = "") -> httpx.Response:
        page = f"/staff/alpha/drills/{drill}/"
        return post(self.leader, f"{page}turn/", {"act": act, "speed": speed}, page)

    def wait(self, drill: str, text: str, seconds: float = 30) -> str:
        """Wait until a text stands on the page of a drill; return the page."""
        end = time.monotonic() + seconds
        while text not in (page := self.leader.get(f"/staff/alpha/drills/{drill}/").text):
            assert time.monotonic() < end, page
            time.sleep(0.2)
        return page


@pytest.fixture(scope="module")
def staff(cluster_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staff]:
    name = f"t_{secrets.token_hex(6)}"
    with psycopg.connect(cluster_dsn, autocommit=True) as connection:
        connection.execute(f"create database {name} template {TEMPLATE}".encode())
    dsn = make_conninfo(cluster_dsn, dbname=name)
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "insert into tenant (name, title, public_types) values"
            ' (\'alpha\', \'{"ja": "甲町", "en": "Alpha"}\', \'{*}\'),'
            ' (\'beta\', \'{"ja": "乙町", "en": "Beta"}\', \'{*}\')'
        )
    people = {
        "leader": make_user(dsn, "leader@example.jp", ("alpha", "approver"), name="危機 一郎",
                            home_tenant="alpha"),
        "editor": make_user(dsn, "editor@example.jp", ("alpha", "editor"), name="当直 花子",
                            home_tenant="alpha"),
        "stranger": make_user(dsn, "other@example.jp", ("beta", "operator"), home_tenant="beta"),
    }  # fmt: skip
    home: Path = tmp_path_factory.mktemp("drills") / "home"
    home.mkdir()
    key = api_key(home)
    with running_server(home, dsn=dsn) as base:
        clients = {who: httpx.Client(base_url=base, timeout=30) for who in people}
        for who, mail in (("leader", "leader"), ("editor", "editor"), ("stranger", "other")):
            assert sign_in(clients[who], f"{mail}@example.jp").status_code == 302
        entity = {"id": "urn:ngsi-ld:SeaConditions:sea", "type": "SeaConditions",
                  "name": {"type": "Property", "value": "高松港"}}  # fmt: skip
        headers = {"Authorization": f"Bearer {key}", "NGSILD-Tenant": "alpha"}
        assert httpx.post(f"{base}{LD}/entities", json=entity, headers=headers).status_code == 201
        subjects = {who: f"user:{number}" for who, number in people.items()}
        yield Staff(base, key, dsn, *clients.values(), subjects)
        for client in clients.values():
            client.close()


def test_a_form_that_is_wrong_says_so_and_keeps_what_was_typed(staff: Staff) -> None:
    data = {"title": "", "scenario": NIGHT, "recipients": "nobody\nduty@example.jp",
            "begins_at": "yesterday", "expires_at": "24"}  # fmt: skip
    answer = post(staff.leader, "/staff/alpha/drills/new/", data)
    assert answer.status_code == 422
    for field in ("title", "people", "recipients", "begins_at"):
        assert f'href="#f-{field}"' in answer.text or field == "recipients"
    assert "nobody\nduty@example.jp" in answer.text
    assert 'value="yesterday"' in answer.text


def test_only_those_who_lead_the_town_see_the_form(staff: Staff) -> None:
    assert staff.editor.get("/staff/alpha/drills/").status_code == 200
    assert staff.editor.get("/staff/alpha/drills/new/").status_code == 403
    assert staff.stranger.get("/staff/alpha/drills/").status_code == 404


def test_a_whole_drill(staff: Staff) -> None:
    drill = staff.make(people=staff.people["leader"])
    page = f"/staff/alpha/drills/{drill}/"
    assert 'class="drill-banner"' in staff.leader.get(page).text
    assert staff.go(drill, "start", "3600").status_code == 302
    text = staff.wait(drill, "高潮注意報の電文")
    assert "次に起きること" in text
    # By hand: a call now, an event before its time, a value.
    answer = post(staff.leader, f"{page}inject/", {"kind": "call", "text": "堤防から水"}, page)
    assert answer.status_code == 302
    assert post(staff.leader, f"{page}inject/", {"event": "call-care"}, page).status_code == 302
    assert post(staff.leader, f"{page}inject/", {"event": "call-care"}, page).status_code == 409
    answer = post(staff.leader, f"{page}inject/", {"place": "port", "value": "x"}, page)
    assert answer.status_code == 422
    assert post(staff.leader, f"{page}inject/", {"text": " "}, page).status_code == 422
    # The duty officer of the drill's own staff pages says what was decided.
    answer = post(staff.leader, f"{page}decide/", {"key": "headquarters"}, page)
    assert answer.status_code == 302
    text = staff.wait(drill, "最高潮位 2.46 m")
    assert "堤防から水" in text
    staff.wait(drill, "アラート発生")  # rules follow at their own pace
    assert staff.go(drill, "pause").status_code == 302
    assert staff.go(drill, "pause").status_code == 409
    assert 'value="go_on"' in staff.leader.get(page).text
    # Ended: named, confirmed, and the review stays.
    assert "二度と" in staff.leader.get(f"{page}end/").text or "終了" in text
    answer = post(staff.leader, f"{page}end/", {})
    assert answer.headers["Location"].endswith(f"/{drill}/review/?done=ended")
    review = staff.leader.get(f"{page}review/").text
    assert "堤防から水" in review
    assert "潮位" in review
    assert "未実施" in review
    answer = post(staff.editor, f"{page}review/", {"about": "", "comment": "記録者が足りない"})
    assert answer.status_code == 302
    answer = post(staff.editor, f"{page}review/", {"about": "evacuate", "verdict": "done"})
    assert answer.status_code == 302
    assert post(staff.editor, f"{page}review/", {"comment": ""}).status_code == 422
    review = staff.leader.get(f"{page}review/").text
    assert "記録者が足りない" in review
    assert "当直 花子" in review
    table = staff.leader.get(f"{page}log.csv")
    assert table.headers["Content-Disposition"].startswith('attachment; filename="drill-log-')
    lines = table.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("訓練 DRILL")
    assert lines[1].startswith("drill_time,noted_at,kind")
    assert any("堤防から水" in line for line in lines)
    assert staff.leader.get(f"{page}log.xlsx").content[:2] == b"PK"
    assert post(staff.leader, f"{page}delete/", {}).headers["Location"].endswith("?deleted")
    assert staff.leader.get(page).status_code == 404


def test_another_towns_staff_and_those_who_do_not_lead(staff: Staff) -> None:
    drill = staff.make()
    page = f"/staff/alpha/drills/{drill}/"
    for path in ("", "review/", "log.csv"):
        assert staff.stranger.get(page + path).status_code == 404
        assert staff.stranger.get(f"/staff/beta/drills/{drill}/{path}").status_code == 404
    answer = post(staff.editor, f"{page}turn/", {"act": "start"}, "/staff/alpha/drills/")
    assert answer.status_code == 403
    assert staff.editor.get(f"{page}end/").status_code == 403
    # The editor does not take part: the drill's own pages are not theirs.
    assert staff.editor.get(f"/staff/{drill}/").status_code == 404
    assert staff.leader.get(f"/staff/{drill}/").status_code == 200
    # Nobody makes a drill of a drill.
    assert staff.leader.get(f"/staff/{drill}/drills/new/").status_code == 403


def test_nothing_leaves_that_is_not_on_the_list(staff: Staff) -> None:
    drill = staff.make(own="", recipients="https://hook.example/allowed")
    headers = {"Authorization": f"Bearer {staff.key}", "NGSILD-Tenant": drill}
    for number, (url, status) in enumerate(
        (("https://hook.example/allowed", 201), ("https://other.example/", 403)), 1
    ):
        body = {"id": f"urn:ngsi-ld:Subscription:{number}", "type": "Subscription",
                "entities": [{"type": "SeaConditions"}],
                "notification": {"endpoint": {"uri": url}}}  # fmt: skip
        answer = httpx.post(f"{staff.base}{LD}/subscriptions", json=body, headers=headers)
        assert answer.status_code == status, answer.text
    body = {"id": "urn:ngsi-ld:ContextSourceRegistration:1", "type": "ContextSourceRegistration",
            "endpoint": "https://hook.example/allowed",
            "information": [{"entities": [{"type": "SeaConditions"}]}]}  # fmt: skip
    answer = httpx.post(f"{staff.base}{LD}/csourceRegistrations", json=body, headers=headers)
    assert answer.status_code == 403


def test_only_who_may_read_contacts_sees_where_messages_went(staff: Staff) -> None:
    drill = staff.make()
    with psycopg.connect(staff.dsn) as connection:
        connection.execute(
            "insert into message (tenant, channel, recipient, subject, body, host, state, drill,"
            " created_at, expires_at) values (%s, 'sms', '090-1234-5678', '招集', '…', 'sms',"
            " 'withheld', true, now(),"
            " now())",
            [drill],
        )
        connection.execute(
            "insert into contact (tenant, id, name, organisation, note, addresses)"
            " values (%s, '7d9f5d1e-8a45-4f5e-9a3e-0c3b1c6a2f11', '当直', '', '',"
            """ '[{"channel": "sms", "to": "090-1234-5678"}]')""",
            [drill],
        )
        connection.execute(
            "update role_grant set types = '{https://x.jp/Gauge}'"
            " where tenant = 'alpha' and subject = %s",
            [staff.people["editor"]],
        )
    page = f"/staff/alpha/drills/{drill}/"
    time.sleep(3)  # rights are looked up at most 2.5 s late
    for path in ("", "review/", "log.csv"):
        assert "090-1234-5678" in staff.leader.get(page + path).text
        answer = staff.editor.get(page + path)
        assert answer.status_code == 200
        assert "招集" in answer.text
        assert "090-1234-5678" not in answer.text
    # Whose address was shown to whom stands in the town's log: the page once, each file again.
    noted = staff.rows(
        "select actor, object, after::text from audit_event"
        " where tenant = 'alpha' and action = 'personal.read'"
    )
    assert [(one[0], one[1]) for one in noted] == [
        (staff.people["leader"], "contact:7d9f5d1e-8a45-4f5e-9a3e-0c3b1c6a2f11")
    ] * 2
    assert "drill log" in str(noted[0][2])
    assert "090" not in str(noted)


def test_it_is_in_no_list_of_towns(staff: Staff) -> None:
    drill = staff.make()
    assert drill not in httpx.get(f"{staff.base}/").text
    assert drill not in httpx.get(f"{staff.base}/t/alpha/").text
    page = httpx.get(f"{staff.base}/t/{drill}/")
    assert page.status_code == 200
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert re.search(r"<title>【訓練】", page.text)
