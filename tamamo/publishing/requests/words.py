"""Texts of the public: how alike two are, and what somebody should read before others do."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from tamamo.messaging import Channel, InvalidMessage
from tamamo.messaging.model import check_address
from tamamo.publishing.requests.model import Asking

SHORTEST_TITLE, LONGEST_TITLE = 4, 100
SHORTEST_BODY, LONGEST_BODY = 5, 2_000
LONGEST_NAME: Final = 40
_LINK: Final = re.compile(r"https?://|www\.|\[url|</?a[ >]", re.I)
_DIGITS: Final = re.compile(r"0[0-9]{1,4}[-‐ー－ ]?[0-9]{1,4}[-‐ー－ ]?[0-9]{3,4}")
#: Words that stand in nearly every request, and say nothing about what is wanted.
_COMMON: Final = re.compile(
    r"オープンデータ|データセット|データ|一覧|リスト|情報|公開|提供|希望|お願い|ください|して|ほしい|欲しい|したい|"
    r"について|に関する|市内|市の|open|dataset|data|list|please|publish"
)
_WORDS: Final = re.compile(r"[一-龥々ヶ]{2,}|[ァ-ヺー]{2,}|[a-z0-9]{3,}")
_ALIKE: Final = 0.35
#: What no text needs, and neither the database nor XML takes.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def clean(text: str) -> str:
    """Return a text without control characters; lines end as in Unix."""
    return _CONTROL.sub("", text.replace("\r\n", "\n"))


def cleaned(asking: Asking) -> Asking:
    """Return what somebody sends with all its texts clean."""
    texts = {name: clean(getattr(asking, name)) for name in ("title", "body", "name", "mail")}
    return replace(asking, **texts)


def faults(asking: Asking, *, titled: bool) -> dict[str, str]:
    """Return what cannot be so: field → a word. titled: a request; a comment has no title."""
    wrong: dict[str, str] = {}
    if titled:
        _length(wrong, "title", asking.title, SHORTEST_TITLE, LONGEST_TITLE)
    _length(wrong, "body", asking.body, SHORTEST_BODY, LONGEST_BODY)
    if len(asking.name.strip()) > LONGEST_NAME:
        wrong["name"] = "long"
    if asking.mail.strip():
        try:
            check_address(Channel.MAIL, asking.mail.strip())
        except InvalidMessage:
            wrong["mail"] = "mail"
    if asking.trap:
        wrong["trap"] = "trap"
    return wrong


def held(asking: Asking) -> str:
    """Return why a text is shown only after somebody read it; "" where it is shown at once.

    link: it leads elsewhere. personal: it holds a telephone number or a mail address.
    """
    from tamamo.publishing.privacy import values  # noqa: PLC0415 - not for the hourly sweep

    text = unicodedata.normalize("NFKC", f"{asking.title}\n{asking.body}\n{asking.name}")
    if _LINK.search(text):
        return "link"
    if _DIGITS.search(text) or values.mobile(text) or values.mail(text):
        return "personal"
    return ""


def keywords(text: str, most: int = 5) -> list[str]:
    """Return the words of a wish that tell what is wanted, the longest first."""
    bare = _COMMON.sub(" ", unicodedata.normalize("NFKC", text).casefold())
    return sorted(dict.fromkeys(_WORDS.findall(bare)), key=lambda word: -len(word))[:most]


def alike(title: str, others: Iterable[tuple[int, str]], most: int = 5) -> list[int]:
    """Return the numbers of titles most like one (pairs of letters, Dice), the nearest first."""
    mine = _pairs(title)
    found = []
    for number, other in others:
        theirs = _pairs(other)
        share = 2 * len(mine & theirs) / (len(mine) + len(theirs)) if mine and theirs else 0.0
        if share >= _ALIKE:
            found.append((-share, number))
    return [number for _, number in sorted(found)[:most]]


def _pairs(text: str) -> set[str]:
    bare = _COMMON.sub(" ", unicodedata.normalize("NFKC", text).casefold())
    return {word[n : n + 2] for word in re.findall(r"\w{2,}", bare) for n in range(len(word) - 1)}


def _length(wrong: dict[str, str], name: str, text: str, least: int, most: int) -> None:
    if len(text.strip()) < least:
        wrong[name] = "short"
    elif len(text) > most:
        wrong[name] = "long"
