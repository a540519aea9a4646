"""Evidence of what owners report: links, and files of kinds that carry nothing out."""

import io
from typing import Final
from urllib.parse import urlsplit

from psycopg.rows import class_row

from tamamo.feeds.quality import Reason
from tamamo.kernel import time
from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import Pool, single, transaction
from tamamo.kernel.home import MEBIBYTE
from tamamo.kernel.uploads import Kind, inspect
from tamamo.plan.year import texts
from tamamo.plan.year.model import (
    LONGEST_LINE,
    LONGEST_URL,
    Evidence,
    NoSuchItem,
    YearRefused,
)

#: What may be attached, and how large.
FILES: Final = Kind("evidence", ("pdf", "xlsx", "csv", "png", "jpeg"), 10 * MEBIBYTE)
#: Pieces of evidence of a project and year.
MOST: Final = 30

_NO_TITLE: Final = Reason("no_title", "何を示すかを入力してください", "say what it shows")
_NO_URL: Final = Reason(
    "no_url",
    "https:// か http:// で始まるアドレスを入力してください",
    "enter an address that begins with https:// or http://",
)
_USER: Final = Reason(
    "user_in_url",
    "「@」でユーザー名やパスワードを含むアドレスは付けられません。@より前を除いてください",
    "an address with a user name or password before an @ is not taken: leave that part out",
)
_NEITHER: Final = Reason(
    "neither",
    "リンクかファイルのどちらか一つを付けてください",
    "attach a link or a file, one of them",
)
_TOO_MANY: Final = Reason(
    "too_many", f"根拠は{MOST}件までです", f"at most {MOST} pieces of evidence"
)


class EvidenceStore:
    """The evidence of a town's plan."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def listed(self, tenant: str, years: list[int], project: str = "") -> list[Evidence]:
        """Return what is attached, the oldest first; of all projects without one."""
        names = {"tenant": tenant, "years": years, "project": project}
        async with (
            single(self._pool) as connection,
            connection.cursor(row_factory=class_row(Evidence)) as cursor,
        ):
            await cursor.execute(texts.SQL["evidence"], names)
            return await cursor.fetchall()

    async def attach(
        self,
        of: tuple[str, str, int],
        title: str,
        by: str,
        *,
        url: str = "",
        file: tuple[str, bytes] | None = None,
    ) -> str:
        """Attach a link or a file (name, content); return its id.

        of: tenant, project, year. Raises YearRefused by field, UploadRefused for a file that is
        not taken.
        """
        tenant, project, year = of
        faults = _faults(title.strip(), url.strip(), file is not None)
        if faults:
            raise YearRefused(faults)
        names = {
            "tenant": tenant, "project": project, "year": year, "title": title.strip(),
            "url": url.strip(), "filename": "", "media_type": "", "body": None, "sha256": "",
            "by": by, "now": time.now(), "years": [year],
        }  # fmt: skip
        if file is not None:
            found = inspect(io.BytesIO(file[1]), file[0], FILES)
            names |= {
                "filename": found.name, "media_type": found.media_type, "body": file[1],
                "sha256": found.sha256,
            }  # fmt: skip
        async with transaction(self._pool) as connection:
            there = await (await connection.execute(texts.SQL["evidence"], names)).fetchall()
            if len(there) >= MOST:
                raise YearRefused({"title": _TOO_MANY})
            made = await texts.row(connection, "evidence_add", names)
            after = {"year": year, "title": title.strip(), "url": url.strip(),
                     "file": names["filename"]}  # fmt: skip
            event = Event(tenant, by, "plan.evidence.attach", f"plan:{project}", None, after)
            await append(connection, event)
        return str(made[0])

    async def find(self, tenant: str, id_: str) -> tuple[Evidence, bytes]:
        """Return a piece of evidence and its file (b"" of a link). Raises NoSuchItem."""
        async with single(self._pool) as connection:
            row = await texts.row(connection, "evidence_one", {"tenant": tenant, "id": id_})
        if row is None:
            raise NoSuchItem(id_)
        return Evidence(*row[:9]), bytes(row[9] or b"")

    async def remove(self, tenant: str, id_: str, by: str) -> None:
        """Take a piece away; it stays in the database with who did it. Raises NoSuchItem."""
        async with transaction(self._pool) as connection:
            names = {"tenant": tenant, "id": id_, "by": by, "now": time.now()}
            row = await texts.row(connection, "evidence_remove", names)
            if row is None:
                raise NoSuchItem(id_)
            before = {"year": row[1], "title": row[2]}
            event = Event(tenant, by, "plan.evidence.remove", f"plan:{row[0]}", before)
            await append(connection, event)


def _faults(title: str, url: str, file: bool) -> dict[str, Reason]:
    faults: dict[str, Reason] = {}
    if not title:
        faults["title"] = _NO_TITLE
    elif len(title) > LONGEST_LINE or not texts.readable(title):
        faults["title"] = texts.UNREADABLE
    if bool(url) == file:
        faults["url"] = _NEITHER
    elif url and (wrong := fault_of_link(url)):
        faults["url"] = wrong
    return faults


def fault_of_link(url: str) -> Reason | None:
    """Return why a page may not link to an address, None where it may.

    Whoever reads a link sees its beginning: no user name may stand where the host is looked for
    (RFC 3986, 7.6), and no backslash, which browsers take for a slash.
    """
    plain = url.isprintable() and not set(url) & set(' \\"<>') and len(url) <= LONGEST_URL
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return _NO_URL
    if not plain or parts.scheme not in ("https", "http") or not parts.hostname or port == 0:
        return _NO_URL
    return _USER if "@" in parts.netloc else None
