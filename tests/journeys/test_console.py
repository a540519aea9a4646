"""An operator's day: a tenant, a person, a key that works, is rotated, revoked; the log of it."""

import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.journeys.console import Open, Server, console, server
from tests.journeys.looking import accessible

__all__ = ["console", "server"]

TEXTS = {
    "": {
        "make_tenant": "テナントを作る",
        "made_tenant": "テナントを作成しました。",
        "give": "役割を与える",
        "given": "役割を与えました",
        "make_account": "アカウントを作る",
        "new_key": "新しい鍵を作る",
        "revoke": "失効させる",
        "revoked": "鍵は失効しました",
        "undo": "元に戻す",
        "off": "停止する",
        "silent": "無応答",
        "replay": "もう一度試す",
        "queue": "送信待ちに戻す",
        "replayed": "通知1件を送信待ちに戻しました。",
    },
    "/en": {
        "make_tenant": "Make the tenant",
        "made_tenant": "The tenant was made.",
        "give": "Give a role",
        "given": "The role was given.",
        "make_account": "Make the account",
        "new_key": "Make a new key",
        "revoke": "Revoke",
        "revoked": "The key is revoked.",
        "undo": "Undo",
        "off": "Switch off",
        "silent": "Silent",
        "replay": "Try again",
        "queue": "Put back into the queue",
        "replayed": "1 notification was put back into its queue.",
    },
}
#: 団体コード of 丸亀市 and 坂出市: real ones, with their check digits.
CODES = {"": "372021", "/en": "372030"}


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_a_tenant_a_person_and_a_key_are_made_and_stand_in_the_log(
    console: Open, server: Server, prefix: str
) -> None:
    say, name = TEXTS[prefix], "town" + (prefix.strip("/") or "ja")
    page = console("tenants/new/", prefix=prefix)
    page.fill("[name=name]", name)
    page.fill("[name=title_ja]", "試験町")
    page.fill("[name=title_en]", "Test Town")
    page.fill("[name=code]", "372014")
    page.fill("[name=max_entities]", "1000")
    page.get_by_role("button", name=say["make_tenant"]).click()
    # The check digit is wrong: said at the field, and everything typed is still there.
    expect(page.locator("#error-summary")).to_be_focused()
    expect(page.locator("#e-code")).to_be_visible()
    expect(page.locator("[name=title_ja]")).to_have_value("試験町")
    accessible(page)
    page.fill("[name=code]", CODES[prefix])
    page.get_by_role("button", name=say["make_tenant"]).click()
    expect(page.locator("#done")).to_contain_text(say["made_tenant"])
    expect(page.locator("meter")).to_have_count(1)
    accessible(page)

    page = console("users/new/", prefix=prefix)
    page.fill("[name=email]", f"{name}@example.jp")
    page.fill("[name=name]", "試験 花子")
    page.select_option("[name=home]", name)
    page.fill("[name=password]", "long-enough-password")
    page.get_by_role("button", name=say["make_account"]).click()
    page.get_by_role("link", name=say["give"]).click()
    page.select_option("[name=role]", "operator")
    page.select_option("[name=tenant]", name)
    page.locator("main form button").click()
    expect(page.locator("#done")).to_contain_text(say["given"])
    accessible(page)
    page.get_by_role("button", name=say["off"]).click()
    page.locator("#done").get_by_role("button", name=say["undo"]).click()
    expect(page.get_by_role("button", name=say["off"])).to_be_visible()

    page = console(f"audit/?town={name}", prefix=prefix)
    for action in ("tenant.create", "user.create", "grant.give", "user.switch-off"):
        expect(page.locator("td code", has_text=action).first).to_be_visible()


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_a_key_works_both_work_in_the_overlap_and_a_revoked_one_is_refused_in_5_seconds(
    console: Open, server: Server, prefix: str
) -> None:
    say = TEXTS[prefix]
    page = console("keys/devices/new/", who="ayagawa", prefix=prefix)
    page.fill("[name=name]", "水位計")
    page.fill("[name=type]", "FloodMonitoring")
    page.locator("main form button").click()
    old = page.locator("#secret-1").inner_text()
    assert server.status(old) in (201, 204)
    assert server.status("no-such-key") == 401
    expect(page.locator("button[data-copy]")).to_be_visible()
    page.locator("main p a.button--solid").click()
    expect(page.locator("main")).not_to_contain_text(old)
    expect(page.locator("main")).to_contain_text(f"…{old[-4:]}")

    page.get_by_role("link", name=say["new_key"]).click()
    page.fill("[name=hours]", "2")
    page.get_by_role("button", name=say["new_key"]).click()
    new = page.locator("#secret-1").inner_text()
    assert new != old
    assert server.status(old) in (201, 204) and server.status(new) in (201, 204)

    page.locator("main p a.button--solid").click()
    page.get_by_role("link", name=say["revoke"], exact=True).click()
    page.get_by_role("button", name=say["revoke"], exact=True).click()
    expect(page.locator("#done")).to_contain_text(say["revoked"])
    end = time.monotonic() + 5
    while server.status(new) != 401 and time.monotonic() < end:
        time.sleep(0.2)
    assert server.status(new) == 401 and server.status(old) == 401
    page = console("audit/?action=key", who="ayagawa", prefix=prefix)
    for action in ("key.create", "key.rotate", "key.revoke"):
        expect(page.locator("td code", has_text=action).first).to_be_visible()
    expect(page.locator("main")).not_to_contain_text(new)


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_a_dead_letter_is_put_back_after_its_consequence_was_named(
    console: Open, server: Server, prefix: str
) -> None:
    say = TEXTS[prefix]
    number = server.execute(
        "insert into notification (tenant, entity_id, subscription_id, bucket, media, body,"
        " attempts, last_error, dead_at) values ('ayagawa', 'urn:x:letter', 'urn:gone', 1,"
        " 'application/json', '{\"token\": \"abc123\", \"level\": 1.5}', 5, 'refused', now())"
        " returning seq"
    )
    page = console("notifications/", who="ayagawa", prefix=prefix)
    page.get_by_role("link", name=str(number), exact=True).click()
    expect(page.locator("pre")).to_contain_text("1.5")
    expect(page.locator("pre")).not_to_contain_text("abc123")
    page.get_by_role("link", name=say["replay"]).click()
    expect(page.locator("#consequence")).to_contain_text("1")
    page.get_by_role("button", name=say["queue"]).click()
    expect(page.locator("#done")).to_contain_text(say["replayed"])
    assert server.execute("select count(*) from notification where seq = %s", number) == 0
    said = server.execute(
        "select actor from audit_event where action = 'notification.replay' and tenant = 'ayagawa'"
        " order by seq desc limit 1"
    )
    assert re.fullmatch(r"user:\d+", said)


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_a_feed_that_went_silent_is_shown_as_such_and_when_it_comes_back_too(
    console: Open, server: Server, prefix: str
) -> None:
    say = TEXTS[prefix]
    ago = datetime.now(UTC) - timedelta(hours=3)
    server.execute("update feed set last_success_at = %s where tenant = 'ayagawa'", ago)
    page = console(who="ayagawa", prefix=prefix)
    expect(page.locator(".attention li", has_text=say["silent"])).to_have_count(1)
    page = console("feeds/", who="ayagawa", prefix=prefix)
    expect(page.locator("tbody .state")).to_have_text(say["silent"])
    server.execute("update feed set last_success_at = now() where tenant = 'ayagawa'")
    # The page is open, and renews itself.
    expect(page.locator("tbody .state")).not_to_have_text(say["silent"], timeout=15_000)
    if prefix:
        return  # the pause is the same script in each language
    page.locator("#pause").click()
    server.execute("update feed set last_success_at = %s where tenant = 'ayagawa'", ago)
    time.sleep(12)
    expect(page.locator("tbody .state")).not_to_have_text(say["silent"])


