"""Rows that could not be used: kept in a CSV with their reasons, never silently dropped."""

import csv
import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from io import StringIO, TextIOWrapper
from pathlib import Path

from tamamo.feeds.quality import Reason
from tamamo.kernel.cells import as_text
from tamamo.kernel.errors import SetupError
from tamamo.kernel.time import JST

HEADER = ("row", "field", "code", "reason_ja", "reason_en", "original")


@dataclass(frozen=True, slots=True)
class Reject:
    """A row of a source that was not used as it stands.

    row: its line or row number in the source, from 1. field: the column at fault, empty when it is
    the row as a whole. original: the cells as they came.
    """

    row: int
    field: str
    reason: Reason
    original: Sequence[str]

    def __str__(self) -> str:
        """Return one line for a terminal."""
        where = f"row {self.row}" + (f", {self.field}" if self.field else "")
        return f"{where}: {self.reason.en} / {self.reason.ja}"


def cells(reject: Reject) -> list[str | int]:
    """Return the row of a rejects file."""
    reason = reject.reason
    head = (reject.row, as_text(reject.field), reason.code, reason.ja, reason.en)
    return [*head, *map(as_text, reject.original)]


def as_csv(rejects: Iterable[Reject]) -> bytes:
    """Return a rejects file, as RejectsFile writes it."""
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(HEADER)
    writer.writerows(map(cells, rejects))
    return text.getvalue().encode("utf-8-sig")


class RejectsFile:
    """HOME/rejects/<time>-<file>.csv, made at the first reject; UTF-8 with BOM for spreadsheets.

    Use it as a context manager. `path` is None as long as nothing was rejected, `count` the number
    of rows written.
    """

    def __init__(self, home: Path, source: Path, now: datetime) -> None:
        stem = re.sub(r"[^\w.-]+", "_", source.name.removesuffix(".csv")) or "file"
        self._wanted = home / "rejects" / f"{now.astimezone(JST):%Y%m%dT%H%M%S}-{stem}.csv"
        self._file: TextIOWrapper | None = None
        self.path: Path | None = None
        self.count = 0

    def __enter__(self) -> "RejectsFile":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.flush()
            with suppress(OSError):
                os.fsync(self._file.fileno())
            self._file.close()

    def add(self, reject: Reject) -> None:
        """Write one row. Raises SetupError when the home cannot be written."""
        try:
            if self._file is None:
                self._file = self._open()
                csv.writer(self._file).writerow(HEADER)
            csv.writer(self._file).writerow(cells(reject))
        except OSError as error:
            raise SetupError(
                f"The rejects file {self._wanted} cannot be written: {error}"
            ) from error
        self.count += 1

    def _open(self) -> TextIOWrapper:
        self._wanted.parent.mkdir(parents=True, exist_ok=True)
        for attempt in range(1, 1000):
            name = (
                self._wanted
                if attempt == 1
                else self._wanted.with_stem(f"{self._wanted.stem}-{attempt}")
            )
            try:
                file = name.open("x", encoding="utf-8-sig", newline="")
            except FileExistsError:
                continue
            self.path = name
            return file
        raise SetupError(f"Too many rejects files named {self._wanted.name}: move some away.")
