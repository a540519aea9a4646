"""Restoring a backup: into a new database, proved, then the two change names in one transaction."""

import re
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

import psycopg
from psycopg import errors
from psycopg import sql as composing
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tamamo.kernel import home as homes
from tamamo.kernel import sql
from tamamo.kernel.audit import Event, append_sync, heads
from tamamo.kernel.backup import manifest
from tamamo.kernel.backup.make import NOT_KEPT, Progress
from tamamo.kernel.backup.manifest import Manifest
from tamamo.kernel.backup.prove import Proof, prove
from tamamo.kernel.embedded import wait_until
from tamamo.kernel.errors import SetupError
from tamamo.kernel.installation import attached
from tamamo.kernel.migrate import known, migrate
from tamamo.kernel.settings import Settings
from tamamo.kernel.time import now

Connection = psycopg.Connection[Any]

_SQL = sql.load("tamamo.kernel.backup")
#: Columns with numbers of transactions: `_renumber` sees to them, or they are empty in a backup.
NUMBERED: Final = frozenset(
    {
        "outbox.xid",
        "notification_state.xid",
        "subscription.since",
        "audit_pending.xid",
        "rule_progress.xid",
    }
)
_RENUMBER: Final = (
    "renumber", "renumber_state", "renumber_subscriptions", "renumber_rules", "broken_off",
)  # fmt: skip
#: Where a home keeps the files that a restore took the place of.
FORMER: Final = "former"
_LINGER_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Restored:
    """A restore that is done. former: the database that stood there, under its new name."""

    proof: Proof
    former: str | None


def restore(
    settings: Settings,
    file: Path,
    *,
    force: bool = False,
    progress: Progress = lambda share, text: None,
) -> Restored:
    """Restore a backup into the installation of `settings`, which must not be running.

    force: take the place of what is there; the former database and files are put aside, not
    removed. Raises SetupError and has changed nothing then.
    """
    said = manifest.read(file)
    progress(0.0, "checksums of the file")
    if faults := manifest.verify_parts(file, said):
        raise SetupError(f"{file} is damaged: {'; '.join(faults[:5])}. Nothing was changed.")
    if set(said.migrations) - set(known()):
        raise SetupError(f"{file} was made by a newer Tamamo ({said.tamamo}): restore it there.")
    home = homes.prepare(settings.home)
    _require_no_files(home, said, force)
    homes.require_space(home, homes.SPACE_FOR_NEW)
    with attached(settings) as ready:
        assert ready.database_url is not None
        try:
            return _into(ready.database_url, home, file, said, force=force, progress=progress)
        except (psycopg.OperationalError, errors.InsufficientPrivilege) as error:
            raise SetupError(
                f"The database does not let this be done: {error}. Nothing was changed."
            ) from error
        except OSError as error:
            raise homes.explain(error, home) from error


def _into(
    dsn: str, home: Path, file: Path, said: Manifest, *, force: bool, progress: Progress
) -> Restored:
    stamp = f"{now():%Y%m%d%H%M%S}"
    name = str(conninfo_to_dict(dsn)["dbname"])
    former = f"{name}_before_{stamp}"
    has_data = _has_tables(dsn)
    if has_data and not force:
        raise SetupError(
            f"The database of {home} holds data already: choose another --home, or say --force to"
            " put the backup in its place."
        )
    with psycopg.connect(make_conninfo(dsn, dbname="postgres"), autocommit=True) as server:
        _require_alone(server, name)
        with _fresh(server, f"{name}_restore_{stamp}") as fresh, _unpacked(file, home) as staged:
            loaded = make_conninfo(dsn, dbname=fresh)
            proof = prove(file, said, loaded, progress)
            if proof.faults:
                raise SetupError(
                    f"{file} does not hold what it says: {'; '.join(proof.faults[:5])}."
                    " Nothing was changed."
                )
            progress(0.97, "bringing it to this version")
            _make_ready(loaded)
            _swap(server, name, fresh, former)
            _place(staged, home, home / FORMER / stamp)
        if not has_data:
            _drop(server, former)
    heads.note(home, [heads.as_head(one, "") for one in said.heads], f"restore of {file.name}")
    kept = former if has_data else None
    _note(dsn, {"file": file.name, "made_at": said.made_at, "former_database": kept})
    progress(1.0, "done")
    return Restored(proof, kept)


def _note(dsn: str, about: dict[str, Any]) -> None:
    with psycopg.connect(dsn) as connection:
        event = Event("default", "system:restore", "backup.restore", "installation", None, about)
        append_sync(connection, event)


