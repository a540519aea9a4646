"""One cell: what the standard would have there.

Each reader takes a text that is not empty and returns (value, code). code "": as it should be;
else value is what should stand there, and None where a person must decide.
"""

import re
import unicodedata
from collections.abc import Callable
from difflib import get_close_matches
from typing import Final

from tamamo.kernel.towns.code import PREFECTURES, check_digit, is_code
from tamamo.publishing.standard import clock
from tamamo.publishing.standard.model import Item, Scalar, Town
from tamamo.registers.intake.parse import codes, numbers
from tamamo.registers.intake.parse.texts import HYPHENS, folded

Settled = tuple[Scalar, str]

_SPACES: Final = re.compile(r"[\s　]+")
_HALF_KANA: Final = re.compile(r"[ｦ-ﾟ]+")
_KANA: Final = re.compile(r"[ァ-ヺー・　 0-9A-Za-z（）()＆&.,'’\-～〜／/]+")
_HIRAGANA: Final = {code: code + 0x60 for code in range(ord("ぁ"), ord("ゖ") + 1)}
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_POSTAL: Final = re.compile(r"〒?\s*[0-9]{3}-[0-9]{4}[\s　]*")
_NARROW: Final = re.compile(r"[０-９]+|(?<=[0-9０-９])[－―‐−ー](?=[0-9０-９])")
_SEPARATORS: Final = re.compile(r"\s*[、，,；;／/\n]\s*")
_URL: Final = re.compile(r"https?://[^\s　<>\"]+")
_PHONES: Final = ((re.compile(r"(0120|0800|0570)(\d{3})(\d{3,4})"), r"\1-\2-\3"),
                  (re.compile(r"(0[5789]0)(\d{4})(\d{4})"), r"\1-\2-\3"))  # fmt: skip
_PHONE: Final = re.compile(r"0\d{1,4}-\d{1,4}-\d{3,4}")
# fmt: off
_YES: Final = codes.YES | {"y"}
_NO: Final = codes.NO | {"n", "-", "ー"}


#: Kinds of items that are no words, where these words say that there is nothing.
# fmt: off
_SHAPED: Final = frozenset((
    "phone", "extension", "corporate", "code10", "days", "time", "date", "count", "measure",
    "url", "kana", "latitude", "longitude",
))
# fmt: on
_NOTHING: Final = frozenset(
    {"-", "--", "なし", "無し", "無", "不明", "未定", "該当なし", "n/a", "N/A"}
)


def settle(item: Item, value: Scalar, town: Town) -> Settled:
    """Return what should stand in a cell, and the code of what is wrong with it ("": nothing).

    An empty cell is (None, ""); ("", code): nothing should stand there.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None, ""
    text = text_of(value)
    if item.kind in _SHAPED and plain(text) in _NOTHING:
        return "", "placeholder"
    found, code = _READERS[item.kind](text, item, town)
    if not code and found != text.strip() and not _same_number(found, text):
        code = "width"
    if not code and isinstance(value, str) and value != value.strip():
        code = "spaces"
    return found, code


def text_of(value: Scalar) -> str:
    """Return a cell as text; whole numbers without a point, true and false as 1 and 0."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return "" if value is None else str(value)


def plain(text: str) -> str:
    """Return a text in half width (NFKC), its hyphens one sign, no spaces around it."""
    return folded(text).translate(HYPHENS)


def number_of(text: str) -> float | int | None:
    """Return the number a text is; None where it is none."""
    found = _measured(text)
    return found[0] if found and not found[1] else None


def _measured(text: str) -> tuple[float | int, str] | None:
    """Return the number a text begins with and its unit, None where it is no such thing."""
    found = numbers.split(plain(text))
    if found is None:
        return None
    value, unit = found
    return (int(value) if float(value).is_integer() and abs(value) < 1e15 else value), unit


def _same_number(found: Scalar, text: str) -> bool:
    return isinstance(found, int | float) and _NUMBER.fullmatch(text.strip()) is not None


