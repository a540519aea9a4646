"""Making a backup, beside a running server: one snapshot of the database, then the home's files."""

import hashlib
import os
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import msgspec
import psycopg

import tamamo
from tamamo.kernel import home as homes
from tamamo.kernel.audit import chain, heads
from tamamo.kernel.backup import counting, manifest, tools
from tamamo.kernel.backup.manifest import Manifest, Part
from tamamo.kernel.errors import SetupError
from tamamo.kernel.settings import Settings
from tamamo.kernel.time import now, to_text

#: Told how far it is: a share from 0 to 1, and what is being done.
Progress = Callable[[float, str], None]

#: In the home, but not part of a backup: the database itself, other backups, what is under way.
NOT_KEPT: Final = frozenset({"postgres", "cluster", "backups", "former"})
#: Kept only when asked for.
SECRETS: Final = frozenset({"secrets", "oidc.toml"})
_BLOCK: Final = 512
#: Of the time, by rule of thumb: the dump; counting comes before, the files after.
_COUNTED, _DUMPED = 0.25, 0.95


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made. seconds: how long it took."""

    file: Path
    size: int
    sha256: str
    manifest: Manifest
    seconds: float


def make(
    settings: Settings,
    file: Path,
    *,
    secrets: bool = False,
    progress: Progress = lambda share, text: None,
) -> Made:
    """Write a backup of the installation to `file`, which appears there only when it is whole.

    settings.database_url is set and the home absolute. Raises SetupError.
    """
    assert settings.database_url is not None
    if file.exists():
        raise SetupError(f"{file} exists already: a backup is never overwritten.")
    begun = time.monotonic()
    draft = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open_private(draft) as out, psycopg.connect(settings.database_url) as connection:
            said = _write(out, connection, settings, secrets, progress)
            out.flush()
            os.fsync(out.fileno())
            size = out.tell()
            out.seek(0)
            sha256 = manifest.digest(out)
        os.link(draft, file)
        _sync(file.parent)
    except FileExistsError as error:
        raise SetupError(f"{file} exists already: a backup is never overwritten.") from error
    except psycopg.Error as error:
        raise SetupError(f"The database could not be read: {error}") from error
    except OSError as error:
        raise homes.explain(error, file.parent) from error
    finally:
        draft.unlink(missing_ok=True)
    heads.note(settings.home, [heads.as_head(one, "") for one in said.heads], f"backup {file.name}")
    progress(1.0, "done")
    return Made(file, size, sha256, said, time.monotonic() - begun)


@contextmanager
def open_private(path: Path) -> Iterator[IO[bytes]]:
    """Open a new file that only this user can read."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
        yield file


def _write(
    out: IO[bytes],
    connection: psycopg.Connection[tuple[object, ...]],
    settings: Settings,
    secrets: bool,
    progress: Progress,
) -> Manifest:
    assert settings.database_url is not None
    connection.execute("set transaction isolation level repeatable read read only")
    made_at = to_text(now())
    row = connection.execute("select pg_export_snapshot()").fetchone()
    assert row is not None
    snapshot = str(row[0])
    progress(0.0, "counting")
    counted = counting.tables(connection)
    database = _dump(out, settings.database_url, snapshot, _table_progress(connection, progress))
    progress(_DUMPED, "files of the home")
    said = Manifest(
        format=manifest.FORMAT,
        tamamo=tamamo.__version__,
        made_at=made_at,
        postgresql=str(connection.info.parameter_status("server_version")),
        migrations=counting.migrations(connection),
        database=database,
        files=_add_files(out, settings.home, secrets),
        secrets=secrets,
        tables=counted,
        tenants=counting.tenants(connection),
        heads=[
            heads.NotedHead(one.tenant, one.seq, one.hash.hex(), made_at, "backup")
            for one in chain.database_heads(connection)
        ],
    )
    content = msgspec.json.format(msgspec.json.encode(said), indent=1)
    out.write(_header(manifest.MANIFEST, len(content)) + content + _padding(len(content)))
    out.write(bytes(2 * _BLOCK))
    return said


def _table_progress(
    connection: psycopg.Connection[tuple[object, ...]], progress: Progress
) -> Callable[[str], None]:
    """Return what turns the name of a table begun into the share that is done."""
    row = connection.execute(
        "select json_object_agg(n.nspname || '.' || c.relname, pg_table_size(c.oid))"
        " from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r'"
    ).fetchone()
    assert row is not None and isinstance(row[0], dict)
    weights: dict[str, int] = row[0]
    total = sum(weights.values()) or 1
    done = 0

    def at_table(name: str) -> None:
        nonlocal done
        progress(_COUNTED + (_DUMPED - _COUNTED) * min(1.0, done / total), name)
        done += weights.get(name, 0)

    return at_table


def _dump(out: IO[bytes], dsn: str, snapshot: str, at_table: Callable[[str], None]) -> Part:
    """Stream the dump into the archive; its header is written once its size is known."""
    place = out.tell()
    out.write(bytes(_BLOCK))
    hashed = hashlib.sha256()

    def write(chunk: bytes) -> None:
        hashed.update(chunk)
        out.write(chunk)

    tools.dump(dsn, snapshot, write, at_table)
    size = out.tell() - place - _BLOCK
    out.write(_padding(size))
    end = out.tell()
    out.seek(place)
    out.write(_header(manifest.DUMP, size))
    out.seek(end)
    return Part(size, hashed.hexdigest())


def _add_files(out: IO[bytes], home: Path, secrets: bool) -> dict[str, Part]:
    """Add the home's files. One that changes or goes meanwhile is taken as it is found."""
    parts: dict[str, Part] = {}
    for path in kept_files(home, secrets):
        name = path.relative_to(home).as_posix()
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            continue
        out.write(_header(manifest.HOME + name, len(content)) + content + _padding(len(content)))
        parts[name] = Part(len(content), hashlib.sha256(content).hexdigest())
    return parts


def kept_files(home: Path, secrets: bool) -> list[Path]:
    """Return the files of a home that a backup takes: no links, nothing that starts with a dot."""
    leave = NOT_KEPT if secrets else NOT_KEPT | SECRETS
    found: list[Path] = []
    for folder, folders, files in os.walk(home):
        here = Path(folder)
        skipped = leave if here == home else frozenset()
        folders[:] = sorted(one for one in folders if one not in skipped and one[0] != ".")
        paths = [here / one for one in sorted(files) if one not in skipped and one[0] != "."]
        found += [path for path in paths if path.is_file() and not path.is_symlink()]
    return found


def _header(name: str, size: int) -> bytes:
    # GNU's form has room for any size and name; a long name is an entry of its own before it.
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, int(time.time())
    return info.tobuf(tarfile.GNU_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % _BLOCK)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
