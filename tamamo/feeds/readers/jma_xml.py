"""The telegrams of 気象庁防災情報XMLフォーマット (JMA disaster information XML, version 1.x).

`read` turns one telegram into what it says: head, and a statement for each area and kind
(jma_xml_statements.py). Names and levels are the telegram's own words: JMA changes them
(大雨警報 became レベル３大雨警報 in 2026), so none is written down here. Format: 気象庁防災情報XML
フォーマット技術資料 (xml.kishou.go.jp), checked against JMA's sample telegrams.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final, Literal, TypeVar

from tamamo.feeds.readers.jma_xml_parts import (
    Family,
    Statement,
    UnreadableTelegram,
    child,
    fold,
    local,
    moment,
    parse,
    text,
)
from tamamo.feeds.readers.jma_xml_statements import statements

Mode = Literal["normal", "drill", "test"]
Info = Literal["issued", "corrected", "cancelled"]

_MODES: Final[dict[str, Mode]] = {"通常": "normal", "訓練": "drill", "試験": "test"}
_INFO: Final[dict[str, Info]] = {"発表": "issued", "訂正": "corrected", "取消": "cancelled"}
#: Control/Title says what kind of telegram it is (データ種類); the new ones name the phenomenon.
_FAMILIES: Final[tuple[tuple[str, Family], ...]] = (
    (r"気象(特別警報・)?警報・注意報(\((?!時系列)[^)]*\))*\Z", "warnings"),
    (r"土砂災害警戒情報", "landslide"),
    (r"指定河川洪水予報|水位周知河川に関する情報", "river"),
    (r"竜巻注意情報", "tornado"),
    (r"熱中症(特別)?警戒", "heat"),
    (r"津波警報・注意報・予報", "tsunami"),
    (r"記録的短時間大雨情報", "record_rain"),
)
#: Office of telegrams that Tamamo makes itself (feeds/jma/simulated.py).
SIMULATED_OFFICE: Final = "Tamamo 模擬"
#: A telegram that was sent later than this after its ReportDateTime is no later by that.
_SENT_LATE: Final = timedelta(days=1)
_Word = TypeVar("_Word", bound=str)


@dataclass(frozen=True)
class Telegram:
    """One telegram.

    title: Control/Title, what kind it is; name: Head/Title. report_at: ReportDateTime, its official
    time; sent_at: Control/DateTime. statements: in the order of the telegram; none where it is
    cancelled, or of a family that is read for its head only (family None).
    """

    digest: str
    title: str
    name: str
    family: Family | None
    mode: Mode
    info: Info
    report_at: datetime
    sent_at: datetime
    event_id: str
    serial: int | None
    office: str
    editor: str
    headline: str
    simulated: bool
    statements: tuple[Statement, ...]

    @property
    def series(self) -> tuple[str, str]:
        """Telegrams of one series follow one another: each says all that is in force now.

        So what an earlier one said and a later one does not is over. Of weather warnings those of
        2026 on have a series for each phenomenon, which Control/Title names in brackets.
        """
        plain = fold(self.title)
        if self.family == "warnings":
            return (plain if "(R" in plain else "warnings", self.editor)
        if self.family in ("river", "landslide") and self.event_id:
            return (self.family, self.event_id)
        return (self.family or plain, "" if self.family == "tsunami" else fold(self.name))

    @property
    def order(self) -> tuple[datetime, int, int, datetime, str]:
        """What decides which of two telegrams is the later word."""
        rank = ("issued", "corrected", "cancelled").index(self.info)
        return (self.report_at, self.serial or 0, rank, self.sent_at, self.digest)

    @cached_property
    def at(self) -> datetime:
        """The moment its words count from: ReportDateTime, and within its minute when it was sent.

        So two telegrams of the same ReportDateTime (a correction) never share a moment.
        """
        late = (self.sent_at - self.report_at) / timedelta(seconds=1)
        within = min(max(late, 0.0), 58.0)
        rest = min(max(late - within, 0.0), _SENT_LATE.total_seconds()) * 10
        return self.report_at + timedelta(seconds=int(within), microseconds=int(rest))


def read(body: bytes) -> Telegram:
    """Return what a telegram says. Raises UnreadableTelegram."""
    root = parse(body)
    if local(root) != "Report":
        raise UnreadableTelegram(
            "no_telegram",
            f"電文ではありません（{local(root)}）",
            f"no telegram but <{local(root)}>",
        )
    control, head = child(root, "Control"), child(root, "Head")
    if control is None or head is None:
        raise UnreadableTelegram("no_head", "電文の頭がありません", "no Control or no Head")
    title = text(control, "Title")
    if not title:
        raise UnreadableTelegram("no_title", "情報名称がありません", "Control has no Title")
    family = family_of(title)
    info = _one(_INFO, text(head, "InfoType"), "InfoType")
    office = text(control, "PublishingOffice") or text(control, "EditorialOffice")
    said: tuple[Statement, ...] = ()
    if family is not None and info != "cancelled":
        said = tuple(statements(root, family))
    return Telegram(
        digest=hashlib.sha256(body).hexdigest(),
        title=title,
        name=text(head, "Title") or title,
        family=family,
        mode=_one(_MODES, text(control, "Status"), "Control/Status"),
        info=info,
        report_at=moment(head, "ReportDateTime"),
        sent_at=moment(control, "DateTime"),
        event_id=text(head, "EventID"),
        serial=_serial(text(head, "Serial")),
        office=office,
        editor=text(control, "EditorialOffice") or office,
        headline=_headline(root, head),
        simulated=SIMULATED_OFFICE in office,
        statements=said,
    )


def family_of(title: str) -> Family | None:
    """Return the family of a kind of telegram by Control/Title (or the title in an Atom feed)."""
    plain = fold(title)
    return next((family for pattern, family in _FAMILIES if re.match(pattern, plain)), None)


def _one(words: dict[str, _Word], said: str, name: str) -> _Word:
    try:
        return words[said]
    except KeyError:
        raise UnreadableTelegram(
            "unknown_word", f"{name} の値がわかりません：{said!r}", f"{name} {said!r} is not known"
        ) from None


def _serial(said: str) -> int | None:
    return int(said) if said.isdecimal() else None


def _headline(root: Any, head: Any) -> str:
    """Return the headline; of those without one (a heat alert) the first words of the text."""
    said = text(head, "Headline", "Text")
    if said:
        return said
    body = text(root, "Body", "Comment", "Text") or text(root, "Body", "Text")
    return body.split("\n\n")[0][:400].strip()