def _text(text: str, item: Item, town: Town) -> Settled:
    if _HALF_KANA.search(text):
        whole = _HALF_KANA.sub(lambda m: unicodedata.normalize("NFKC", m[0]), text)
        return whole.strip(), "half_kana"
    return text.strip(), ""


def _key(text: str, item: Item, town: Town) -> Settled:
    return plain(text), ""


def _kana(text: str, item: Item, town: Town) -> Settled:
    found = unicodedata.normalize("NFKC", text).strip().translate(_HIRAGANA)
    if _KANA.fullmatch(text.strip()):
        return text.strip(), ""
    return (found, "kana") if _KANA.fullmatch(found) else (None, "kana")


def _municipality(text: str, item: Item, town: Town) -> Settled:
    digits = plain(text)
    if is_code(digits):
        return digits, ""
    if not digits.isascii() or not digits.isdigit():
        return None, "code"
    if len(digits) <= 2:
        digits = digits.zfill(2) + "000"
    digits = digits.zfill(5)
    if len(digits) == 5 and is_code(six := f"{digits}{check_digit(digits)}"):
        return six, "code_five_digits"
    return None, "code_check_digit"


def _prefecture(text: str, item: Item, town: Town) -> Settled:
    found = plain(text)
    if found in PREFECTURES:
        return found, ""
    whole = [one for one in PREFECTURES if one[:-1] == found]
    return (whole[0], "prefecture") if whole else (None, "prefecture")


def _city(text: str, item: Item, town: Town) -> Settled:
    found = plain(text)
    for prefecture in PREFECTURES:
        if found.startswith(prefecture) and found != prefecture:
            return found.removeprefix(prefecture), "city"
    if town.city and town.city[:-1] == found:
        return town.city, "city"
    return (found, "") if found[-1] in "市区町村" else (None, "city")


def _address(text: str, item: Item, town: Town) -> Settled:
    found, code = text.strip(), ""
    # NFKC as a whole would turn ㈱ and Ⅱ of buildings' names; only digits and their hyphens change.
    narrow = _NARROW.sub(lambda m: plain(m[0]), found)
    if narrow != found:
        found, code = narrow, "address_width"
    postal = _POSTAL.match(found)
    if postal and postal.end() < len(found):
        found, code = found[postal.end() :], "postal_code"
    if town.prefecture and town.city and found.startswith(town.city):
        found, code = town.prefecture + found, code or "address_prefecture"
    return found, code


def _coordinate(text: str, low: float, high: float, part: int) -> Settled:
    code = ""
    parts = plain(text).strip("()[] ").split(",")
    if len(parts) == 2:
        text, code = parts[part], "coordinates_joined"
    value = number_of(text)
    if value is None:
        value, code = clock.degrees(plain(text)), "coordinate_degrees"
    if value is None:
        return None, "coordinate"
    if value == 0:
        return None, "coordinate_zero"
    if not low <= value <= high:
        return None, "coordinate_range"
    return float(value), code


def _latitude(text: str, item: Item, town: Town) -> Settled:
    return _coordinate(text, 20.0, 46.0, 0)


def _longitude(text: str, item: Item, town: Town) -> Settled:
    return _coordinate(text, 122.0, 154.0, 1)


def _phone(text: str, item: Item, town: Town) -> Settled:
    found = _SPACES.sub("", plain(text))
    if _PHONE.fullmatch(found) and 10 <= sum(map(str.isdigit, found)) <= 11:
        return found, ""
    bracketed = re.sub(r"^\(?(0\d{1,4})[)(]-?(\d{1,4})[)-]?(\d{3,4})$", r"\1-\2-\3", found)
    if bracketed != found and _PHONE.fullmatch(bracketed):
        return bracketed, "phone_hyphens"
    for pattern, whole in _PHONES:
        if pattern.fullmatch(found):
            return pattern.sub(whole, found), "phone_hyphens"
    return None, "phone_hyphens" if found.isdigit() and found[0] == "0" else "phone"


