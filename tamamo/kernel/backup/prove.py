"""Proof of a backup: restored into a scratch server and held against its manifest."""

import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg

from tamamo.kernel import embedded
from tamamo.kernel.audit import chain, heads
from tamamo.kernel.backup import counting, manifest, tools
from tamamo.kernel.backup.make import Progress
from tamamo.kernel.backup.manifest import Manifest
from tamamo.kernel.installation import terminated_in_order

#: Nothing in a scratch server has to survive a crash.
_SCRATCH: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(slots=True)
class Proof:
    """What a restore showed, in sentences; without faults the backup is what it says.

    audit_faults: the log was touched before the backup was made. events: of the log, verified.
    """

    manifest: Manifest
    faults: list[str] = field(default_factory=list)
    audit_faults: list[str] = field(default_factory=list)
    events: int = 0


def check(
    file: Path,
    scratch: Path | None = None,
    progress: Progress = lambda share, text: None,
) -> Proof:
    """Restore a backup into a server of its own, which goes afterwards, and compare.

    No installation is touched or needed: what this proves holds on any machine. scratch: the
    directory for it, with room for the database [that of temporary files]. Raises SetupError for a
    file that is no backup or cannot be restored.
    """
    said = manifest.read(file)
    progress(0.0, "checksums of the file")
    if faults := manifest.verify_parts(file, said):
        return Proof(said, faults)
    with terminated_in_order(), tempfile.TemporaryDirectory(prefix="tamamo-", dir=scratch) as place:
        home = Path(place) / "home"
        try:
            with embedded.database(home, lambda _: None, _SCRATCH) as dsn:
                return prove(file, said, dsn, progress)
        finally:
            embedded.destroy(home)


def prove(file: Path, said: Manifest, dsn: str, progress: Progress) -> Proof:
    """Load the dump into the empty database of `dsn` and compare. Raises SetupError."""
    with tarfile.open(file, "r:") as archive:
        content = archive.extractfile(manifest.DUMP)
        assert content is not None
        size = said.database.size or 1
        tools.load(dsn, content, size, lambda done: progress(0.7 * done / size, "database"))
    proof = Proof(said)
    with psycopg.connect(dsn) as connection:
        progress(0.75, "comparing every table")
        proof.faults += counting.differences(said.tables, counting.tables(connection))
        if not proof.faults and counting.tenants(connection) != said.tenants:
            proof.faults.append("what the tenants have is not what was counted")
        progress(0.95, "audit log")
        noted = [heads.as_head(one, f"the manifest of {file.name}") for one in said.heads]
        report = chain.verify_database(connection, noted)
    proof.events = sum(report.events.values())
    proof.audit_faults = [
        f"audit log of {fault.tenant}, event {fault.seq}: {fault.kind}: {fault.text}"
        for fault in report.faults
    ]
    return proof
