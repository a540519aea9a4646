"""The pages without a browser: who may do what, what is refused and how it is said."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.accounts.signing import make_user, sign_in, token_of
from tests.conftest import _fresh_database, running_server

HOME = "/en/staff/default/warnings/"
PEOPLE = {
    "writer": ("default", "editor"),
    "approver": ("default", "approver"),
    "operator": ("default", "operator"),
    "elsewhere": ("ayagawa", "approver"),
}
TEXT = {
    "event_ja": "避難指示", "event_en": "Evacuation order", "level": "4",
    "headline_ja": "避難指示：{area}", "headline_en": "Evacuation order: {area}",
    "description_ja": "川があふれるおそれ", "description_en": "The river may overflow.",
    "instruction_ja": "避難してください。", "instruction_en": "Leave now.",
    "category": "Met", "response": "Evacuate", "urgency": "Immediate", "severity": "Severe",
    "certainty": "Likely",
}  # fmt: skip


@dataclass
class Hall:
    """The server, its database, and its people's browsers."""

    base: str
    dsn: str
    people: dict[str, httpx.Client]

    def one(self, statement: str, *values: Any) -> Any:
        """The first value of a statement."""
        with psycopg.connect(self.dsn) as connection:
            row = connection.execute(statement.encode(), list(values)).fetchone()
            return row[0] if row else None

    def send(self, who: str, path: str, form: str = "", **fields: Any) -> httpx.Response:
        """Send a form with the token of a page."""
        client = self.people[who]
        token = token_of(client.get(form or path).text)
        return client.post(path, data={"csrfmiddlewaretoken": token, **fields})

    def draft(self, **changes: str) -> str:
        """Write a draft as the writer; return its path."""
        until = self.one("select to_char(now() at time zone 'Asia/Tokyo' + interval '3 hours',"
                         " 'YYYY-MM-DD HH24:MI')")  # fmt: skip
        path = f"{HOME}new/?template=evacuation-order"
        answer = self.send("writer", path, **(TEXT | {"valid_to": until} | changes))
        assert answer.status_code == 302, answer.text
        return str(answer.headers["location"].partition("?")[0])

    def published(self, **changes: str) -> str:
        """Bring a warning to the public; return its id."""
        path = self.draft(**changes)
        self.send("writer", f"{path}submit/", form=path, version=1)
        self.send("approver", f"{path}approve/", form=path, version=1)
        answer = self.send("writer", f"{path}publish/", version=1)
        assert answer.status_code == 302, answer.text
        found = re.search(r"/warnings/([0-9a-f-]{36})/", answer.headers["location"])
        assert found
        return found[1]


