"""The staff pages of calling: what is kept, what is refused (422), who comes in, what is noted."""

import re
import time

import pytest

from tests.accounts.signing import token_of
from tests.messaging.browser import Browser
from tests.web.staff.calling.conftest import Office, word

NIGHT = {
    "name": "夜間当直", "shifts": "1", "do": "save", "s0-name": "夜", "s0-days": list("0123456"),
    "s0-begins": "17:15", "s0-ends": "08:30", "s0-holidays": "same", "s0-rotation": "day",
    "s0-since": "2026-06-01", "s0-until": "",
}  # fmt: skip


def contact(office: Office, name: str, address: str = "a@example.jp", **more: str) -> str:
    """Make a contact by the form; return its id."""
    data = {"name": name, "channel": ["mail", "mail"], "to": [address, ""], **more}
    answer = office.post("calls/contacts/new/", data)
    assert answer.status_code == 303, answer.text
    return str(office.sql("select id from contact where name = %s", name)[0][0])


def test_a_contact_is_made_changed_and_deleted(office: Office) -> None:
    name = word()
    number = contact(office, name, "taro@example.jp")
    page = office.get("calls/contacts/?done=saved")
    assert name in page.text and "taro@example.jp" in page.text and "保存しました" in page.text
    path = f"calls/contacts/{number}/"
    changed = office.post(path, {"name": name, "version": "1", "language": "en",
                                 "channel": ["sms"], "to": ["090-1234-5678"]})  # fmt: skip
    assert changed.status_code == 303
    assert "090-1234-5678" in office.get(path).text
    old = office.post(path, {"name": "x", "version": "1"})
    assert old.status_code == 409 and "ほかの人が変更しました" in old.text
    assert "呼び出されなくなります" in office.get(f"{path}delete/").text
    assert office.post(f"{path}delete/", {}).status_code == 303
    assert office.get(path).status_code == 404


def test_what_cannot_be_is_said_and_what_was_typed_stays(office: Office) -> None:
    answer = office.post("calls/contacts/new/", {
        "name": "", "organisation": "危機管理課", "channel": ["mail", "webhook"],
        "to": ["no-mail", "ftp://x"],
    })  # fmt: skip
    assert answer.status_code == 422
    assert answer.text.count('class="field__error"') == 3
    for typed in ("no-mail", "ftp://x", "危機管理課"):
        assert f'value="{typed}"' in answer.text
    anchors = re.findall(r'href="#(f-[\w-]+)"', answer.text)
    assert len(anchors) == 3 and all(f'id="{one}"' in answer.text for one in anchors)


def test_a_roster_shows_who_is_on_duty_and_its_gaps(office: Office) -> None:
    one, two = word(), word()
    people = [contact(office, one), contact(office, two)]
    made = office.post("calls/rosters/new/", NIGHT | {"s0-people": [*people, ""]})
    assert made.status_code == 303
    page = office.get(made.headers["location"].removeprefix("/staff/default/"))
    assert one in page.text and two in page.text
    assert "空白" in page.text and "該当者なし" in page.text
    number = re.search(r"calls/rosters/([0-9a-f-]{36})/", made.headers["location"])
    assert number
    listed = office.get("calls/rosters/")
    assert "夜間当直" in listed.text and "2週間以内に空白" in listed.text
    swap = office.post(
        f"calls/rosters/{number[1]}/swap/",
        {"begins": "2027-01-01T00:00", "ends": "2026-01-01T00:00", "absent": "", "present": ""},
    )
    assert swap.status_code == 422 and 'value="2027-01-01T00:00"' in swap.text


def test_a_shift_with_a_wrong_time_is_refused(office: Office) -> None:
    wrong = NIGHT | {"s0-begins": "25:00", "s0-since": "someday", "name": ""}
    answer = office.post("calls/rosters/new/", wrong)
    assert answer.status_code == 422
    assert answer.text.count('class="field__error"') == 3
    more = office.post("calls/rosters/new/", NIGHT | {"do": "more"})
    assert more.status_code == 200 and 'name="s1-begins"' in more.text


def test_a_tree_is_looked_at_before_it_is_kept(office: Office) -> None:
    name, silent = word(), word()
    number, other = contact(office, name), contact(office, silent, "")
    step = {
        "name": "連絡網", "steps": "2", "rounds": "2", "gather": "10",
        "s0-target": [f"contact:{number}"], "s0-minutes": "5", "s0-mode": "together",
        "s1-target": [f"contact:{other}"], "s1-minutes": "5", "s1-mode": "in_turn",
    }  # fmt: skip
    seen = office.post("calls/trees/new/", step | {"do": "preview"})
    assert seen.status_code == 200
    plan = seen.text.partition('id="planned"')[2].partition("</ol>")[0]
    assert name in plan and "5分後" in plan and "連絡手段なし" in plan and "未接続" in plan
    assert office.sql("select count(*) from call_tree") == [(0,)]
    wrong = office.post("calls/trees/new/", step | {"do": "save", "rounds": "0", "s0-minutes": "x"})
    assert wrong.status_code == 422 and 'value="x"' in wrong.text
    assert office.post("calls/trees/new/", step | {"do": "save"}).status_code == 303
    [(tree,)] = office.sql("select id::text from call_tree")
    rule = office.post("calls/call-rules/new/", {
        "name": "川", "tree": tree, "severity": "high", "categories": "flood", "active": "yes",
        "latitude": "34.3", "longitude": "", "kilometres": "5",
    })  # fmt: skip
    assert rule.status_code == 422 and 'value="34.3"' in rule.text
    rule = office.post("calls/call-rules/new/", {
        "name": "川", "tree": tree, "severity": "high", "categories": "flood、tide",
        "active": "yes",
    })  # fmt: skip
    assert rule.status_code == 303
    page = office.get("calls/trees/").text
    assert "重大度「高」以上 · flood · tide" in page
    refused = office.post(f"calls/trees/{tree}/delete/", {})
    assert refused.status_code == 409 and "呼び出す規則があります" in refused.text
    [(callrule,)] = office.sql("select id::text from call_rule")
    assert "誰も呼び出されなくなります" in office.get(f"calls/call-rules/{callrule}/delete/").text


