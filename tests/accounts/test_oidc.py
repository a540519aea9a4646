"""Signing in with an account kept elsewhere, against a real OpenID provider."""

import html
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from tests.accounts.conftest import Site
from tests.accounts.signing import make_user
from tests.conftest import ROOT, free_port

HERE = Path(__file__).parent / "provider"
CONFIGURATION = """
[provider.city]
name = "高松市職員認証"
server = "{server}"
client_id = "tamamo"
client_secret = "a-secret-of-the-tests"
tenant = "default"
sign_up = true
link_by_email = true
"""


def _set_up() -> str:
    """Install the provider from its lock file, once, and return the Node that runs it."""
    spec = importlib.util.spec_from_file_location("install", ROOT / "scripts" / "install.py")
    assert spec is not None and spec.loader is not None
    install = importlib.util.module_from_spec(spec)
    sys.modules["install"] = install
    spec.loader.exec_module(install)
    node, npm = install.find_node()
    marker = HERE / "node_modules" / ".installed"
    wanted = (HERE / "package-lock.json").read_text("utf-8")
    if not marker.exists() or marker.read_text("utf-8") != wanted:
        environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}"}
        command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=HERE, env=environment, check=True, timeout=300)
        marker.write_text(wanted, "utf-8")
    return shutil.which(str(node)) or str(node)


class Elsewhere:
    """The provider, and somebody at its pages."""

    def __init__(self, base: str) -> None:
        self.base = base

    def spoil(self, kind: str) -> None:
        """Make the next ID token wrong."""
        httpx.post(f"{self.base}/fault", params={"kind": kind}).raise_for_status()

    def through(self, start: str, person: str = "staff") -> str:
        """Sign in at the provider as a browser does; return where it leads back to."""
        with httpx.Client(base_url=self.base, timeout=20) as client:
            answer = client.get(start)
            for _ in range(12):
                if answer.is_redirect:
                    target = urljoin(str(answer.url), answer.headers["location"])
                    if not target.startswith(self.base):
                        return target
                    answer = client.get(target)
                    continue
                assert answer.status_code == 200, answer.text[:500]
                action = re.search(r'action="([^"]+)"', answer.text)
                prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
                assert action and prompt, answer.text[:800]
                fields = {"prompt": prompt[1], "login": person, "password": "x"}
                answer = client.post(html.unescape(action[1]), data=fields)
        raise AssertionError("the provider does not lead back")


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    callback = "http://tamamo.test/account/with/city/back/"
    command = [_set_up(), str(HERE / "provider.mjs"), callback]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert said, process.stderr.read().decode() if process.stderr else ""
            yield Elsewhere(f"http://127.0.0.1:{json.loads(said)['port']}")
        finally:
            process.kill()


@pytest.fixture(scope="module")
def site(
    sites: Callable[..., Site], elsewhere: Elsewhere, tmp_path_factory: pytest.TempPathFactory
) -> Site:
    home = tmp_path_factory.mktemp("oidc")
    (home / "oidc.toml").write_text(CONFIGURATION.format(server=elsewhere.base), "utf-8")
    # The name browsers know it by; tests speak to it directly.
    return sites(home, public_url="http://tamamo.test", sign_in_rate="100000")


def begin(client: httpx.Client, target: str = "") -> str:
    """Follow the button on the sign-in page; return where the provider is asked."""
    page = client.get(f"/account/login/?next={target}" if target else "/account/login/").text
    assert "高松市職員認証" in page
    link = re.search(r'href="(/account/with/city/[^"]*)"', page)
    assert link
    answer = client.get(html.unescape(link[1]))
    assert answer.status_code == 302, answer.text[:500]
    return str(answer.headers["location"])


def back(client: httpx.Client, target: str) -> httpx.Response:
    """Open the address that the provider leads back to."""
    assert target.startswith("http://tamamo.test/account/with/city/back/?")
    return client.get(target.removeprefix("http://tamamo.test"))


