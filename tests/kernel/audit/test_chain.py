"""Whatever is done to the log behind its back is found: by hashes computed in Python."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tamamo.kernel.audit import Event, append_sync, chain, heads

Connection = psycopg.Connection[Any]

#: Recomputes the hashes from a row on, as one would who knows how.
REHASH = """
do $$ declare r record; last bytea;
begin
    select hash into last from audit_event where tenant = 'default' and seq = 2;
    for r in select * from audit_event where tenant = 'default' and seq >= 3 order by seq loop
        update audit_event set previous = last, hash = audit_hash(last, tenant, seq, at, actor,
            action, object, before::text, after::text)
        where tenant = r.tenant and seq = r.seq returning hash into last;
    end loop;
    update audit_head set hash = last where tenant = 'default';
end $$
"""


@pytest.fixture
def log(database_url: str) -> Iterator[Connection]:
    """Six events of one tenant and one of another."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        for number in range(6):
            event = Event("default", "user:1", "a.b", f"urn:x:{number}", {"n": number}, {"玉": 1.5})
            append_sync(connection, event)
        append_sync(connection, Event("ayagawa", "user:2", "a.b", "urn:y:1"))
        connection.autocommit = False
        yield connection


def _disarm(connection: Connection) -> None:
    """Take the triggers off, as the owner of the tables can."""
    connection.execute("alter table audit_event disable trigger user")
    connection.execute("alter table audit_head disable trigger user")


def _faults(connection: Connection, *noted: chain.Head) -> list[tuple[int, str]]:
    connection.commit()
    report = chain.verify_database(connection, noted)
    assert {fault.tenant for fault in report.faults} <= {"default"}
    return [(fault.seq, fault.kind) for fault in report.faults]


def test_an_untouched_log_has_no_fault_and_meets_its_heads(log: Connection) -> None:
    report = chain.verify_database(log)
    assert report.events == {"ayagawa": 1, "default": 6}
    assert (report.heads_met, report.faults) == (2, [])


def test_the_canonical_form_is_what_the_documentation_says(log: Connection) -> None:
    """By hand, with nothing but hashlib: what another program has to do."""
    at, hashed = log.execute(
        """select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), hash
        from audit_event where tenant = 'default' and seq = 1"""
    ).fetchone() or ("", b"")
    text = (
        "14:tamamo-audit-1,64:" + "0" * 64 + ",7:default,1:1,27:" + at + ","
        '6:user:1,3:a.b,7:urn:x:0,8:{"n": 0},12:{"玉": 1.5},'
    )
    assert hashlib.sha256(text.encode()).digest() == hashed


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("update audit_event set actor = 'user:9' where seq = 3", [(3, "changed")]),
        ("update audit_event set after = '{\"玉\": 1.50}' where seq = 3", [(3, "changed")]),
        ("update audit_event set at = at + interval '1 us' where seq = 6", [(6, "changed")]),
        ("update audit_event set before = null where seq = 1", [(1, "changed")]),
        ("delete from audit_event where seq = 3", [(3, "missing")]),
        ("delete from audit_event where seq <= 2 and tenant = 'default'", [(1, "missing")]),
        ("delete from audit_event where seq = 6", [(6, "tail cut")]),
        # Removed and the rest moved up.
        (
            "delete from audit_event where seq = 3;"
            "update audit_event set seq = seq - 1 where seq > 3",
            [(3, "changed"), (3, "unlinked"), (4, "changed"), (5, "changed"), (6, "tail cut")],
        ),
        # Two rows change places.
        (
            "update audit_event set seq = 100 where seq = 3;"
            "update audit_event set seq = 3 where seq = 4;"
            "update audit_event set seq = 4 where seq = 100",
            [
                (3, "changed"),
                (3, "unlinked"),
                (4, "changed"),
                (4, "unlinked"),
                (4, "out of order"),
                (5, "unlinked"),
            ],
        ),
    ],
)
def test_what_is_done_behind_its_back(
    log: Connection, statement: str, found: list[tuple[int, str]]
) -> None:
    _disarm(log)
    log.execute(statement)
    assert _faults(log) == found


def test_a_row_put_in_with_a_fitting_hash(log: Connection) -> None:
    _disarm(log)
    log.execute("update audit_event set seq = seq + 100 where seq >= 4")
    log.execute("update audit_event set seq = seq - 99 where seq >= 100")
    log.execute(
        """insert into audit_event
        select tenant, 4, at, 'user:9', action, object, before, after, hash,
            audit_hash(hash, tenant, 4, at, 'user:9', action, object, before::text, after::text)
        from audit_event where tenant = 'default' and seq = 3"""
    )
    assert (5, "unlinked") in _faults(log)


def test_a_chain_written_anew_is_found_by_a_head_noted_elsewhere(
    log: Connection, tmp_path: Path
) -> None:
    heads.note(tmp_path, chain.database_heads(log), "test")
    _disarm(log)
    log.execute("update audit_event set actor = 'user:9' where seq = 3")
    log.execute(REHASH)
    assert _faults(log) == []  # by itself it is in order again
    assert _faults(log, *heads.read(heads.path(tmp_path))) == [(6, "rewritten")]


def test_a_tail_cut_with_its_head_is_found_by_a_head_noted_elsewhere(
    log: Connection, tmp_path: Path
) -> None:
    heads.note(tmp_path, chain.database_heads(log), "test")
    _disarm(log)
    log.execute("delete from audit_event where seq > 3")
    log.execute(
        "update audit_head h set seq = 3, hash = e.hash from audit_event e"
        " where h.tenant = e.tenant and e.seq = 3"
    )
    assert _faults(log) == []
    assert _faults(log, *heads.read(heads.path(tmp_path))) == [(6, "tail cut")]


def test_heads_are_noted_once_each_and_survive_a_crash(log: Connection, tmp_path: Path) -> None:
    now = chain.database_heads(log)
    assert len(heads.note(tmp_path, now, "test")) == 2
    assert heads.note(tmp_path, now, "test") == []
    file = heads.path(tmp_path)
    assert file.stat().st_mode & 0o077 == 0
    file.write_bytes(file.read_bytes()[:-20])
    assert [(one.tenant, one.seq) for one in heads.read(file)] == [("ayagawa", 1)]
    assert [one.tenant for one in heads.note(tmp_path, now, "test")] == ["default"]
    assert {(one.tenant, one.seq) for one in heads.read(file)} == {("ayagawa", 1), ("default", 6)}
    file.write_bytes(b"?\n" + file.read_bytes())
    with pytest.raises(ValueError, match="line 1"):
        heads.read(file)


def test_one_tenant_alone(log: Connection) -> None:
    report = chain.verify_database(log, [chain.Head("default", 99, bytes(32), "x")], "ayagawa")
    assert (report.events, report.faults) == ({"ayagawa": 1}, [])