def drop_former(settings: Settings) -> list[str]:
    """Remove what restores put aside, and what killed ones left; return the databases' names."""
    with attached(settings) as ready:
        assert ready.database_url is not None
        name = str(conninfo_to_dict(ready.database_url)["dbname"])
        ours = re.compile(re.escape(name) + r"_(?:before|restore)_\d{14}")
        beside = make_conninfo(ready.database_url, dbname="postgres")
        with psycopg.connect(beside, autocommit=True) as server:
            rows = server.execute("select datname from pg_database order by 1").fetchall()
            found = [one for (one,) in rows if ours.fullmatch(one)]
            for one in found:
                _drop(server, one)
        for folder in (ready.home / FORMER, *ready.home.glob(".restore-*")):
            shutil.rmtree(folder, ignore_errors=True)
    return found


def _require_no_files(home: Path, said: Manifest, force: bool) -> None:
    there = [name for name in said.files if (home / name).exists()]
    if there and not force:
        raise SetupError(
            f"{home} holds files already ({', '.join(there[:3])}): choose another --home, or say"
            " --force to put the backup's in their place."
        )


def _has_tables(dsn: str) -> bool:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(
            "select exists (select from information_schema.tables"
            " where table_schema not in ('pg_catalog', 'information_schema'))"
        ).fetchone()
    return bool(row and row[0])


def _require_alone(server: Connection, name: str) -> None:
    def alone() -> bool:
        row = server.execute(
            "select count(*) from pg_stat_activity"
            " where datname = %s and backend_type = 'client backend'",
            [name],
        ).fetchone()
        return row == (0,)

    # A connection that was closed takes a moment to be gone.
    if not wait_until(alone, _LINGER_SECONDS):
        raise SetupError("The installation is running: stop `tamamo serve` and `work` first.")


@contextmanager
def _fresh(server: Connection, name: str) -> Iterator[str]:
    """Yield the name of a new empty database; it goes again when the block fails."""
    server.execute(
        composing.SQL("create database {} template template0").format(composing.Identifier(name))
    )
    try:
        yield name
    except BaseException:
        with suppress(psycopg.Error):
            _drop(server, name)
        raise


def _drop(server: Connection, name: str) -> None:
    server.execute(
        composing.SQL("drop database if exists {} with (force)").format(composing.Identifier(name))
    )


def _make_ready(dsn: str) -> None:
    """Bring a restored database to this cluster and this version."""
    with psycopg.connect(dsn) as connection:
        for block in _RENUMBER:
            connection.execute(_SQL[block])
    migrate(dsn)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("analyze")


def _swap(server: Connection, name: str, fresh: str, former: str) -> None:
    rename = composing.SQL("alter database {} rename to {}")
    try:
        with server.transaction():
            for old, new in ((name, former), (fresh, name)):
                server.execute(rename.format(composing.Identifier(old), composing.Identifier(new)))
    except errors.ObjectInUse as error:
        raise SetupError(
            "The installation was started meanwhile: stop it and restore again. Nothing was"
            " changed."
        ) from error


@contextmanager
def _unpacked(file: Path, home: Path) -> Iterator[Path]:
    """Yield a directory in the home with the backup's files, private to this user."""
    staged = home / f".restore-{now():%Y%m%d%H%M%S}"
    staged.mkdir(mode=0o700)
    try:
        with tarfile.open(file, "r:") as archive:
            for member in archive:
                path = PurePosixPath(member.name.removeprefix(manifest.HOME))
                if not member.name.startswith(manifest.HOME) or not member.isreg():
                    continue
                if path.is_absolute() or ".." in path.parts or path.parts[0] in NOT_KEPT:
                    raise SetupError(f"{file} holds a file with a strange name: {member.name!r}.")
                target = staged / path
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                content = archive.extractfile(member)
                assert content is not None
                with target.open("wb") as out:
                    target.chmod(0o600)
                    shutil.copyfileobj(content, out)
        yield staged
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _place(staged: Path, home: Path, former: Path) -> None:
    """Move the files to where they belong, and what lies there aside."""
    names = {path.relative_to(staged) for path in staged.rglob("*") if path.is_file()}
    # Heads of what happened since the backup belong to the database that went.
    for name in {*names, heads.path(home).relative_to(home)}:
        if (home / name).exists():
            (former / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            (home / name).replace(former / name)
    for name in names:
        (home / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        (staged / name).replace(home / name)
