"""What single values say about people."""

import re
import unicodedata
from typing import Final

_MOBILE: Final = re.compile(r"(?<![0-9.])0[789]0[-‐–－ー ]?[0-9]{4}[-‐–－ー ]?[0-9]{4}(?![0-9])")
_PHONE: Final = re.compile(r"\(?0[0-9]{1,4}[)-]?[0-9]{1,4}-?[0-9]{3,4}")
_MAIL: Final = re.compile(r"[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}")
#: Mailboxes of offices, not of people.
_OFFICE: Final = re.compile(
    r"(?:^(?:info|office|contact|mail|support|webmaster)@|\.(?:lg|go)\.jp$)"
)
_ROOM: Final = re.compile(
    r"(?:マンション|アパート|コーポ|ハイツ|メゾン|レジデンス|ハイム|団地|荘)"
    r"[^0-9]{0,8}[0-9]{1,4}(?:号室?|-[0-9]+)?"
    r"|[0-9]{3,4}号室"
)
_NO_PROSE: Final = re.compile(r"https?://|[ァ-ヺー・　 （）()0-9.,\-]+\Z")
_TWELVE: Final = re.compile(r"[0-9]{12}")


def mobile(text: str) -> bool:
    """Whether a telephone number in a text is a mobile one."""
    return _MOBILE.search(unicodedata.normalize("NFKC", text)) is not None


def phone(text: str) -> bool:
    """Whether a text is a telephone number."""
    return _PHONE.fullmatch(unicodedata.normalize("NFKC", text).replace(" ", "")) is not None


def mail(text: str) -> bool:
    """Whether a text holds somebody's mail address; not that of an office."""
    return any(not _OFFICE.search(found[0]) for found in _MAIL.finditer(text))


def room(text: str) -> bool:
    """Whether an address is of a flat."""
    return _ROOM.search(unicodedata.normalize("NFKC", text)) is not None


def individual_number(text: str) -> bool:
    """Whether a text is a number as the My Number system gives to people: twelve digits, checked.

    Source: 平成26年総務省令第85号 第5条 (検査用数字).
    """
    digits = unicodedata.normalize("NFKC", text).replace(" ", "").replace("-", "")
    if not _TWELVE.fullmatch(digits):
        return False
    total = sum(
        int(digit) * (place + 1 if place <= 6 else place - 5)
        for place, digit in enumerate(reversed(digits[:11]), 1)
    )
    rest = total % 11
    return int(digits[11]) == (0 if rest <= 1 else 11 - rest)


def masked(text: str, kept: int) -> str:
    """Return a value of which only the first characters can be read."""
    bare = " ".join(text.split())
    return bare[:kept] + "＊" * min(max(len(bare) - kept, 1), 8)


def prose(text: str) -> bool:
    """Whether a text may be sentences: no address of a page, no kana or digits only."""
    return not _NO_PROSE.match(text)
