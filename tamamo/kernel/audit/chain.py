"""Proof of the log: the hashes computed again, outside the database, from the rows.

What is hashed (the canonical form) is described in docs/subsystems/audit.md: ten fields, each as
its length in bytes, a colon, its UTF-8 and a comma (`-,` for null). Nothing here asks PostgreSQL
to compute anything.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import psycopg

from tamamo.kernel import sql
from tamamo.kernel.audit.listing import Entry, entry
from tamamo.kernel.time import from_text

_SQL = sql.load("tamamo.kernel.audit")
_FORM: Final = "tamamo-audit-1"
_START: Final = bytes(32)

Kind = Literal["changed", "missing", "out of order", "unlinked", "tail cut", "rewritten"]


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain stood at some moment: the number and hash of its newest event.

    source: who says so, for people.
    """

    tenant: str
    seq: int
    hash: bytes
    source: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that an untouched log cannot show, and where."""

    tenant: str
    seq: int
    kind: Kind
    text: str


@dataclass(slots=True)
class Report:
    """What was checked: events a tenant, noted heads that were met, and the faults found."""

    events: dict[str, int] = field(default_factory=dict)
    heads_met: int = 0
    faults: list[Fault] = field(default_factory=list)


def canonical(one: Entry) -> bytes:
    """Return the bytes whose SHA-256 is the event's hash."""
    at = one.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    fields = (
        _FORM,
        one.previous.hex(),
        one.tenant,
        str(one.seq),
        at,
        one.actor,
        one.action,
        one.object,
        one.before,
        one.after,
    )
    return b"".join(map(_field, fields))


def _field(text: str | None) -> bytes:
    if text is None:
        return b"-,"
    told = text.encode()
    return b"%d:%b," % (len(told), told)


def verify(entries: Iterable[Entry], heads: Iterable[Head] = (), *, whole: bool = True) -> Report:
    """Recompute the chains of `entries` and hold them against heads noted elsewhere.

    entries: ordered by tenant and seq. heads: each says what a chain held at its time. whole: each
    chain starts at its first event; an export of some days does not.
    """
    noted: dict[str, dict[int, list[Head]]] = {}
    for head in heads:
        noted.setdefault(head.tenant, {}).setdefault(head.seq, []).append(head)
    report = Report()
    last: Entry | None = None
    for one in entries:
        if last is None or last.tenant != one.tenant:
            last = None
        report.events[one.tenant] = report.events.get(one.tenant, 0) + 1
        report.faults += _own_faults(one)
        report.faults += _link_faults(last, one, whole)
        for head in noted.get(one.tenant, {}).pop(one.seq, ()):
            report.heads_met += 1
            report.faults += _head_faults(head, one)
        last = one
    for waiting in noted.values():
        for seq in sorted(waiting):
            report.faults += [
                Fault(head.tenant, seq, "tail cut", f"is gone, but {head.source} knows it")
                for head in waiting[seq]
                if head.seq > 0
            ]
    return report


def _own_faults(one: Entry) -> Iterator[Fault]:
    if hashlib.sha256(canonical(one)).digest() != one.hash:
        yield Fault(one.tenant, one.seq, "changed", "its content does not give its hash")


def _link_faults(last: Entry | None, one: Entry, whole: bool) -> Iterator[Fault]:
    if last is None:
        if one.seq > 1 and whole:
            yield Fault(one.tenant, 1, "missing", f"1 to {one.seq - 1} are gone")
        elif one.seq == 1 and one.previous != _START:
            yield Fault(one.tenant, 1, "unlinked", "the first event follows on something")
        return
    if one.seq <= last.seq:
        yield Fault(one.tenant, one.seq, "out of order", f"stands after {last.seq}")
    elif one.seq > last.seq + 1:
        gone = f"{last.seq + 1}" if one.seq == last.seq + 2 else f"{last.seq + 1} to {one.seq - 1}"
        yield Fault(one.tenant, last.seq + 1, "missing", f"{gone} missing before {one.seq}")
    elif one.previous != last.hash:
        text = f"does not follow on {last.seq}: one of the two was put there later"
        yield Fault(one.tenant, one.seq, "unlinked", text)
    if one.at < last.at:
        yield Fault(one.tenant, one.seq, "out of order", f"is earlier than {last.seq}")


def _head_faults(head: Head, one: Entry) -> Iterator[Fault]:
    if head.hash != one.hash:
        text = f"is not what {head.source} knows: the chain was written anew"
        yield Fault(one.tenant, one.seq, "rewritten", text)


def verify_database(
    connection: psycopg.Connection[Any], heads: Iterable[Head] = (), tenant: str | None = None
) -> Report:
    """Verify what stands in a database, in one snapshot, beside writers.

    heads: noted elsewhere; the database's own heads are always held against it too.
    """
    connection.rollback()
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read read only")
        chosen = [one for one in heads if tenant in (None, one.tenant)]
        chosen += database_heads(connection, tenant)
        with connection.cursor("audit_chain") as rows:
            rows.itersize = 2000
            rows.execute(_SQL["chain"], {"tenant": tenant})
            report = verify(map(entry, rows), chosen)
    return report


def database_heads(connection: psycopg.Connection[Any], tenant: str | None = None) -> list[Head]:
    """Return where each chain stands now, in this transaction's snapshot."""
    rows = connection.execute(_SQL["heads"], {"tenant": tenant})
    return [Head(name, seq, hashed, "the database's own note") for name, seq, hashed, _ in rows]


class _Line(msgspec.Struct):
    """A line of an export; before and after keep their bytes."""

    tenant: str
    seq: int
    at: str
    actor: str
    action: str
    object: str
    previous: str
    hash: str
    before: msgspec.Raw = msgspec.Raw(b"null")
    after: msgspec.Raw = msgspec.Raw(b"null")


def read_export(file: Path) -> list[Entry]:
    """Return the events of a JSONL export, in order for `verify`. Raises ValueError."""
    decoder = msgspec.json.Decoder(_Line)
    entries: list[Entry] = []
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                told = decoder.decode(line)
                entries.append(_told(told, from_text(told.at)))
            except ValueError as error:
                raise ValueError(f"{file}, line {number}: {error}") from error
    # By time within a tenant, as exported: a reordered file must not be put in order again.
    return sorted(entries, key=lambda one: one.tenant)


def _told(line: _Line, at: datetime) -> Entry:
    texts: Mapping[str, str | None] = {
        name: None if bytes(raw) == b"null" else bytes(raw).decode()
        for name, raw in (("before", line.before), ("after", line.after))
    }
    return Entry(
        line.tenant,
        line.seq,
        at,
        line.actor,
        line.action,
        line.object,
        texts["before"],
        texts["after"],
        bytes.fromhex(line.previous),
        bytes.fromhex(line.hash),
    )
