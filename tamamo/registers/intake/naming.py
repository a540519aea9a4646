"""Names of columns: from the headings of departments to identifiers, with the unit they carry."""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Final

from tamamo.feeds.readers.table import normal

_IDENTIFIER: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
#: Longer than any heading: what is longer is a text, and not looked through for a unit.
_LONGEST: Final = 300
#: A unit stands in brackets at the end of a heading, 面積（㎡）, or behind it: 面積㎡.
_BRACKETS: Final = re.compile(
    r"(?P<head>.+?)\s*[(（\[［【](?P<unit>[^)）\]］】]{1,8})[)）\]］】]\s*$"
)
_BARE: Final = re.compile(r"(?P<head>.+?)(?P<unit>㎡|㎢|㎥|ha|％|%|℃)\s*$")
_REMARK: Final = re.compile(r"\s*[(（［\[].*$")
_SEPARATORS: Final = re.compile(r"[^A-Za-z0-9_]+")
#: Words that other parts of the platform give to rows themselves.
RESERVED: Final = frozenset({"type", "geometry", "scope"})


@cache
def _words() -> dict[str, Any]:
    words = tomllib.loads(files(__package__).joinpath("words.toml").read_text("utf-8"))
    words["names"] = {_key(name): english for name, english in words["names"].items()}
    words["serial"] = frozenset(map(_key, words["serial"]["names"]))
    return words


def _key(heading: str) -> str:
    return normal(heading).casefold()


def is_serial(heading: str) -> bool:
    """Say whether a heading is one of a column that counts the rows."""
    return _key(heading) in _words()["serial"]


def is_known(heading: str) -> bool:
    """Say whether a heading is one of those that many files have."""
    key = _key(split_unit(heading)[0])
    return key in _words()["names"] or key in _hinted()


@cache
def _hinted() -> frozenset[str]:
    hints = _words()["hints"]
    return frozenset(word for words in hints.values() for word in words if len(word) > 1)


def hints(heading: str) -> frozenset[str]:
    """Return what a heading says of its column's kind: "date", "code", "municipality", ….

    It is the whole heading or its end, of an English one its last word: surveyDate is a date,
    candidate none.
    """
    head = split_unit(heading)[0].rpartition("／")[2]
    key = _key(head)
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", head)
    last = words[-1].casefold() if words and head.isascii() else ""
    first = words[0].casefold() if words and head.isascii() else ""
    found = set()
    for kind, names in _words()["hints"].items():
        for name in names:
            if _ends(key, name) or name == last or (kind == "time" and name == first):
                found.add(kind)
    return frozenset(found)


def _ends(key: str, name: str) -> bool:
    """Say whether a heading ends with a word: 回答者ID with id, candidateid does not."""
    if not key.endswith(name):
        return False
    before = key.removesuffix(name)[-1:]
    return not before or not (name.isascii() and before.isascii())


def split_unit(heading: str) -> tuple[str, str]:
    """Return a heading without its unit, and the unit; "" where it has none that is known."""
    if len(heading) > _LONGEST:
        return heading, ""
    for pattern in (_BRACKETS, _BARE):
        found = pattern.fullmatch(heading)
        if found is None:
            continue
        unit = found["unit"].strip().removeprefix("単位").strip(":： ")
        if unit_code(unit) or unit in ("％", "人/㎢", "人／㎢"):
            return found["head"], unit
    return heading, ""


def unit_code(unit: str) -> str:
    """Return the UN/CEFACT code of a unit as departments write it; "" for an unknown one.

    千円 and 百万円 have that of the yen: the factor is in the unit's text.
    """
    units: dict[str, str] = _words()["units"]
    return units.get(unit) or units.get(normal(unit)) or ""


@cache
def units() -> frozenset[str]:
    """Return what may stand behind a number without changing it, folded to lower case."""
    words = _words()
    written = [*words["units"], *words["behind"]["units"]]
    return frozenset(normal(unit).casefold() for unit in written)


def label_of(heading: str) -> str:
    """Return what a column is called on pages: its heading on one line, without its unit."""
    if heading == "#property":
        return "番号"
    return " ".join(split_unit(heading)[0][:_LONGEST].split())


def identifier(heading: str, position: int, taken: set[str]) -> str:
    """Return a name in ASCII that no other column has, and take it."""
    heading = heading[:_LONGEST]
    head = split_unit(heading)[0]
    inner = head.rpartition("／")[2]
    names: dict[str, str] = _words()["names"]
    known = (names.get(_key(one)) for one in (head, inner, _REMARK.sub("", inner)))
    name = next((one for one in known if one), None)
    if name is None and head.isascii():
        name = _SEPARATORS.sub("_", head.strip().lstrip("#")).strip("_")
        name = f"n{name}" if name[:1].isdecimal() else name
    if heading == "#property":
        name = "rowNumber"
    if not name or not _IDENTIFIER.fullmatch(name[:63]):
        name = f"column{position + 1}"
    name = f"{name[:58]}_" if name.casefold() in RESERVED else name[:60]
    found, number = name, 2
    lowered = {one.casefold() for one in taken}
    while found.casefold() in lowered:
        found, number = f"{name}_{number}", number + 1
    taken.add(found)
    return found
