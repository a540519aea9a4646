"""Heads of the chains noted outside the database: what shows that a log's end was cut off.

HOME/audit/heads.jsonl gets a line a tenant whenever its chain has grown: hourly by `tamamo work`
(which also logs them, so that they leave the machine with the log), at each backup and after each
`tamamo audit verify`. A copy kept on another machine proves more than one kept here.
"""

import asyncio
import fcntl
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Protocol

import msgspec
import structlog

from tamamo.kernel import sql
from tamamo.kernel.audit.chain import Head
from tamamo.kernel.database import Pool, transaction
from tamamo.kernel.settings import Settings
from tamamo.kernel.tasks import wanted
from tamamo.kernel.time import now, to_text

_SQL = sql.load("tamamo.kernel.audit")
_log = structlog.get_logger(__name__)
INTERVAL_SECONDS: Final = 3600.0


class NotedHead(msgspec.Struct, frozen=True):
    """A line of the file, and an item of a backup's manifest. at: when it was noted."""

    tenant: str
    seq: int
    hash: str
    at: str
    by: str


class Host(Protocol):
    """What a service of `tamamo work` is handed."""

    @property
    def pool(self) -> Pool:
        """The process's connections."""

    @property
    def settings(self) -> Settings:
        """The installation's settings."""


def path(home: Path) -> Path:
    """Return where the heads of an installation are noted."""
    return home / "audit" / "heads.jsonl"


def read(file: Path) -> list[Head]:
    """Return the heads noted in a file: heads.jsonl, a copy of it, or parts of several.

    A file that is not there has none. Raises ValueError naming a line that is none.
    """
    found: list[Head] = []
    try:
        lines = file.read_bytes().splitlines()
    except FileNotFoundError:
        return found
    for number, line in enumerate(lines, 1):
        try:
            one = msgspec.json.decode(line, type=NotedHead)
            found.append(as_head(one, f"{file.name} of {one.at}"))
        except ValueError as error:
            # A line cut off by a crash is the last one.
            if number == len(lines) and not line.endswith(b"}"):
                break
            raise ValueError(f"{file}, line {number}: {error}") from error
    return found


def as_head(one: NotedHead, source: str) -> Head:
    """Return the head a note tells of; source: where the note stands, for people."""
    return Head(one.tenant, one.seq, bytes.fromhex(one.hash), source)


def note(home: Path, heads: Iterable[Head], by: str) -> list[NotedHead]:
    """Write down the heads that are further than what was noted; return what was written."""
    file = path(home)
    known: dict[str, int] = {}
    for head in read(file):
        known[head.tenant] = max(known.get(head.tenant, 0), head.seq)
    moment = to_text(now().replace(microsecond=0))
    fresh = [
        NotedHead(head.tenant, head.seq, head.hash.hex(), moment, by)
        for head in heads
        if head.seq > known.get(head.tenant, 0)
    ]
    if fresh:
        _add(file, b"".join(msgspec.json.encode(one) + b"\n" for one in fresh))
    return fresh


def _add(file: Path, lines: bytes) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as out:
        fcntl.flock(out, fcntl.LOCK_EX)
        # A line that a crash cut off goes: its head is noted again now.
        whole = out.read().rpartition(b"\n")
        out.truncate(len(whole[0]) + len(whole[1]))
        out.seek(0, os.SEEK_END)
        out.write(lines)
        out.flush()
        os.fsync(out.fileno())


async def run(host: Host) -> None:
    """Service of `tamamo work`: note the heads once an hour, in the home and in the log."""
    while wanted():
        async with transaction(host.pool) as connection:
            rows = await (await connection.execute(_SQL["heads"], {"tenant": None})).fetchall()
        heads = [Head(tenant, seq, hashed, "") for tenant, seq, hashed, _ in rows]
        for one in note(host.settings.home, heads, "work"):
            _log.info("audit head", tenant=one.tenant, seq=one.seq, hash=one.hash)
        await asyncio.sleep(INTERVAL_SECONDS)
