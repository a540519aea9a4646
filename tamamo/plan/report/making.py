"""A report as PDF, DOCX or XLSX for a page: made by a process of its own, once, then kept.

The libraries of these formats take up to 150 MB, which the processes that serve pages would never
give back. What is kept is named after its content, so that a change makes another file.
"""

import asyncio
import os
import sys
from contextlib import suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final

import structlog

from tamamo import __version__
from tamamo.plan.report import parcel
from tamamo.plan.report.document import Document

#: Formats made here, with their media types.
MEDIA_TYPES: Final = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
#: Where files are kept in the home, and how many.
FOLDER: Final = Path("cache", "plan-reports")
_KEPT: Final = 24
#: Files being made or waiting in a process; whoever comes later is told to come again.
_MOST: Final = 4
_SECONDS: Final = 120.0
_one: Final = asyncio.Semaphore(1)
_making: Final[dict[Path, "asyncio.Task[bytes]"]] = {}
_logger = structlog.get_logger()


class Busy(Exception):
    """Too many reports are being made: come again."""


class NotMade(Exception):
    """The report could not be made; why is in the log."""


async def made(home: Path, document: Document, format_: str) -> bytes:
    """Return a document as a file. Raises Busy, NotMade."""
    packed = parcel.pack(document)
    name = sha256(f"{__version__} {format_} ".encode() + packed).hexdigest()[:32]
    file = home / FOLDER / f"{name}.{format_}"
    if found := await asyncio.to_thread(_read, file):
        return found
    task = _making.get(file)
    if task is None:
        if len(_making) >= _MOST:
            raise Busy
        task = _making[file] = asyncio.create_task(_make(file, packed, format_))
        task.add_done_callback(partial(_forget, file))
    return await asyncio.shield(task)


def _forget(file: Path, task: "asyncio.Task[bytes]") -> None:
    _making.pop(file, None)
    if not task.cancelled():
        task.exception()  # whoever waits is told; nobody may be left


async def _make(file: Path, packed: bytes, format_: str) -> bytes:
    async with _one:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", __name__, format_, stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            body, said = await asyncio.wait_for(process.communicate(packed), _SECONDS)
        except BaseException as error:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            if isinstance(error, TimeoutError):
                raise NotMade(format_) from error
            raise
    if process.returncode or not body:
        _logger.error("report_not_made", format=format_, said=said.decode(errors="replace")[-2000:])
        raise NotMade(format_)
    await asyncio.to_thread(_keep, file, body)
    return body


def _read(file: Path) -> bytes | None:
    try:
        body = file.read_bytes()
        file.touch()
    except OSError:
        return None
    return body


def _keep(file: Path, body: bytes) -> None:
    """Keep a file for the next who asks; without room for it nothing is lost but time."""
    with suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = file.with_name(f"{file.name}.{os.getpid()}.part")
        part.write_bytes(body)
        part.replace(file)
        kept = sorted(file.parent.iterdir(), key=lambda one: one.stat().st_mtime, reverse=True)
        for old in kept[_KEPT:]:
            old.unlink(missing_ok=True)


def _main() -> None:
    from tamamo.plan.report.commands import write  # noqa: PLC0415 - only in the process of its own

    os.nice(10)
    document = parcel.unpack(sys.stdin.buffer.read())
    sys.stdout.buffer.write(write(document, sys.argv[1], lambda _: None))


if __name__ == "__main__":
    _main()
