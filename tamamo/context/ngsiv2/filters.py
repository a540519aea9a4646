"""`q` and `mq` (NGSIv2, "Simple Query Language") as the condition trees of NGSI-LD's `q`."""

import math
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from tamamo.context.errors import TooComplexQuery
from tamamo.context.jsonld import TermMap
from tamamo.context.model.values import Fault
from tamamo.context.ngsiv2 import names
from tamamo.context.ngsiv2.attributes import TIME_METADATA, read_moment
from tamamo.context.query import regex
from tamamo.context.query.logic import And, One
from tamamo.context.query.paths import AttrPath, EntityTime, Path
from tamamo.context.query.text import check_text
from tamamo.context.query.tree import Absent, Compare, Exists, Match, Node, Term, Unequal
from tamamo.context.query.values import Boolean, Day, Moment, Number, Range, Text, Value

MAX_LENGTH: Final = 64 * 1024
MAX_STATEMENTS: Final = 100
MAX_VALUES: Final = 500
MAX_TOKENS: Final = 20

_TOKEN = re.compile(r"'([^']*)'|([^.'=!<>~:;\s][^.'=!<>~:;]*)")
_OPERATOR = re.compile(r"==|!=|>=|<=|~=|>|<|:")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T.*)?")
_TIMES: Final = {
    "dateCreated": "createdAt",
    "dateModified": "modifiedAt",
    "dateExpires": "expiresAt",
}


def parse(texts: list[tuple[str, str | None]], terms: TermMap) -> Node | None:
    """Return the conditions of ("q", text) and ("mq", text), None when there are none.

    Raises Fault naming the parameter, TooComplexQuery beyond the bounds.
    """
    found: list[Term] = []
    for field, text in texts:
        if text is None:
            continue
        check_text(text, field)
        if len(text) > MAX_LENGTH:
            raise TooComplexQuery(f"{field}: longer than {MAX_LENGTH} characters")
        try:
            found += [_statement(part, field, terms) for part in _split(text, ";")]
        except Fault as fault:
            raise fault.under(field) from None
    if len(found) > MAX_STATEMENTS:
        raise TooComplexQuery(f"q, mq: more than {MAX_STATEMENTS} statements")
    leaves = tuple(One(term) for term in found)
    return leaves[0] if len(leaves) == 1 else And(leaves) if leaves else None


def _split(text: str, separator: str) -> Iterator[str]:
    """Split at the separator, but not within single quotes."""
    start, quoted = 0, False
    for at, character in enumerate(text):
        if character == "'":
            quoted = not quoted
        elif character == separator and not quoted:
            yield text[start:at]
            start = at + 1
    if quoted:
        raise Fault("a single quote is not closed")
    yield text[start:]


def _statement(text: str, field: str, terms: TermMap) -> Term:
    text = text.strip()
    absent = text.startswith("!")
    tokens, at = _tokens(text, 1 if absent else 0)
    path = _path(tokens, field, terms)
    rest = text[at:].strip()
    if not rest:
        return Absent(path) if absent else Exists(path)
    operator = _OPERATOR.match(rest)
    if absent or operator is None:
        raise Fault(f"{text[:80]!r}: expected a path, an operator and a value")
    value = rest[operator.end() :].strip()
    if not value:
        raise Fault(f"{text[:80]!r}: there is no value behind {operator[0]}")
    return _binary(path, operator[0], value, field)


def _tokens(text: str, at: int) -> tuple[list[str], int]:
    """Return the tokens of a path and where it ends."""
    tokens = []
    while True:
        match = _TOKEN.match(text, at)
        if match is None:
            raise Fault(f"{text[:80]!r}: expected a name at position {at + 1}")
        tokens.append(match[1] if match[1] is not None else match[2].strip())
        at = match.end()
        if not text.startswith(".", at):
            break
        at += 1
    if len(tokens) > MAX_TOKENS:
        raise TooComplexQuery(f"a path of more than {MAX_TOKENS} names")
    return tokens, at


def _path(tokens: list[str], field: str, terms: TermMap) -> Path:
    name, *rest = tokens
    if name in _TIMES and field == "q" and not rest:
        return EntityTime(_TIMES[name])
    iri = names.attribute(name, terms)
    if field == "q":
        return AttrPath((iri,), None, tuple(rest))
    if not rest:
        raise Fault(f"{name!r} names no metadata: expected attribute.metadata")
    metadata, *below = rest
    member = _TIMES.get(metadata) or {"unitCode": "unitCode", TIME_METADATA[0]: "observedAt"}.get(
        metadata
    )
    if member is not None and member != "expiresAt" and not below:
        return AttrPath((iri,), member)
    return AttrPath((iri, names.attribute(metadata, terms)), None, tuple(below))


def _binary(path: Path, operator: str, text: str, field: str) -> Term:
    if operator == "~=":
        pattern = text[1:-1] if len(text) > 1 and text[0] == text[-1] == "'" else text
        return Match(path, regex.parse(pattern, field=field), negated=False)
    if operator in {"==", ":", "!="}:
        parts = [part.strip() for part in _split(text, ",")]
        if len(parts) > MAX_VALUES:
            raise TooComplexQuery(f"{field}: more than {MAX_VALUES} values")
        wanted = tuple(value for part in parts for value in _values(part))
        return Unequal(path, wanted) if operator == "!=" else Compare(path, "==", wanted)
    ordered = tuple(_ordered(text))
    return Compare(path, operator, ordered)  # type: ignore[arg-type]


def _values(text: str) -> Iterator[Value | Range]:
    """Yield what a value, or a range, may mean where equality is asked for."""
    if text.startswith("'"):
        if len(text) < 2 or not text.endswith("'"):
            raise Fault(f"{text[:80]!r}: expected a text in single quotes")
        yield Text(text[1:-1])
        return
    low, dots, high = text.partition("..")
    if dots:
        lows, highs = list(_ordered(low.strip())), list(_ordered(high.strip()))
        pairs = [(one, two) for one in lows for two in highs if type(one) is type(two)]
        if not pairs:
            raise Fault(f"{text[:80]!r}: a range lies between two numbers, dates or texts")
        for one, two in pairs:
            yield Range(one, two)
        return
    if not text:
        raise Fault("a value is empty")
    number = _number(text)
    if number is not None:
        yield number
    elif text in {"true", "false"}:
        yield Boolean(text == "true")
    else:
        yield Text(text)
        moment = _moment(text)
        if moment is not None:
            yield Moment(moment)


def _ordered(text: str) -> Iterator[Value]:
    """Yield what a value may mean where an order is asked for."""
    if len(text) > 1 and text[0] == text[-1] == "'":
        yield Text(text[1:-1])
        return
    number, moment = _number(text), _moment(text)
    if number is not None:
        yield number
    elif moment is not None:
        yield Moment(moment)
        day = Day.read(text)
        if day is not None:
            yield Day(day)
    elif text:
        yield Text(text)


def _number(text: str) -> Number | None:
    match = _NUMBER.fullmatch(text)
    if match is None or len(text) > 100:
        return None
    value = float(text) if match[1] or match[2] else int(text)
    return Number(value) if math.isfinite(value) else None


def _moment(text: str) -> datetime | None:
    return read_moment(text) if _DATE.fullmatch(text) else None