def test_a_test_call_shows_that_nothing_is_connected(office: Office) -> None:
    """The machine has no mail server: nothing is said to be sent."""
    subject = f"user:{office.numbers['officer']}"
    assert "結び付いた連絡先がありません" in office.get("calls/test/").text
    contact(office, word(), "me@example.jp", subject=subject)
    answer = office.post("calls/test/", {})
    assert answer.status_code == 303
    call = answer.headers["location"].removeprefix("/staff/default/")
    for _ in range(60):
        page = office.get(call).text
        if "未接続" in page:
            break
        time.sleep(0.25)
    assert "未接続" in page and "届いていない" in page and "送信済み" not in page
    assert "この呼出しに対応する" in page
    assert office.post(call, {}).status_code == 303
    assert "対応者決定" in office.get(call).text
    assert "メール: 未接続" in office.get("calls/").text
    assert list((office.home / "mail").glob("*.eml"))


def test_the_link_answers_only_when_its_button_is_pressed(office: Office) -> None:
    [(url, call)] = office.sql(
        "select m.url, m.about from message m join call c on m.about = 'call:' || c.id"
        " order by c.started_at desc limit 1"
    ) or [("", "")]
    if not url:
        test_a_test_call_shows_that_nothing_is_connected(office)
        [(url, call)] = office.sql("select url, about from message limit 1")
    number = call.removeprefix("call:")
    office.sql("update call set state = 'running', answered_by = null, answered_via = null"
               " where id::text = %s", number)  # fmt: skip
    office.sql("update call_person set answer = null")
    path = "/" + url.partition("//")[2].partition("/")[2]
    scanner = office.people[""]
    for _ in range(3):
        page = scanner.get(path)
    assert page.status_code == 200 and "対応します" in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert office.sql("select state from call where id::text = %s", number) == [("running",)]
    names = [row[0] for row in office.sql("select name from contact")]
    assert not any(name in page.text for name in names), "no names without signing in"
    assert scanner.post(path, data={"answer": "maybe"}).status_code == 422
    done = scanner.post(path, data={"answer": "acknowledge"})
    assert done.status_code == 303
    assert "あなたがこの呼出しの対応者です" in scanner.get(path).text
    found = office.sql("select state, answered_via from call where id::text = %s", number)
    assert found == [("acknowledged", "link")]
    program = scanner.post(path, data={"answer": "decline"}, headers={"Accept": "application/json"})
    assert program.json()["state"] == "acknowledged"
    assert scanner.get(path.replace("/answer/", "/answer/x")).status_code == 404
    assert scanner.get("/en" + path).text.count("You have taken this call") == 1


PAGES = (
    "calls/", "calls/test/", "calls/contacts/", "calls/contacts/new/", "calls/trees/",
    "calls/trees/new/", "calls/rosters/", "calls/rosters/new/", "calls/call-rules/new/",
)  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_who_comes_in(office: Office, page: str) -> None:
    statuses = {who: office.get(page, who).status_code for who in office.people}
    writing = "new" in page
    assert statuses == {
        "officer": 200,
        "operator": 200,
        # Reads everything, writes nothing.
        "auditor": 403 if writing else 200,
        # An editor of another department: there is no such page.
        "other": 404,
        "": 302,
    }
    assert "呼出し" not in office.get("", "other").text.partition("<main")[0]


def test_who_saw_a_contact_is_noted_and_no_log_has_an_address(office: Office) -> None:
    number = contact(office, word(), "secret.person@example.jp")
    office.get("calls/contacts/", "auditor")
    rows = office.sql(
        "select after ->> 'purpose' from audit_event where action = 'personal.read'"
        " and object = %s and actor = %s",
        f"contact:{number}", f"user:{office.numbers['auditor']}",
    )  # fmt: skip
    assert rows == [("staff.contacts",)]
    kept = office.sql("select count(*) from audit_event where after::text ~ 'secret.person'")
    assert kept == [(0,)]


def test_a_browser_subscribes_for_its_own_contact_alone(office: Office) -> None:
    subject = f"user:{office.numbers['operator']}"
    number = contact(office, word(), subject=subject)
    document = Browser("https://push.example/op").document()
    page = office.get(f"calls/contacts/{number}/", "operator").text
    assert "data-push-subscribe" in page and "data-push-key" in page
    assert "data-push-subscribe" not in office.get(f"calls/contacts/{number}/").text
    client = office.people["operator"]
    sent = client.post(
        f"/staff/default/calls/contacts/{number}/browser/",
        data={"csrfmiddlewaretoken": token_of(page), "subscription": document},
    )
    assert sent.status_code == 303
    [(key,)] = office.sql("select id::text from push_subscription")
    receipt = office.people[""].post(
        "/push/receipt/", json={"receipt": f"default/{key}", "state": "read"}
    )
    assert receipt.status_code == 204
    assert "通知を受け取る端末" in office.get(f"calls/contacts/{number}/").text
    assert office.people[""].get("/push-worker.js").status_code in (200, 404)
