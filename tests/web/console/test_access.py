"""Who sees which page of the console: every route, by everybody."""

import asyncio
import re
from collections.abc import Callable
from contextlib import closing
from typing import Any

import httpx
import psycopg
import pytest

from tamamo.accounts.service import clients
from tamamo.kernel.identity import INSTALLATION, devices
from tamamo.web.console.urls import urlpatterns
from tests.accounts.signing import make_user
from tests.web.console.conftest import Place

#: Routes that answer to POST only.
POSTS = {
    "job-retry", "tenant-resume", "user-on", "user-off", "user-invite", "audit-verify",
    "backup-make",
}  # fmt: skip
Browsers = Callable[[str], httpx.Client]


def _place_in(pattern: Any) -> str:
    """A route as a text with {names}."""
    route = str(pattern.pattern)
    if hasattr(pattern.pattern, "_regex") and route.startswith("^"):
        return re.sub(r"\(\?P<(\w+)>[^)]*\)", r"{\1}", route[1:].rstrip("$")).replace("\\.", ".")
    return re.sub(r"<\w+:(\w+)>", r"{\1}", route)


ROUTES = {pattern.name: (_place_in(pattern), pattern.callback.rule) for pattern in urlpatterns}


async def make_keys(dsn: str, town: str) -> tuple[str, str]:
    """A device and a client of a town, as operators make them."""
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        name = f"Gauge of {town}"
        device, _ = await devices.create(connection, INSTALLATION, town, name, type="urn:t")
        program, _ = await clients.create(connection, INSTALLATION, town, f"Program of {town}")
        return device, program.client_id


@pytest.fixture(scope="module")
def things(place: Place) -> dict[str, dict[str, Any]]:
    """Town → what stands in the addresses of things of that town."""
    with psycopg.connect(place.dsn) as connection:
        agreement = connection.execute(
            "insert into sharing_agreement (owner, reader, types, actions, valid_from, proposed_by,"
            " proposed_for) values ('kanonji', 'default', '{urn:t}', '{read}', now(), 'user:1',"
            " 'kanonji') returning id"
        ).fetchone()
        found: dict[str, dict[str, Any]] = {}
        for town in ("default", "ayagawa"):
            device, client = asyncio.run(make_keys(place.dsn, town))
            assert agreement
            who = "takamatsu" if town == "default" else "ayagawa"
            found[town] = {
                "tenant": town,
                "feed": "river",
                "device": device,
                "client": client,
                "subject": f"client:{client}",
                "agreement": agreement[0],
                "side": "kanonji",
                "form": "csv",
                "verb": "drop",
                "user": place.users[who],
                "grant": connection.execute(
                    "select id from role_grant where tenant = %s and subject = %s",
                    [town, f"user:{place.users[who]}"],
                ).fetchone()[0],  # type: ignore[index]
                "record": connection.execute(
                    "select number from feed_record where tenant = %s", [town]
                ).fetchone()[0],  # type: ignore[index]
                "rejects": connection.execute(
                    "select number from feed_rejects where tenant = %s", [town]
                ).fetchone()[0],  # type: ignore[index]
                "letter": connection.execute(
                    "select seq from notification where tenant = %s", [town]
                ).fetchone()[0],  # type: ignore[index]
                "job": connection.execute(
                    "select id from job where tenant = %s", [town]
                ).fetchone()[0],  # type: ignore[index]
            }
    return found


def address(name: str, thing: dict[str, Any]) -> str:
    """The address of a route for the things of one town."""
    number = {"feed-record": "record", "feed-rejects": "rejects", "letter": "letter"}
    kind = number.get(name) or (
        "letter" if name.startswith("letter") else
        "job" if name.startswith("job") else
        "agreement" if name.startswith("agreement") else "user"
    )  # fmt: skip
    if name == "feed-switch":  # only what projects offer
        thing = thing | {"feed": "underpass_flooding"}
    path = ROUTES[name][0].format(**thing, number=thing[kind])
    query = f"?subscription=urn:subscription:{thing['tenant']}" if name == "letters-act" else ""
    return f"/console/{path}{query}"


def ask(client: httpx.Client, name: str, path: str) -> httpx.Response:
    """Open a page; of those that only take a form, send it without its token: nothing is done."""
    if name not in POSTS:
        return client.get(path)
    token = client.cookies.get("csrftoken") or ""
    if not token:
        client.get("/console/")
        token = client.cookies.get("csrftoken") or ""
    headers = {"X-CSRFToken": token}
    return client.post(path, headers=headers)


OF_TOWN = [name for name, (path, _) in ROUTES.items() if "{" in path.replace("{form}", "")]
ACTS = [name for name, (_, rule) in ROUTES.items() if rule.acts]
WHOLE = [name for name, (_, rule) in ROUTES.items() if rule.whole]


def test_every_route_says_for_whom_it_is() -> None:
    assert len(ROUTES) == len(urlpatterns) > 50
    assert ACTS and WHOLE and OF_TOWN
    for name in POSTS:
        assert ROUTES[name][1].acts, name


