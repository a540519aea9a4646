"""What a backup says about itself: counts and checksums that a restore is held against.

A backup is an uncompressed tar: `database.dump` (PostgreSQL's custom format), `home/…` the
home's files, and at the very end `manifest.json`. Without that last part it was never finished.
"""

import hashlib
import tarfile
from pathlib import Path
from typing import IO, Final

import msgspec

from tamamo.kernel.audit.heads import NotedHead
from tamamo.kernel.errors import SetupError

FORMAT: Final = 1
DUMP: Final = "database.dump"
HOME: Final = "home/"
MANIFEST: Final = "manifest.json"
#: Longer than a manifest of some thousand tables and tenants ever is, in bytes.
_LARGEST: Final = 256 * 1024 * 1024
_CHUNK: Final = 1024 * 1024


class Part(msgspec.Struct, frozen=True):
    """A file in the backup: bytes and their SHA-256."""

    size: int
    sha256: str


class Table(msgspec.Struct, frozen=True):
    """A table: its rows, and a checksum over all their values in whatever order they lie."""

    rows: int
    checksum: str


class Tenant(msgspec.Struct, frozen=True):
    """A town's data: entities by type (IRI), instances in the history, audit events."""

    entities: dict[str, int]
    history: int
    audit: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a backup says about itself. made_at: RFC 3339, UTC: the moment of its snapshot."""

    format: int
    tamamo: str
    made_at: str
    postgresql: str
    migrations: list[str]
    database: Part
    files: dict[str, Part]
    secrets: bool
    tables: dict[str, Table]
    tenants: dict[str, Tenant]
    heads: list[NotedHead]

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables.values())


def read(file: Path) -> Manifest:
    """Return the manifest of a backup. Raises SetupError for a file that is none, or half one."""
    try:
        with tarfile.open(file, "r:") as archive:
            members = {member.name: member for member in archive.getmembers()}
            if MANIFEST not in members or DUMP not in members:
                raise SetupError(f"{file} is not a whole backup: it was cut off or never finished.")
            if members[MANIFEST].size > _LARGEST:
                raise SetupError(f"{file} is not a backup of Tamamo: its manifest is too large.")
            content = archive.extractfile(members[MANIFEST])
            assert content is not None
            manifest = msgspec.json.decode(content.read(), type=Manifest)
    except OSError as error:
        raise SetupError(f"{file} cannot be read: {error.strerror or error}.") from error
    except (tarfile.TarError, msgspec.MsgspecError, ValueError) as error:
        raise SetupError(f"{file} is not a backup of Tamamo: {error}.") from error
    if manifest.format != FORMAT:
        raise SetupError(
            f"{file} was written by a newer Tamamo ({manifest.tamamo}): restore it with that."
        )
    return manifest


def verify_parts(file: Path, manifest: Manifest) -> list[str]:
    """Return what is wrong with the files in a backup: each sentence names one."""
    faults: list[str] = []
    wanted = {DUMP: manifest.database} | {HOME + name: p for name, p in manifest.files.items()}
    with tarfile.open(file, "r:") as archive:
        for member in archive:
            if member.name == MANIFEST:
                continue
            part = wanted.pop(member.name, None)
            content = archive.extractfile(member) if member.isreg() else None
            if part is None or content is None:
                faults.append(f"{member.name} does not belong in it")
            elif (member.size, digest(content)) != (part.size, part.sha256):
                faults.append(f"{member.name} is not what was written")
    return faults + [f"{name} is missing" for name in wanted]


def digest(content: IO[bytes]) -> str:
    """Return the SHA-256 of a stream, read in pieces."""
    hashed = hashlib.sha256()
    while chunk := content.read(_CHUNK):
        hashed.update(chunk)
    return hashed.hexdigest()