def test_a_raw_record_is_text_and_nothing_of_it_runs(console: Open) -> None:
    page = console("feeds/ayagawa/river/", who="ayagawa")
    page.locator("table tbody th a").first.click()
    expect(page.locator("pre")).to_contain_text("<script>alert(1)</script>")
    expect(page.locator("pre")).not_to_contain_text("abc")


def test_a_backup_is_made_as_a_job_and_the_log_is_verified(console: Open, server: Server) -> None:
    page = console("backup/", prefix="/en")
    page.get_by_role("button", name="Make a backup now").click()
    expect(page.locator("#done")).to_be_visible()
    end = time.monotonic() + 60
    wanted = "select count(*) from job j join procrastinate_jobs q using (id)"
    wanted += " where q.status = 'succeeded' and j.name = %s"
    while not server.execute(wanted, "backup.make") and time.monotonic() < end:
        time.sleep(0.5)
    page.goto(f"{server.base}/en/console/backup/")
    expect(page.locator(".banner--success")).to_be_visible()
    page.goto(f"{server.base}/en/console/audit/")
    page.get_by_role("button", name="Verify now").click()
    while not server.execute(wanted, "audit.verify") and time.monotonic() < end:
        time.sleep(0.5)
    page.goto(f"{server.base}/en/console/audit/")
    expect(page.locator(".chip--green")).to_have_text("Whole")
