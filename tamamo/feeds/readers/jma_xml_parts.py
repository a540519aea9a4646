"""What the readers of JMA's XML share: a parser that nothing can blow up, and a statement."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from lxml import etree

from tamamo.feeds.quality import Reason
from tamamo.kernel.time import from_text

#: The largest telegram that is read, bytes; the largest of JMA's samples has 1 MB.
LARGEST: Final = 8 * 1024 * 1024
#: What a town can be told by a telegram; None of them: read, and nothing to say for a warning.
Family = Literal["warnings", "landslide", "river", "tornado", "heat", "tsunami", "record_rain"]
Status = Literal["issued", "continued", "lifted"]
AreaKind = Literal["prefecture", "part", "district", "municipality", "river", "coast", "section"]
_LEVEL: Final = re.compile(r"(?:警戒)?レベル\s*([1-5])")


class UnreadableTelegram(ValueError):
    """A telegram that cannot be used at all; `reason` says why."""

    def __init__(self, code: str, ja: str, en: str) -> None:
        super().__init__(en)
        self.reason = Reason(code, ja, en)


@dataclass(frozen=True, slots=True)
class Statement:
    """What a telegram says of one kind in one area.

    area_code, kind_code: as the telegram has them. name: 種別, in the telegram's words. level: the
    警戒レベル it names, None where it names none. valid_to: when it ends by itself. prefectures,
    municipalities: whom a river concerns, as the first 2 and 5 digits of their codes.
    """

    area_kind: AreaKind
    area_code: str
    area_name: str
    kind_code: str
    name: str
    status: Status
    level: int | None = None
    valid_to: datetime | None = None
    prefectures: frozenset[str] = frozenset()
    municipalities: frozenset[str] = frozenset()


def parse(body: bytes) -> Any:
    """Return the root element. No entity is ever expanded, nothing is loaded from anywhere.

    A document type is refused: JMA's telegrams and feeds have none, bombs need one. Raises
    UnreadableTelegram.
    """
    if len(body) > LARGEST:
        raise UnreadableTelegram(
            "too_large", f"{LARGEST} バイトを超えます", f"larger than {LARGEST} bytes"
        )
    # The parser is told that it is UTF-8, as JMA writes, so that this finds every declaration.
    if b"<!DOCTYPE" in body:
        raise UnreadableTelegram(
            "document_type", "文書型宣言のあるXMLは受け付けません", "XML with a document type"
        )
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, load_dtd=False, no_network=True,
        huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        said = str(error).partition("(")[0].strip()
        raise UnreadableTelegram(
            "broken_xml", f"XMLとして読めません（{said}）", f"broken XML: {said}"
        ) from None
    return root


def fold(words: str) -> str:
    """Return a text with full-width letters, digits and brackets as plain ones."""
    return unicodedata.normalize("NFKC", words).strip()


def level_of(words: str) -> int | None:
    """Return the level a text names; None where it names none, or several."""
    found = set(_LEVEL.findall(fold(words)))
    return int(found.pop()) if len(found) == 1 else None


def local(element: Any) -> str:
    """Return the name of an element without its namespace."""
    return str(etree.QName(element).localname)


def child(element: Any, *path: str) -> Any | None:
    """Return the first element at a path, whatever the namespaces; None without one."""
    return element.find("/".join("{*}" + name for name in path))


def children(element: Any, *path: str) -> Iterator[Any]:
    """Return the elements at a path, whatever the namespaces."""
    return iter(element.iterfind("/".join("{*}" + name for name in path)))


def text(element: Any, *path: str) -> str:
    """Return the text at a path, "" without one."""
    found = child(element, *path)
    return "".join(found.itertext()).strip() if found is not None else ""


def moment(element: Any, name: str) -> datetime:
    """Return a time. Raises UnreadableTelegram naming the element where there is none."""
    said = text(element, name)
    try:
        return from_text(said).astimezone(UTC)
    except (ValueError, TypeError):
        raise UnreadableTelegram(
            "bad_time", f"{name} の日時が読めません：{said!r}", f"{name} {said!r} is no time"
        ) from None
