"""Acts of the console: named first, undone or final, and in the audit log with who did."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.accounts.signing import make_user, token_of
from tests.web.console.conftest import Place

Browsers = Callable[[str], httpx.Client]


def send(client: httpx.Client, path: str, form: str = "", **fields: Any) -> httpx.Response:
    """Send the form of a page, or one that stands on another page."""
    token = token_of(client.get(form or path).text)
    return client.post(path, data={"csrfmiddlewaretoken": token, **fields})


def events(place: Place, action: str) -> list[tuple[str, str, str]]:
    """(tenant, actor, object) of an action, oldest first."""
    with psycopg.connect(place.dsn) as connection:
        rows = connection.execute(
            "select tenant, actor, object from audit_event where action = %s order by at", [action]
        )
        return rows.fetchall()


def test_a_get_changes_nothing_and_names_the_consequence(place: Place, browsers: Browsers) -> None:
    number = place.one("select seq from notification where tenant = 'ayagawa'")
    page = browsers("ayagawa").get(f"/en/console/notifications/ayagawa/{number}/drop/")
    assert "This cannot be undone" in page.text
    assert place.one("select count(*) from notification where seq = %s", number) == 1


def test_dropping_deletes_and_is_noted(place: Place, browsers: Browsers) -> None:
    number = place.one("select seq from notification where tenant = 'ayagawa'")
    answer = send(browsers("ayagawa"), f"/console/notifications/ayagawa/{number}/drop/")
    assert answer.status_code == 303 and answer.headers["location"].endswith("done=dropped&n=1")
    assert place.one("select count(*) from notification where seq = %s", number) == 0
    actor = f"user:{place.users['ayagawa']}"
    assert events(place, "notification.drop") == [("ayagawa", actor, "urn:subscription:ayagawa")]


def test_all_of_a_subscription_are_replayed_of_this_town_only(
    place: Place, browsers: Browsers
) -> None:
    with psycopg.connect(place.dsn) as connection:
        for town in ("ayagawa", "default"):
            connection.execute(
                "insert into notification (tenant, entity_id, subscription_id, bucket, media, body,"
                " dead_at) values (%s, '', 'urn:same', 1, 'application/json', '{}', now())",
                [town],
            )
    path = "/console/notifications/ayagawa/all/replay/?subscription=urn:same"
    assert send(browsers("ayagawa"), path).status_code == 303
    dead = "select array_agg(tenant) from notification where dead_at is not null and"
    assert place.one(f"{dead} subscription_id = 'urn:same'") == ["default"]


def test_a_raw_record_is_read_again_by_the_worker(place: Place, browsers: Browsers) -> None:
    mapping = {
        "id": "thing", "name": {"ja": "もの", "en": "Things"}, "type": "Thing",
        "entity_id": "urn:ngsi-ld:Thing:{no}", "attributes": [{"name": "size", "column": "size"}],
    }  # fmt: skip
    with psycopg.connect(place.dsn) as connection:
        number = connection.execute(
            "insert into feed_record (tenant, feed_id, received_at, name, reader, body)"
            " values ('ayagawa', 'river', now(), 'things.csv', %s, %s) returning number",
            [Jsonb({"mapping": mapping, "encoding": None}), b"no,size\n1,big\n"],
        ).fetchone()[0]  # type: ignore[index]
    path = f"/en/console/feeds/ayagawa/river/replay/?record={number}"
    assert "1 kept record is read again" in browsers("ayagawa").get(path).text
    answer = send(browsers("ayagawa"), path)
    assert answer.status_code == 303
    job = "from job where name = 'feed.replay' and ended_at is not null"
    end = time.monotonic() + 30
    while not place.one(f"select id {job}") and time.monotonic() < end:
        time.sleep(0.2)
    result = place.one(f"select result {job}")
    assert result == {"stored": 0, "repeated": 0, "late": 0, "changed": 1, "rejected": 0}
    stored = "select tenant from entity where id = 'urn:ngsi-ld:Thing:1'"
    assert place.one(stored) == "ayagawa"
    assert place.one("select actor " + job) == f"user:{place.users['ayagawa']}"


def test_without_its_token_a_form_does_nothing(place: Place, browsers: Browsers) -> None:
    number = place.users["editor"]
    answer = browsers("whole").post(f"/console/users/{number}/off/")
    assert answer.status_code == 403
    assert place.one("select is_active from accounts_user where id = %s", number) is True


def test_switching_off_is_undone_by_switching_on(place: Place, browsers: Browsers) -> None:
    number = make_user(place.dsn, "off@example.jp", name="Off", home_tenant="ayagawa")
    client = browsers("ayagawa")
    url = f"/en/console/users/{number}/"
    answer = send(client, f"{url}off/", form=url)
    assert answer.status_code == 303
    page = client.get(answer.headers["location"])
    assert f'action="{url}on/"' in page.text and "Undo" in page.text
    assert place.one("select is_active from accounts_user where id = %s", number) is False
    assert send(client, f"{url}on/", form=url).status_code == 303
    assert place.one("select is_active from accounts_user where id = %s", number) is True


def test_whose_name_and_address_an_operator_looks_at_is_noted(
    place: Place, browsers: Browsers
) -> None:
    def noted() -> list[tuple[str, str, str]]:
        me = f"user:{place.users['takamatsu']}"
        return [one for one in events(place, "personal.read") if one[1] == me]

    them, before = place.users["editor"], len(noted())
    assert browsers("takamatsu").get(f"/console/users/{them}/").status_code == 200
    found = noted()[before:]
    assert [(tenant, who) for tenant, _, who in found] == [("default", f"user:{them}")]
    assert browsers("takamatsu").get("/console/users/").status_code == 200
    listed = {who for _, _, who in noted()[before + 1 :]}
    assert f"user:{them}" in listed and f"user:{place.users['takamatsu']}" not in listed


def test_nobody_switches_off_themselves(place: Place, browsers: Browsers) -> None:
    number = place.users["whole"]
    answer = send(browsers("whole"), f"/en/console/users/{number}/off/", form="/console/users/new/")
    assert answer.status_code == 422 and "own account" in answer.text
    assert place.one("select is_active from accounts_user where id = %s", number) is True


def test_a_towns_operator_gives_no_role_elsewhere(place: Place, browsers: Browsers) -> None:
    number = make_user(place.dsn, "climber@example.jp", name="Climber", home_tenant="ayagawa")
    path = f"/console/roles/user:{number}/new/"
    for tenant in ("default", "*"):
        answer = send(browsers("ayagawa"), path, role="operator", tenant=tenant)
        assert answer.status_code == 422, tenant
    subject = f"user:{number}"
    assert place.one("select count(*) from role_grant where subject = %s", subject) == 0
    assert send(browsers("ayagawa"), path, role="operator", tenant="ayagawa").status_code == 303
    assert place.one("select tenant from role_grant where subject = %s", subject) == "ayagawa"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"role": "operator", "tenant": "ayagawa", "types": "A"}, "types"),
        ({"role": "editor", "tenant": "ayagawa", "unit": "無い部署"}, "unit"),
        ({"role": "editor", "tenant": "ayagawa", "valid_to": "2020-01-01"}, "valid_to"),
        ({"role": "editor", "tenant": "ayagawa", "valid_to": "soon"}, "valid_to"),
        ({"role": "king", "tenant": "ayagawa"}, "role"),
    ],
)
def test_a_role_that_cannot_be_is_said_at_its_field_and_everything_typed_kept(
    place: Place, browsers: Browsers, fields: dict[str, str], field: str
) -> None:
    path = f"/en/console/roles/user:{place.users['approver']}/new/"
    answer = send(browsers("ayagawa"), path, scopes="/kept/as/typed", **fields)
    assert answer.status_code == 422
    assert f'id="e-{field}"' in answer.text
    assert 'value="/kept/as/typed"' in answer.text or field == "types"


def test_a_town_operator_changes_their_town_but_not_its_limits(
    place: Place, browsers: Browsers
) -> None:
    path = "/console/tenants/ayagawa/change/"
    page = browsers("ayagawa").get(path).text
    assert 'name="title_ja"' in page and 'name="max_entities"' not in page
    fields = {"title_ja": "綾川", "title_en": "Ayagawa", "languages": "ja", "max_entities": "5"}
    assert send(browsers("ayagawa"), path, **fields).status_code == 303
    row = place.one("select title->>'ja' || coalesce(max_entities::text, '-') from tenant"
                    " where name = 'ayagawa'")  # fmt: skip
    assert row == "綾川-"


def test_a_job_is_cancelled_once(place: Place, browsers: Browsers) -> None:
    number = place.one("select id from job where tenant = 'default'")
    path = f"/console/jobs/default/{number}/cancel/"
    page = browsers("takamatsu").get(path).text
    again = token_of(page)
    assert send(browsers("takamatsu"), path).headers["location"].endswith("done=cancelled")
    answer = browsers("takamatsu").post(path, data={"csrfmiddlewaretoken": again})
    assert answer.headers["location"].endswith("done=conflict")
    assert len(events(place, "job.cancel")) == 1


def test_a_key_is_not_kept_by_caches_and_a_client_works_with_its_secret(
    place: Place, browsers: Browsers
) -> None:
    fields = {
        "tenant": "ayagawa", "name": "Program", "kind": "client-credentials",
        "scopes": "read", "role": "developer", "types": "FloodMonitoring",
    }  # fmt: skip
    answer = send(browsers("ayagawa"), "/console/keys/clients/new/", **fields)
    assert answer.status_code == 201
    assert "no-store" in answer.headers["cache-control"]
    client, secret = (
        answer.text.split(f'id="secret-{n}"')[1].split(">", 1)[1].split("<", 1)[0] for n in (1, 2)
    )
    token = httpx.post(
        f"{place.base}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(client, secret),
    )
    assert token.status_code == 200, token.text
    headers = {
        "Authorization": f"Bearer {token.json()['access_token']}",
        "NGSILD-Tenant": "ayagawa",
    }
    entities = f"{place.base}/ngsi-ld/v1/entities?type=FloodMonitoring"
    assert httpx.get(entities, headers=headers).status_code == 200
    assert secret not in str(events(place, "client.create"))


def test_the_export_of_the_log_is_itself_in_the_log(place: Place, browsers: Browsers) -> None:
    before = len(events(place, "audit.export"))
    answer = browsers("takamatsu").get("/console/audit/log.jsonl?action=test")
    assert [line for line in answer.text.splitlines() if '"tenant":"ayagawa"' in line] == []
    assert '"object":"thing:default"' in answer.text
    assert len(events(place, "audit.export")) == before + 1


def test_an_agreement_is_proposed_signed_by_an_approver_and_ended_by_either_side(
    place: Place, browsers: Browsers
) -> None:
    fields = {
        "side": "ayagawa", "way": "owner", "other": "default", "actions": "read",
        "types": "FloodMonitoring", "purpose": "Gauges upstream",
    }  # fmt: skip
    path = "/en/console/agreements/new/"
    assert send(browsers("ayagawa"), path, **fields | {"other": "ayagawa"}).status_code == 422
    answer = send(browsers("ayagawa"), path, **fields)
    assert answer.status_code == 303
    number = answer.headers["location"].split("/")[4]
    url = f"/en/console/agreements/{number}/"
    # An operator proposes and ends, but an approver signs.
    assert browsers("ayagawa").get(f"{url}sign/ayagawa/").status_code == 403
    assert browsers("approver").get(f"{url}sign/default/").status_code == 403
    assert send(browsers("approver"), f"{url}sign/ayagawa/").status_code == 303
    assert "not signed" in browsers("takamatsu").get(url).text
    twice = send(browsers("approver"), f"{url}sign/ayagawa/", form="/en/account/logout/")
    assert twice.status_code == 409 and "signed for this side already" in twice.text
    # Whoever signed has left before the other side signs: somebody else signs anew.
    with psycopg.connect(place.dsn) as connection:
        connection.execute(
            "update sharing_agreement set owner_signed_by = 'user:99999' where id::text = %s",
            [number],
        )
    assert "sign anew" in browsers("takamatsu").get(url).text
    assert "sign/ayagawa/" in browsers("approver").get(url).text
    assert send(browsers("approver"), f"{url}sign/ayagawa/").status_code == 303
    assert "sign anew" not in browsers("takamatsu").get(url).text
    assert send(browsers("takamatsu"), f"{url}revoke/default/").status_code == 422
    assert send(browsers("takamatsu"), f"{url}revoke/default/", reason="over").status_code == 303
    revoked = "select revoked_for from sharing_agreement where id::text = %s"
    assert place.one(revoked, number) == "default"
    assert {tenant for tenant, _, _ in events(place, "agreement.revoke")} == {"ayagawa", "default"}


@pytest.mark.parametrize(
    "query",
    [
        "jobs/?before=²&state=x", "jobs/?before=99999999999999999999", "users/?after=-1&q=%00",
        "audit/?older=x", "audit/?since=2026-13-45", "audit/?object=%00%27", "devices/?page=0",
        "devices/?state=%3Cscript%3E", "notifications/?done=dropped&n=%E2%91%A0",
        "notifications/?subscription=%00", "feeds/?state=%00", "users/99999999999999999999/",
        "jobs/default/99999999999999999999/", "keys/devices/default/no-id/", "?done=%00",
        "keys/clients/%00/", "feeds/default/%00/", "roles/user:0/new/",
        "users/?after=9999999999999999999",
        "notifications/default/99999999999999999999/", "tenants/of/%00/", "feeds/?town=%00",
    ],
)  # fmt: skip
def test_odd_addresses_are_answered_and_not_stumbled_over(browsers: Browsers, query: str) -> None:
    answer = browsers("whole").get(f"/en/console/{query}")
    assert answer.status_code in (200, 400, 404, 422), answer.status_code
    assert "<script>" not in answer.text.lower().replace('<script type="', "")


def test_a_feed_is_switched_on_and_off_by_an_operator_of_the_town(
    place: Place, browsers: Browsers
) -> None:
    path, client = "/en/console/feeds/ayagawa/shelter_status/switch/", browsers("ayagawa")
    assert "Address (https://…)" in client.get(path).text
    assert send(client, path, act="on", address="").status_code == 422
    refused = send(client, path, act="on", address="https://me:secret@town.example.jp/s.csv")
    assert refused.status_code == 422
    assert "me:secret@town" in refused.text  # what was typed stays
    answer = send(client, path, act="on", address="https://town.example.jp/s.csv")
    assert (answer.status_code, answer.headers["location"]) == (303, "/en/console/feeds/?done=on")
    is_on = "select is_on from feed_switch where tenant = 'ayagawa' and feed_id = 'shelter_status'"
    assert place.one(is_on) is True
    assert "https://town.example.jp/s.csv" in client.get(path).text
    assert send(client, path, act="off").status_code == 303
    assert place.one(is_on) is False
    actor = f"user:{place.users['ayagawa']}"
    for action in ("feed.on", "feed.off"):
        assert events(place, action) == [("ayagawa", actor, "feed:shelter_status")]
    other = "/en/console/feeds/default/river_levels/switch/"
    assert client.get(other).status_code == 404
    assert browsers("whole-auditor").get(other).status_code == 403
    assert client.get("/en/console/feeds/ayagawa/unheard_of/switch/").status_code == 404


def test_wrong_keys_are_counted_where_they_were_tried(place: Place, browsers: Browsers) -> None:
    with psycopg.connect(place.dsn) as connection:
        connection.execute(
            "insert into device_refusal (tenant, device, reason, count, first_at, last_at) values"
            " ('ayagawa', '', 'unknown_key', 7, now(), now()),"
            " ('default', '', 'unknown_key', 9, now(), now())"
        )
    page = browsers("ayagawa").get("/en/console/devices/").text
    assert "7 times" in page
    assert "9 times" not in page
    connection.close()
