"""Staff put up a portable unit, move it, and see where it stood: in Japanese, then in English."""

from datetime import timedelta
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tamamo.kernel.time import JST, now
from tests.journeys.looking import accessible
from tests.journeys.staff import AUDITOR, HANAKO, Desk, Office, _office, desk, office

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["_office", "desk", "office"]

UNITS = "/staff/default/units/"
NOW = now().astimezone(JST)


def _fill(page: "Page", **values: str) -> None:
    for name, value in values.items():
        field = page.locator(f"[name={name}]")
        if name == "place":
            field.select_option(value)
        else:
            field.fill(value)


def test_a_unit_is_put_up_and_moved(desk: Desk, office: Office) -> None:
    page = desk(HANAKO, UNITS)
    expect(page.locator(".empty")).to_have_text("設置された装置はまだありません。")
    page.get_by_role("link", name="別の装置を設置する").click()
    _fill(page, unit="u1", place="new", latitude="0", longitude="134.05", at="あした")
    page.get_by_role("button", name="移設の確認").click()
    expect(page.locator("#error-summary li")).to_have_count(3)
    expect(page.locator("[name=unit]")).to_have_value("u1")
    accessible(page)
    begun = f"{NOW - timedelta(hours=2):%Y-%m-%d %H:%M}"
    _fill(page, name="今里の水路", english="Imazato ditch", latitude="34.32", at=begun)
    page.get_by_role("button", name="移設の確認").click()
    expect(page.locator(".figures")).to_contain_text("今里の水路")
    page.get_by_role("button", name="入力に戻る").click()
    expect(page.locator("[name=name]")).to_have_value("今里の水路")
    page.get_by_role("button", name="移設の確認").click()
    page.get_by_role("button", name="移設する").click()
    expect(page.locator("#done")).to_contain_text("移設を記録しました")
    expect(page.locator("#units tbody tr")).to_contain_text("今里の水路")

    page.goto(f"{office.base}/en{UNITS}")
    page.get_by_role("link", name="Move u1").click()
    _fill(page, place="new", name="木太の水路", english="Kita ditch", latitude="34.31",
          longitude="134.08", at=f"{NOW - timedelta(hours=1):%Y-%m-%d %H:%M}")  # fmt: skip
    page.get_by_role("button", name="Check the move").click()
    expect(page.locator(".figures")).to_contain_text("Imazato ditch")
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.locator("#units tbody tr")).to_contain_text("Kita ditch")
    expect(page.locator("#stays tbody tr")).to_have_count(2)
    accessible(page)
    assert office.count("select count(*) from audit_event where action = 'unit.move'") == 2


def test_who_only_reads_moves_nothing(desk: Desk, office: Office) -> None:
    page = desk(AUDITOR, UNITS)
    expect(page.get_by_role("link", name="別の装置を設置する")).to_have_count(0)
    answer = page.goto(f"{office.base}{UNITS}move/")
    assert answer is not None
    assert answer.status == 403
