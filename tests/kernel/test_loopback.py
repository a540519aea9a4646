"""`--open` on any address but loopback: refused however it is asked for."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tamamo.kernel.errors import SetupError
from tamamo.kernel.loopback import require_loopback_when_open
from tamamo.kernel.settings import Settings
from tests.conftest import ROOT, free_port


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_on_this_machine_it_is_allowed(host: str) -> None:
    require_loopback_when_open(Settings(host=host, open=True))


@pytest.mark.parametrize(
    "host",
    [
        "0.0.0.0", "::", "", "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "fe80::1%eth0",
        "example.org", "localhost.example.org", "localhost.", "127.1", "0", "[::1]", "127.0.0.1 ",
        "::ffff:0.0.0.0", socket.gethostname(),
    ],
)  # fmt: skip
def test_anywhere_else_it_is_refused(host: str) -> None:
    with pytest.raises(SetupError, match="--open"):
        require_loopback_when_open(Settings(host=host, open=True))
    require_loopback_when_open(Settings(host=host, open=False))


def test_a_localhost_that_means_another_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def elsewhere(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", elsewhere)
    with pytest.raises(SetupError, match="--open"):
        require_loopback_when_open(Settings(host="localhost", open=True))


@pytest.mark.parametrize(
    ("verb", "options", "environment"),
    [
        ("serve", ["--open", "--host", "0.0.0.0"], {}),
        ("serve", ["--open", "--host", "::"], {}),
        ("serve", ["--host", "0.0.0.0"], {"TAMAMO_OPEN": "true"}),
        ("serve", ["--open"], {"TAMAMO_HOST": "0.0.0.0"}),
        ("demo", ["--open", "--host", "0.0.0.0"], {}),
        ("web", [], {"TAMAMO_OPEN": "1", "TAMAMO_HOST": "0.0.0.0"}),
    ],
)
def test_every_way_to_serve_says_so_and_listens_on_nothing(
    tmp_path: Path, verb: str, options: list[str], environment: dict[str, str]
) -> None:
    home = tmp_path / "home"
    port = free_port()
    given = {"TAMAMO_HOME": str(home), "TAMAMO_PORT": str(port), **environment}
    result = subprocess.run(
        [sys.executable, "-m", "tamamo", verb, *options],
        env={**os.environ, "TAMAMO_LIFELINE": "", **given},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
    )
    assert result.returncode == 1
    assert "--open lets anyone" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not home.exists()
