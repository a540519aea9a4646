"""A file as it was handed over: opened, weighed, known by its content."""

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from tamamo.feeds.quality import Reason, UnreadableFile
from tamamo.kernel import uploads
from tamamo.kernel.home import MEBIBYTE
from tamamo.kernel.uploads import UploadRefused
from tamamo.registers.intake import encoding, errors
from tamamo.registers.intake.errors import IntakeRefused
from tamamo.registers.intake.model import Inspection, Sheet

Source = Path | bytes

#: Larger files are refused before they are read, in bytes. A workbook is held in memory whole.
LARGEST_CSV: Final = 1024 * MEBIBYTE
LARGEST_WORKBOOK: Final = 64 * MEBIBYTE
_WORKBOOKS: Final = (".xlsx", ".xlsm", ".xls", ".xltx", ".xltm", ".xlsb")
_OLE: Final = b"\xd0\xcf\x11\xe0"
#: The stream of an encrypted workbook [MS-OFFCRYPTO], as a compound file's directory names it.
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_HEAD: Final = 64 * 1024


@contextmanager
def opened(source: Source) -> Iterator[BinaryIO]:
    """Open a source for reading. Raises IntakeRefused when the file cannot be opened."""
    if isinstance(source, bytes):
        yield io.BytesIO(source)
        return
    try:
        file = source.open("rb")
    except OSError as error:
        raise IntakeRefused(
            "not_readable",
            "ファイルを開けません。",
            f"The file cannot be opened: {error.strerror or error}.",
        ) from None
    with file:
        yield file


def size_of(source: Source) -> int:
    """Return the size in bytes; 0 where the file cannot be asked."""
    if isinstance(source, bytes):
        return len(source)
    try:
        return source.stat().st_size
    except OSError:
        return 0


def content_of(source: Source) -> bytes:
    """Return all of a workbook. Raises IntakeRefused for one that is too large."""
    if isinstance(source, bytes):
        return source
    if size_of(source) > LARGEST_WORKBOOK:
        raise errors.refused(errors.too_large(LARGEST_WORKBOOK))
    with opened(source) as file:
        return file.read()


def inspect(source: Source, name: str, told: str | None = None) -> Inspection:
    """Say what a file is, by its content; a file that is not taken says why in `refusal`.

    told: the encoding of a text file, where a person named it.
    """
    size = size_of(source)
    try:
        with opened(source) as file:
            return _inspect(file, source, name, size, told)
    except IntakeRefused as error:
        clean = uploads.clean_name(name)
        return Inspection(clean, "", size, refusal=error.reason, row=error.row)


def _inspect(file: BinaryIO, source: Source, name: str, size: int, told: str | None) -> Inspection:
    head = file.read(_HEAD)
    limit = LARGEST_WORKBOOK if head.startswith(b"PK") else LARGEST_CSV
    if size > limit:
        raise errors.refused(errors.too_large(limit))
    kind = uploads.Kind("dataset", ("csv", "xlsx"), limit)
    try:
        upload = uploads.inspect(file, name, kind)
    except UploadRefused as error:
        reason = _refusal(file, head, name, error)
        sha256 = _sha256(file)
        return Inspection(uploads.clean_name(name), "", size, sha256, refusal=reason)
    if upload.format == "xlsx":
        sheets = _sheets(upload.name, content_of(source))
        return Inspection(upload.name, "xlsx", size, upload.sha256, sheets=sheets)
    if name.lower().endswith(_WORKBOOKS):
        reason = errors.not_a_workbook(
            "文字のファイル（CSVなど）です。", "It is a text file such as CSV."
        )
        return Inspection(upload.name, "", size, upload.sha256, refusal=reason)
    found = encoding.find(file, told)
    with io.TextIOWrapper(file, found, newline="") as text:
        separator, _ = encoding.delimiter(text.read(_HEAD))
    return Inspection(upload.name, "csv", size, upload.sha256, found, separator)


def _sha256(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while piece := file.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()


def _refusal(file: BinaryIO, head: bytes, name: str, error: UploadRefused) -> Reason:
    """Return why a file is refused, more closely than an upload does."""
    if error.code == "empty":
        return errors.EMPTY
    if head.startswith(_OLE):
        return errors.ENCRYPTED if _holds(file, _ENCRYPTED) else errors.OLD_EXCEL
    if error.code == "wrong_kind" and name.lower().endswith(_WORKBOOKS):
        return errors.not_a_workbook(error.ja, error.en)
    return errors.of_upload(error)


def _holds(file: BinaryIO, wanted: bytes) -> bool:
    """Say whether a file has these bytes anywhere; it is read in pieces."""
    file.seek(0)
    tail = b""
    while piece := file.read(1 << 20):
        if wanted in tail + piece:
            return True
        tail = piece[-len(wanted) :]
    return False


def _sheets(name: str, content: bytes) -> list[Sheet]:
    from tamamo.registers.intake import workbook  # noqa: PLC0415 - 23 MB for workbooks alone

    try:
        return workbook.sheets(name, content)
    except UnreadableFile as error:
        raise errors.of_unreadable(error) from error