def test_somebody_comes_the_first_time_and_again(site: Site, elsewhere: Elsewhere) -> None:
    with site.browser() as client:
        asked = begin(client, "/account/sessions/")
        for part in ("nonce=", "state=", "code_challenge=", "code_challenge_method=S256"):
            assert part in asked
        answer = back(client, elsewhere.through(asked))
        assert (answer.status_code, answer.headers["location"]) == (302, "/account/sessions/")
        assert "staff@city.example" in client.get("/account/").text
    rows = site.sql("select email, name, home_tenant from accounts_user")
    assert rows == [("staff@city.example", "職員 花子", "default")]
    with site.browser() as client:
        back(client, elsewhere.through(begin(client)))
        assert client.get("/account/").status_code == 200
    assert site.sql("select count(*) from accounts_user") == [(1,)]
    assert site.sql("select count(*) from audit_event where action = 'session.begin'") == [(2,)]


def test_a_confirmed_address_leads_to_the_account_that_has_it_here(
    site: Site, elsewhere: Elsewhere
) -> None:
    """`link_by_email`; an address that the provider has not confirmed leads nowhere."""
    number = make_user(site.dsn, "other@city.example")
    with site.browser() as client:
        back(client, elsewhere.through(begin(client), "other"))
        assert client.get("/account/").status_code == 302, "in by an unconfirmed address"
    assert site.sql("select 1 from socialaccount_socialaccount where user_id = %s", [number]) == []


WRONG = [
    "nonce",
    "no nonce",
    "expired",
    "audience",
    "issuer",
    "subject",
    "signature",
    "unsigned",
    "absent",
]


@pytest.mark.parametrize("kind", WRONG)
def test_an_answer_that_cannot_be_trusted_lets_nobody_in(
    site: Site, elsewhere: Elsewhere, kind: str
) -> None:
    with site.browser() as client:
        target = elsewhere.through(begin(client))
        elsewhere.spoil(kind)
        answer = back(client, target)
        assert answer.status_code in (200, 401, 403)
        assert "外部のアカウントでログインできませんでした" in answer.text
        assert client.get("/account/").status_code == 302


def test_an_answer_counts_once(site: Site, elsewhere: Elsewhere) -> None:
    with site.browser() as client:
        target = elsewhere.through(begin(client))
        back(client, target)
        assert client.get("/account/").status_code == 200
        client.cookies.delete("session")
        assert "ログインできませんでした" in back(client, target).text
        assert client.get("/account/").status_code == 302


def test_an_answer_for_another_browser_counts_nothing(site: Site, elsewhere: Elsewhere) -> None:
    """A state that this browser has not begun (login CSRF), and a code put into a new sign-in."""
    with site.browser() as first, site.browser() as second:
        target = elsewhere.through(begin(first))
        assert "ログインできませんでした" in back(second, target).text
        code = re.search(r"code=([^&]+)", target)
        state = re.search(r"state=([^&]+)", begin(second))
        assert code and state
        back(first, target)
        planted = f"/account/with/city/back/?code={code[1]}&state={state[1]}"
        assert "ログインできませんでした" in second.get(planted).text
        assert second.get("/account/").status_code == 302


def test_another_site_cannot_make_a_browser_begin(site: Site) -> None:
    with site.browser() as client:
        headers = {"Sec-Fetch-Site": "cross-site"}
        assert client.get("/account/with/city/", headers=headers).status_code == 403


def test_a_provider_that_is_not_there_is_no_page(site: Site) -> None:
    with site.browser() as client:
        assert client.get("/account/with/nobody/").status_code == 404


def test_who_cancels_is_back_at_the_start(site: Site, elsewhere: Elsewhere) -> None:
    with site.browser() as client:
        state = re.search(r"state=([^&]+)", begin(client))
        assert state
        path = f"/account/with/city/back/?error=access_denied&state={state[1]}"
        answer = client.get(path, follow_redirects=True)
        assert "ログインを取りやめました" in answer.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[provider.city]\nname = 'x'\n", "server"),
        ("[provider.city\n", "oidc.toml"),
        (CONFIGURATION + "secret_sauce = 1\n", "secret_sauce"),
    ],
    ids=["incomplete", "no TOML", "unknown"],
)
def test_a_file_that_is_not_usable_is_said_and_left_out(
    tmp_path: Path, text: str, said: str
) -> None:
    from tamamo.accounts import oidc
    from tamamo.kernel.settings import Settings
    from tamamo.server.doctor import _sign_in_elsewhere

    (tmp_path / "oidc.toml").write_text(text, "utf-8")
    [result] = _sign_in_elsewhere(Settings(home=tmp_path))
    assert result.mark == "absent"
    assert said in result.text and "a-secret-of-the-tests" not in result.text
    assert oidc.usable(tmp_path) == {}
