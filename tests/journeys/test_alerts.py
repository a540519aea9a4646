"""A river rises, an alert is raised, somebody takes note, silences it, and mends the rule."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import GAUGES, level
from tests.journeys.looking import accessible
from tests.journeys.staff import AUDITOR, HANAKO, Desk, Office, _office, desk, office

if TYPE_CHECKING:
    pass

__all__ = ["_office", "desk", "office"]

ALERTS, RULES = "/staff/default/alerts/", "/staff/default/rules/"
SOON = 20_000
TEXTS = {
    "": {"note": "アラートを確認する", "taken": "このアラートを確認しました",
         "silence": "呼出しを止める", "end": "停止を解除", "preview": "直近30日で試す",
         "save": "規則を保存する", "saved": "規則を保存しました",
         "fired": "1回発報していたはずです"},
    "/en": {"note": "Take note of the alert", "taken": "You have taken note of this alert",
            "silence": "Silence it", "end": "End the silence",
            "preview": "Preview: the last 30 days", "save": "Save the rule",
            "saved": "The rule is saved", "fired": "would have fired 1 time"},
}  # fmt: skip


def _rise(office: Office, values: list[float]) -> None:
    """Report levels of the first gauge, ten minutes apart up to now."""
    start = datetime.now(UTC) - timedelta(minutes=10 * (len(values) - 1))
    for place, value in enumerate(values):
        gauge = {**GAUGES[0], "currentLevel": level(value, start + timedelta(minutes=10 * place))}
        office.put([gauge])


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_from_the_rise_to_the_one_who_takes_note(desk: Desk, office: Office, prefix: str) -> None:
    say = TEXTS[prefix]
    page = desk(HANAKO, prefix + RULES + "new/")
    title = f"Trial {prefix.strip('/') or 'ja'}"
    for name, value in {
        "id": f"rise{prefix.strip('/')}", "name_ja": title, "name_en": title,
        "c1_bound_attribute": "", "c1_bound": "1.7", "c1_clear_by": "0.2", "for": "0",
        "text_ja": "{name}が{value}{unit}", "text_en": "{name} at {value} {unit}",
    }.items():  # fmt: skip
        page.locator(f'[name="{name}"]').fill(value)
    page.get_by_role("button", name=say["save"]).click()
    expect(page.locator("#done")).to_contain_text(say["saved"])
    _rise(office, [0.5, 1.2, 1.9])
    page.goto(f"{office.base}{prefix}{ALERTS}")
    row = page.locator("tr[data-alert]", has_text="木太大橋").filter(has_text=title)
    for _ in range(20):
        if row.count():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(row.locator(".alert-state--firing")).to_be_visible()
    row.get_by_role("link").click()
    expect(page.locator(".alert-chart polyline")).to_have_count(1)
    expect(page.locator("#history tbody tr")).not_to_have_count(0)
    accessible(page)
    page.get_by_role("button", name=say["note"]).click()
    expect(page.locator("#done")).to_contain_text(say["taken"])
    expect(page.locator("#acknowledged")).to_contain_text("香川 花子")
    # To take note is not to end it.
    expect(page.locator(".alert-state--firing")).to_be_visible()
    with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
        page.get_by_role("button", name=say["silence"]).click()
    assert answer.value.status == 422
    expect(page.locator("#error-summary")).to_be_visible()
    page.locator('[name="reason"]').fill("現地を確認済み")
    page.get_by_role("button", name=say["silence"]).click()
    page.locator("#done").get_by_role("button").click()  # its undo
    expect(page.locator("#done")).to_be_visible()
    expect(page.locator("#silences-heading")).to_have_count(0)
    actions = office.count(
        "select count(*) from audit_event where action in "
        "('alert.acknowledge', 'alert.silence', 'alert.unsilence', 'rule.create')"
    )
    assert actions >= 4


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_a_rule_is_tried_on_the_past_before_it_is_saved(
    desk: Desk, office: Office, prefix: str
) -> None:
    say = TEXTS[prefix]
    _rise(office, [0.4, 0.9, 2.0, 0.4, 0.4])
    page = desk(HANAKO, prefix + RULES + "new/")
    page.locator('[name="name_ja"]').fill("試す規則")
    page.locator('[name="c1_bound"]').fill("a lot")
    page.locator('[name="c1_bound_attribute"]').fill("")
    with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
        page.get_by_role("button", name=say["preview"]).click()
    assert answer.value.status == 422
    expect(page.locator("#error-summary")).to_be_focused()
    expect(page.locator('[name="name_ja"]')).to_have_value("試す規則")
    expect(page.locator('[name="c1_bound"]')).to_have_value("a lot")
    for name, value in {
        "id": "tried", "name_en": "On trial", "c1_bound": "1.95", "c1_clear_by": "0.5",
        "for": "0", "ids": GAUGES[0]["id"], "text_ja": "{name}", "text_en": "{name}",
    }.items():  # fmt: skip
        page.locator(f'[name="{name}"]').fill(value)
    page.get_by_role("button", name=say["preview"]).click()
    expect(page.locator("#preview")).to_contain_text(say["fired"])
    expect(page.locator("#preview tbody tr")).to_contain_text("木太大橋")
    assert office.count("select count(*) from rule_version where rule_id = 'tried'") == 0
    accessible(page)


def test_who_may_see_may_not_always_act(desk: Desk, office: Office) -> None:
    page = desk(AUDITOR, ALERTS + "?state=all")
    expect(page.get_by_role("heading", level=1)).to_have_text("アラート")
    page.goto(f"{office.base}{RULES}")
    expect(page.get_by_role("link", name="新しい規則")).to_have_count(0)
    page.goto(f"{office.base}{RULES}new/")
    expect(page.get_by_role("heading", level=1)).to_have_text("この操作はできません")
    assert httpx.get(f"{office.base}{ALERTS}").status_code in (302, 401)


def test_a_view_is_saved_and_the_list_comes_as_a_file(desk: Desk, office: Office) -> None:
    page = desk(HANAKO, ALERTS + "?state=all&severity=medium")
    page.locator("#views summary").click()
    page.locator("#view-name").fill("中だけ")
    page.locator("#views form button").first.click()
    expect(page).to_have_url(re.compile(r"state=all&severity=medium&view=\d+"))
    page.locator("#views summary").click()
    expect(page.locator("#views li")).to_contain_text("中だけ")
    accessible(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").first.click()
    text = Path(download.value.path()).read_text("utf-8-sig")
    assert text.startswith("alert,rule,rule_name,subject")
