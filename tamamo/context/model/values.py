"""Checks of single values: URIs, names, times, JSON, scopes (clauses 4.6, 4.8, 4.18)."""

import re
import unicodedata
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import orjson

from tamamo.context.errors import BadRequestData, InvalidRequest
from tamamo.kernel.time import EARLIEST, from_text

#: Stands for null, which JSON-LD would drop (clause 4.5.0).
NGSI_NULL: Final = "urn:ngsi-ld:null"
#: How deep a value may nest. The JSON writer stops at 254, the database much later.
MAX_VALUE_DEPTH: Final = 64
#: Types of an entity, and its scopes.
MAX_NAMES: Final = 1_000

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>\"{}|\\^`\x00-\x20]+")
# Names: a letter, then letters, numbers and "_"; perhaps after a prefix (clause 4.6.2).
_NAME = re.compile(r"[^\W\d_]\w*(?::[^\W\d_]\w*)?")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,6})?Z", re.ASCII)
# Control, format, unassigned, private and surrogate characters, and white space.
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zs", "Zl", "Zp"})
# Letters and marks without a shape: fillers, joiners, the empty Braille pattern.
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_SCOPE = re.compile(r"/?[^\W\d_]\w*(?:/[^\W\d_]\w*)*")


class Fault(Exception):
    """Something wrong at a place in the body; the place is told from the inside out."""

    def __init__(self, reason: str, *path: str | int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path: list[str | int] = list(path)

    def under(self, *path: str | int) -> "Fault":
        """Return self, placed under these names."""
        self.path[:0] = path
        return self

    @property
    def pointer(self) -> str:
        """The place as a JSON pointer (RFC 6901)."""
        return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in self.path)

    def problem(self) -> BadRequestData:
        """Return the error for the client, naming the field."""
        place = f"{self.pointer}: " if self.path else ""
        return BadRequestData(f"{place}{self.reason}", field=self.pointer)


def read_json(body: bytes) -> Any:
    """Parse a request body.

    Raises InvalidRequest when it is not JSON (clause 5.5.4), BadRequestData when it holds the
    character U+0000, which the database cannot keep.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(f"The body is not JSON: {error}") from error
    if b"\\u0000" in body and (place := _place_of_nul(document)) is not None:
        raise Fault("holds the character U+0000, which cannot be stored", *place).problem()
    return document


def check_uri(value: Any, *path: str | int) -> str:
    """Return the value when it is a URI or IRI (RFC 3987); raise Fault otherwise."""
    if type(value) is str and is_uri(value):
        if value == NGSI_NULL:
            raise Fault("an NGSI-LD Null identifies nothing", *path)
        return value
    raise Fault(f"{_shown(value)} is not a URI", *path)


def is_uri(text: str) -> bool:
    """Whether the text is a URI or IRI all of whose characters can be seen."""
    return _URI.fullmatch(text) is not None and (text.isascii() or _is_legible(text))


def is_name(name: str) -> bool:
    """Whether a type or attribute may be called so: a plain or prefixed name, or a URI."""
    if _NAME.fullmatch(name):
        return True
    return ":" in name and is_uri(name)


def check_moment(value: Any, *path: str | int) -> str:
    """Return a DateTime (clause 4.6.3): UTC ending in Z, not before 1900; raise Fault otherwise."""
    if type(value) is not str:
        raise Fault(f"{_shown(value)} is not a DateTime such as 2026-06-26T08:00:00Z", *path)
    try:
        return _moment(value)
    except ValueError as error:
        raise Fault(str(error), *path) from None


@lru_cache(maxsize=4096)  # the values of one observation, and of many gauges, share their time
def _moment(text: str) -> str:
    if not _MOMENT.fullmatch(text):
        raise ValueError(f"{_shown(text)} is not a DateTime in UTC such as 2026-06-26T08:00:00Z")
    plain = text.replace(",", ".")
    try:
        moment: datetime = from_text(plain)
    except ValueError:
        raise ValueError(f"{_shown(text)} is no existing date and time") from None
    if moment < EARLIEST:
        raise ValueError(f"{_shown(text)} is before {EARLIEST.year}")
    return plain


def check_json(
    value: Any, nulls: bool = False, *, raw: bool = False, depth: int = MAX_VALUE_DEPTH
) -> None:
    """Check a structured value: its depth, and the NGSI-LD Nulls inside (clause 5.5.4).

    nulls: they delete members of objects (merge), though not inside arrays, which are replaced
    whole. raw: the JSON is not NGSI-LD's to interpret and may hold anything.
    """
    if depth <= 0:
        raise Fault(f"nested more than {MAX_VALUE_DEPTH} levels deep")
    is_object = type(value) is dict
    for key, item in value.items() if is_object else enumerate(value):
        kind = type(item)
        if kind is dict or kind is list:
            try:
                check_json(item, nulls and is_object, raw=raw, depth=depth - 1)
            except Fault as fault:
                raise fault.under(key) from None
        elif kind is str and item == NGSI_NULL and not raw and not (nulls and is_object):
            raise Fault("an NGSI-LD Null can only be given in an update or merge", key)


def check_number(value: Any, *path: str | int) -> None:
    """Check how many types or scopes a member names."""
    if type(value) is list and len(value) > MAX_NAMES:
        raise Fault(f"names more than {MAX_NAMES}", *path)


def check_scopes(value: Any, *path: str | int) -> list[str]:
    """Return the scopes of a `scope` member: a string or an array (clause 4.18)."""
    scopes: list[str] = []
    check_number(value, *path)
    for scope in value if type(value) is list else [value]:
        if type(scope) is not str or not _SCOPE.fullmatch(scope):
            raise Fault(f"{_shown(scope)} is not a scope such as /Takamatsu/Kokubunji", *path)
        if scope not in scopes:
            scopes.append(scope)
    return scopes


def _is_legible(text: str) -> bool:
    """Whether every character of an IRI can be seen and told apart (RFC 3987, section 2.2)."""
    return not any(
        unicodedata.category(character) in _UNSEEN
        or character in _BLANKS
        or "\ufe00" <= character <= "\ufe0f"
        or "\U000e0100" <= character <= "\U000e01ef"
        for character in text
    )


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return repr(text if len(text) <= 80 else text[:77] + "…")


#: The way to a value: the way to what holds it, and its name or number in there.
_Way = tuple["_Way", str | int] | tuple[()]


def _place_of_nul(document: Any) -> list[str | int] | None:
    """Return where a text holds U+0000; of a name that does, where the object is."""
    pending: list[tuple[Any, _Way]] = [(document, ())]
    while pending:
        item, way = pending.pop()
        if isinstance(item, str):
            if "\x00" in item:
                return _steps(way)
        elif isinstance(item, dict):
            if any("\x00" in name for name in item):
                return _steps(way)
            pending.extend((value, (way, name)) for name, value in item.items())
        elif isinstance(item, list):
            pending.extend((value, (way, at)) for at, value in enumerate(item))
    return None


def _steps(way: _Way) -> list[str | int]:
    found: list[str | int] = []
    while way:
        way, step = way
        found.append(step)
    return found[::-1]