def _extension(text: str, item: Item, town: Town) -> Settled:
    found = plain(text)
    if re.fullmatch(r"[0-9][0-9-]*", found):
        return found, ""
    digits = re.fullmatch(r"\D{0,4}([0-9][0-9-]*)", found)
    return (digits[1], "extension") if digits else (None, "extension")


def _corporate(text: str, item: Item, town: Town) -> Settled:
    found = plain(text).replace("-", "")
    return (found, "") if codes.is_corporate(found) else (None, "corporate")


def _code10(text: str, item: Item, town: Town) -> Settled:
    found = plain(text)
    return (found, "") if re.fullmatch(r"[0-9A-Z]{10}", found) else (None, "code10")


def _days(text: str, item: Item, town: Town) -> Settled:
    found = clock.days(plain(text))
    if found is None:
        return None, "days"
    return found, "" if found == text.strip() else "days"


def _time(text: str, item: Item, town: Town) -> Settled:
    found = clock.time(plain(text))
    if found is None:
        return None, "time"
    if found > "24:00":
        return None, "time_over_24"
    return found, "" if found == text.strip() else "time"


def _date(text: str, item: Item, town: Town) -> Settled:
    found = clock.date(plain(text))
    if found is None:
        return None, "date"
    return found, "" if found == text.strip() else "date"


def _yes(text: str, item: Item, town: Town) -> Settled:
    return _one_of(text, "有", "無", "yes_no")


def _mark(text: str, item: Item, town: Town) -> Settled:
    return _one_of(text, "1", "", "mark")


def _one_of(text: str, yes: str, no: str, code: str) -> Settled:
    found = unicodedata.normalize("NFKC", text).strip().casefold()
    if text.strip() in (yes, no):
        return text.strip(), ""
    if found in _YES:
        return yes, code
    return (no, code) if found in _NO else (None, code)


def _choice(text: str, item: Item, town: Town) -> Settled:
    found = text.strip()
    if found in item.choices:
        return found, ""
    by_fold = {plain(one): one for one in item.choices}
    near = get_close_matches(plain(found), list(by_fold), 1, 0.75)
    return (by_fold[near[0]] if near else None), "choice"


def _count(text: str, item: Item, town: Town) -> Settled:
    value, code = _measure(text, item, town)
    if value is not None and (not isinstance(value, int) or value < 0):
        return None, "number"
    return value, code


def _measure(text: str, item: Item, town: Town) -> Settled:
    found = _measured(text)
    if found is None:
        return None, "number"
    return found[0], "number_unit" if found[1] or "," in plain(text) else ""


def _amount(text: str, item: Item, town: Town) -> Settled:
    if plain(text) in ("無料", "free", "なし"):
        return 0, "amount_free"
    value, code = _count(text, item, town)
    return (value, code) if value is not None else (None, "amount_text")


def _url(text: str, item: Item, town: Town) -> Settled:
    found = text.strip()
    if _URL.fullmatch(found):
        return found, ""
    if re.fullmatch(r"[\w-]+(\.[\w-]+)+(/\S*)?", found, re.ASCII):
        return f"https://{found}", "url"
    return None, "url"


def _list(text: str, item: Item, town: Town) -> Settled:
    parts = [one.strip() for one in _SEPARATORS.split(text) if one.strip()]
    found = ";".join(parts)
    return found, "" if found == text.strip() else "list_separator"


_READERS: Final[dict[str, Callable[[str, Item, Town], Settled]]] = {
    "text": _text, "key": _key, "kana": _kana, "municipality": _municipality,
    "prefecture": _prefecture, "city": _city, "address": _address, "latitude": _latitude,
    "longitude": _longitude, "phone": _phone, "extension": _extension, "corporate": _corporate,
    "code10": _code10, "days": _days, "time": _time, "date": _date, "yes": _yes, "mark": _mark,
    "choice": _choice, "count": _count, "measure": _measure, "amount": _amount, "url": _url,
    "list": _list,
}  # fmt: skip