@pytest.mark.parametrize("name", ROUTES)
def test_nobody_signed_in_is_sent_to_sign_in(
    place: Place, things: dict[str, dict[str, Any]], name: str
) -> None:
    with place.client("") as client:
        answer = client.get(address(name, things["default"]))
    if name in POSTS:
        assert answer.status_code == 405
    else:
        assert answer.status_code == 302
        assert answer.headers["location"].startswith("/account/login/?next=")


@pytest.mark.parametrize("who", ["resident", "editor", "developer"])
@pytest.mark.parametrize("name", ROUTES)
def test_without_a_role_here_nothing_is_shown(
    browsers: Browsers, things: dict[str, dict[str, Any]], name: str, who: str
) -> None:
    assert ask(browsers(who), name, address(name, things["default"])).status_code == 403


@pytest.mark.parametrize("name", [n for n in ROUTES if n not in POSTS])
def test_the_installations_operator_sees_everything_of_both_towns(
    browsers: Browsers, things: dict[str, dict[str, Any]], name: str
) -> None:
    for town in ("default", "ayagawa"):
        path = address(name, things[town])
        answer = browsers("whole").get(path)
        expected = {403} if name == "agreement-sign" else {200}
        if name == "feed-replay":
            expected = {404}  # nothing kept of this feed can be read again
        assert answer.status_code in expected, (path, answer.status_code)


@pytest.mark.parametrize("name", OF_TOWN)
def test_a_towns_operator_does_not_see_that_another_towns_things_exist(
    browsers: Browsers, things: dict[str, dict[str, Any]], name: str
) -> None:
    answer = ask(browsers("ayagawa"), name, address(name, things["default"]))
    assert answer.status_code in (403, 404), answer.status_code
    assert "river" not in answer.text.lower().replace("/river/", "") and "Gauge" not in answer.text


@pytest.mark.parametrize("name", WHOLE)
def test_pages_of_the_installation_are_not_for_a_towns_operator(
    browsers: Browsers, things: dict[str, dict[str, Any]], name: str
) -> None:
    answer = ask(browsers("takamatsu"), name, address(name, things["default"]))
    assert answer.status_code == 403


@pytest.mark.parametrize("who", ["whole-auditor", "takamatsu-auditor"])
@pytest.mark.parametrize("name", ACTS)
def test_an_auditor_acts_nowhere(
    browsers: Browsers, things: dict[str, dict[str, Any]], name: str, who: str
) -> None:
    answer = ask(browsers(who), name, address(name, things["default"]))
    assert answer.status_code in (403, 404), (name, answer.status_code)


@pytest.mark.parametrize("name", [n for n in ROUTES if n not in ACTS])
def test_an_auditor_of_the_whole_reads_every_page_that_only_shows(
    browsers: Browsers, things: dict[str, dict[str, Any]], name: str
) -> None:
    path = address(name, things["default"])
    answer = browsers("whole-auditor").get(path)
    assert answer.status_code == 200
    main = answer.text.partition("<main")[2]
    assert 'method="post"' not in main


#: Pages without a town in their address: what they list must be the viewer's.
LISTS = [n for n in ROUTES if n not in OF_TOWN and n not in ACTS and n not in WHOLE]


@pytest.mark.parametrize("name", LISTS)
def test_a_list_holds_only_the_viewers_town(
    browsers: Browsers, things: dict[str, dict[str, Any]], name: str
) -> None:
    path = address(name, things["ayagawa"])
    answer = browsers("ayagawa").get(path)
    assert answer.status_code == 200
    for foreign in ("default", "高松市", "takamatsu", "Program of default", "thing:default"):
        shown = re.sub(
            r"<header.*?</header>|<title>.*?</title>|<meta[^>]*>", "", answer.text, flags=re.S
        )
        assert foreign not in shown, foreign


def test_a_town_that_is_not_seen_cannot_be_chosen(browsers: Browsers) -> None:
    assert browsers("ayagawa").get("/console/feeds/?town=default").status_code == 404
    assert browsers("ayagawa").get("/console/feeds/?town=ayagawa").status_code == 200
    assert browsers("whole").get("/console/feeds/?town=nowhere").status_code == 404


def test_the_town_chosen_is_named_above_every_list(browsers: Browsers) -> None:
    for path in ("feeds/", "devices/", "users/"):
        text = browsers("whole").get(f"/console/{path}?town=ayagawa").text
        chosen = re.search(r'id="towns"><summary>.*?</span>(.*?)</summary>', text, re.S)
        assert chosen, path
        assert chosen[1].strip(), path


def test_an_approver_sees_the_agreements_and_nothing_else(browsers: Browsers) -> None:
    approver = browsers("approver")
    assert approver.get("/console/agreements/").status_code == 200
    assert approver.get("/console/").headers["location"] == "/console/agreements/"
    for path in ("feeds/", "users/", "audit/", "jobs/", "tenants/"):
        assert approver.get(f"/console/{path}").status_code == 403


def test_a_role_taken_away_ends_in_mid_session(place: Place) -> None:
    number = make_user(place.dsn, "leaving@example.jp", ("default", "operator"), name="Leaving")
    with closing(place.client("leaving")) as client:
        assert client.get("/console/feeds/").status_code == 200
        with psycopg.connect(place.dsn) as connection:
            connection.execute(
                "update role_grant set revoked_at = now() where subject = %s", [f"user:{number}"]
            )
        assert client.get("/console/feeds/").status_code == 403