@pytest.fixture(scope="module")
def hall(cluster_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    home: Path = tmp_path_factory.mktemp("warnings")
    with _fresh_database(cluster_dsn) as dsn:
        with psycopg.connect(dsn) as connection:
            connection.execute(
                """insert into tenant (name, title) values ('ayagawa', '{"ja": "綾川町"}')"""
            )
        for who, (tenant, role) in PEOPLE.items():
            make_user(dsn, f"{who}@example.jp", (tenant, role), name=who, home_tenant=tenant)
        with running_server(home, dsn=dsn) as base:
            people = {who: httpx.Client(base_url=base, timeout=30) for who in ("", *PEOPLE)}
            for who in PEOPLE:
                assert sign_in(people[who], f"{who}@example.jp").status_code == 302
            yield Hall(base, dsn, people)
            for client in people.values():
                client.close()


def test_a_draft_is_nobody_elses(hall: Hall) -> None:
    path = hall.draft()
    assert hall.people["elsewhere"].get(path).status_code == 404
    assert hall.people["elsewhere"].get(path.replace("default", "ayagawa")).status_code == 404
    assert hall.people[""].get(path).status_code == 302  # to sign in
    page = hall.people["operator"].get(path)
    assert page.status_code == 200 and "Send for approval" not in page.text
    refused = hall.send("operator", f"{path}submit/", form=HOME + "setup/", version=1)
    assert refused.status_code == 403
    assert hall.people["operator"].get(f"{HOME}new/").status_code == 403


def test_an_approval_of_somebody_who_left_is_given_anew(hall: Hall) -> None:
    path = hall.draft()
    hall.send("writer", f"{path}submit/", form=path, version=1)
    hall.send("approver", f"{path}approve/", form=path, version=1)
    with psycopg.connect(hall.dsn) as connection:
        connection.execute(
            "update warning_draft set approved_by = 'user:99999' where id::text = %s",
            [path.rstrip("/").rpartition("/")[2]],
        )
    page = hall.people["writer"].get(path)
    assert "another approver" in page.text and "Publish …" not in page.text
    away = hall.people["writer"].get(f"{path}publish/")
    assert (away.status_code, away.headers["location"]) == (302, path)
    refused = hall.send("writer", f"{path}publish/", form=path, version=1)
    assert refused.status_code == 409 and "does not count any more" in refused.text
    assert "Approve this text" in hall.people["approver"].get(path).text
    assert hall.send("approver", f"{path}approve/", form=path, version=1).status_code == 302
    assert hall.send("writer", f"{path}publish/", version=1).status_code == 302


def test_an_invalid_form_keeps_what_was_typed(hall: Hall) -> None:
    path = f"{HOME}new/?template=evacuation-order"
    answer = hall.send("writer", path, **(TEXT | {
        "headline_en": "", "valid_to": "tomorrow", "polygon": "34.3,134.0 x",
        "contact": "<b>087</b>",
    }))  # fmt: skip
    assert answer.status_code == 422
    # What cannot be read is said first.
    assert 'href="#f-valid_to"' in answer.text and 'href="#f-polygon"' in answer.text
    assert "tomorrow" in answer.text and "&lt;b&gt;087" in answer.text
    answer = hall.send("writer", path, **(TEXT | {"headline_en": "", "valid_to": ""}))
    assert answer.status_code == 422 and 'href="#f-headline_en"' in answer.text


def test_two_people_at_one_text(hall: Hall) -> None:
    path = hall.draft()
    until = {"valid_to": hall.one(
        "select to_char(now() at time zone 'Asia/Tokyo' + interval '4 hours', 'YYYY-MM-DD HH24:MI')"
    )}  # fmt: skip
    mine = TEXT | until | {"version": "1"}
    first = hall.send("approver", f"{path}edit/", **(mine | {"contact": "first"}))
    assert first.status_code == 302
    second = hall.send("writer", f"{path}edit/", **(mine | {"contact": "second"}))
    assert second.status_code == 409
    assert "approver changed the text meanwhile" in second.text
    assert "Contact: first" in second.text and 'value="second"' in second.text
    assert 'name="version" value="2"' in second.text
    # The approver had a hand in it now: it is neither offered nor done.
    hall.send("writer", f"{path}submit/", form=path, version=2)
    page = hall.people["approver"].get(path)
    assert "Approve this text" not in page.text and "another approver has to read it" in page.text
    refused = hall.send("approver", f"{path}approve/", form=path, version=2)
    assert refused.status_code == 409 and "You do not approve what you wrote" in refused.text


def test_an_approval_of_what_changed_is_refused(hall: Hall) -> None:
    path = hall.draft()
    hall.send("writer", f"{path}submit/", form=path, version=1)
    refused = hall.send("approver", f"{path}approve/", form=path, version=7)
    assert refused.status_code == 409 and "changed the text meanwhile" in refused.text
    back = hall.send("approver", f"{path}return/", form=path, version=1, reason=" ")
    assert back.status_code == 422 and 'id="f-reason-error"' in back.text
    done = hall.send("approver", f"{path}return/", form=path, version=1, reason="地区名が違う")
    assert done.status_code == 302
    assert "地区名が違う" in hall.people["writer"].get(path).text


def test_publishing_asks_and_names_the_consequence(hall: Hall) -> None:
    path = hall.draft(test="1")
    assert hall.people["writer"].get(f"{path}publish/").status_code == 302, "not approved yet"
    hall.send("writer", f"{path}submit/", form=path, version=1)
    hall.send("approver", f"{path}approve/", form=path, version=1)
    before = hall.one("select count(*) from warning_message")
    page = hall.people["writer"].get(f"{path}publish/")
    assert "This cannot be taken back" in page.text and "CAP says Test" in page.text
    assert hall.one("select count(*) from warning_message") == before, "looking publishes nothing"
    warning = hall.send("writer", f"{path}publish/", version=1).headers["location"]
    assert "public since" in hall.people["writer"].get(warning).text


def test_public_pages_of_a_town_alone(hall: Hall) -> None:
    warning = hall.published(headline_en="Only of the default town")
    resident = hall.people[""]
    assert "Only of the default town" in resident.get(f"/en/warnings/{warning}/").text
    assert resident.get(f"/t/ayagawa/warnings/{warning}/").status_code == 404
    assert "Only of the default town" not in resident.get("/t/ayagawa/en/").text
    message = hall.one("select id from warning_message where warning = %s", warning)
    document = resident.get(f"/cap/{message}.xml")
    assert document.headers["content-type"].startswith("application/cap+xml")
    assert resident.get(f"/t/ayagawa/cap/{message}.xml").status_code == 404
    assert "<entry>" not in resident.get("/t/ayagawa/cap/").text


def test_the_banner_alone_is_not_sent_twice(hall: Hall) -> None:
    hall.published()
    resident = hall.people[""]
    first = resident.get("/warnings/banner/")
    assert 'class="warning-banner' in first.text
    again = resident.get("/warnings/banner/", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304 and not again.content
    assert resident.get("/en/warnings/banner/").headers["etag"] != first.headers["etag"]


def test_residents_ask_confirm_and_leave(hall: Hall) -> None:
    page = "/en/warnings/subscribe/"
    bad = hall.send("", page, address="nobody", least_level="0", language="en")
    assert bad.status_code == 422 and 'value="nobody"' in bad.text
    asked = hall.send("", page, address="r@example.jp", least_level="4", language="en")
    known = hall.send("", page, address="r@example.jp", least_level="4", language="en")
    assert asked.status_code == known.status_code == 302
    assert asked.headers["location"] == known.headers["location"]
    url = hall.one("select url from message where recipient = 'r@example.jp'")
    path = re.sub(r"^https?://[^/]+", "", url)
    confirmed = "select confirmed_at is not null from warning_subscription"
    assert hall.people[""].get(path).status_code == 200
    assert hall.one(confirmed) is False, "a scanner that opens links confirms nothing"
    assert "You will be told" in hall.send("", path).text
    assert hall.one(confirmed) is True
    assert hall.send("", path).status_code == 404
    leaving = hall.one("select leaving from warning_subscription")
    # As a mail program does it (RFC 8058): one POST, no cookie, no page seen.
    answer = httpx.post(f"{hall.base}/en/warnings/unsubscribe/{leaving}/",
                        data={"List-Unsubscribe": "One-Click"})  # fmt: skip
    assert answer.status_code == 200 and "You receive no more warnings" in answer.text
    assert hall.one("select count(*) from warning_subscription") == 0
    told = hall.one("select string_agg(after::text, '') from audit_event"
                    " where action like 'warning.%%subscribe'")  # fmt: skip
    assert "r@example.jp" not in told


def test_the_setup_is_changed_by_approvers_and_keeps_what_was_typed(hall: Hall) -> None:
    page = f"{HOME}setup/"
    assert hall.send("writer", page, body="x", version="0").status_code == 403
    body = hall.people["approver"].get(page)
    assert "readonly" not in body.text
    bad = hall.send("approver", page, body="[[templates]]\nid = 'A B'", version="0")
    assert bad.status_code == 422 and "A B" in bad.text
    good = '[[templates]]\nid = "a"\nname = { ja = "あ", en = "A" }\nevent = { ja = "あ" }\n'
    assert hall.send("approver", page, body=good, version="0").status_code == 302
    late = hall.send("approver", page, body=good + "# mine", version="0")
    assert late.status_code == 409 and "# mine" in late.text
    assert hall.one("select max(version) from warning_setup") == 1
