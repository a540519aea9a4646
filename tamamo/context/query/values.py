"""The values of a query term (clause 4.9): read, compared in Python, compared in PostgreSQL.

A target value matches only a query value of its own data type (4.9): a text never equals a number.
Times are those of 4.6.3; a text of that form in a Property is a DateTime, Date or Time.
"""

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, ClassVar, Literal

from tamamo.context.errors import BadRequestData
from tamamo.context.query.text import Cursor, bind, is_name

Comparison = Literal["==", ">", ">=", "<", "<="]

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_DATE = r"[12][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.,][0-9]{1,6})?Z"
# The same texts are given to PostgreSQL, so that both sides see a DateTime in the same places.
MOMENT_FORM = f"^{_DATE}T{_TIME}$"
DAY_FORM = f"^{_DATE}$"
CLOCK_FORM = f"^{_TIME}$"
_MOMENT, _DAY, _CLOCK = (re.compile(form[1:-1]) for form in (MOMENT_FORM, DAY_FORM, CLOCK_FORM))
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def moment_of(text: Any) -> datetime | None:
    """Return the moment a DateTime of 4.6.3 names, or None when it is none."""
    if not isinstance(text, str) or not _MOMENT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.replace(",", "."))
    except ValueError:  # 30 February
        return None


def read_moment(value: Any, field: str) -> datetime:
    """Return the moment a parameter names; raises BadRequestData on anything but a DateTime."""
    moment = moment_of(value)
    if moment is None:
        raise BadRequestData(
            f"{field}: expected a date and time in UTC such as 2026-06-26T08:00:00Z, not {value!r}",
            field=field,
        )
    return moment


@dataclass(frozen=True, slots=True)
class Text:
    """A text in quotation marks. Order is by code point."""

    value: str
    #: Whether the order of such values means anything; URIs are equal or not.
    ordered: ClassVar[bool] = True

    @staticmethod
    def read(candidate: Any) -> str | None:
        """Return the candidate in comparable form; None when it is of another data type."""
        return candidate if isinstance(candidate, str) else None

    def sql(self, candidate: str, operator: Comparison, params: dict[str, Any]) -> str:
        """Return the comparison of a jsonb expression with this value."""
        value = bind(params, self.value)
        if operator == "==":
            return f"{candidate} = to_jsonb({value}::text)"
        return (
            f"(jsonb_typeof({candidate}) = 'string'"
            f""" and ({candidate} #>> '{{}}') collate "C" {operator} {value}::text)"""
        )


@dataclass(frozen=True, slots=True)
class Uri(Text):
    """A URI or a term without quotation marks."""

    ordered: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Number:
    """A number of JSON."""

    value: int | float
    ordered: ClassVar[bool] = True

    @staticmethod
    def read(candidate: Any) -> int | float | None:
        """Return the candidate in comparable form; None when it is of another data type."""
        is_number = isinstance(candidate, (int, float)) and not isinstance(candidate, bool)
        return candidate if is_number else None

    def sql(self, candidate: str, operator: Comparison, params: dict[str, Any]) -> str:
        """Return the comparison of a jsonb expression with this value."""
        value = f"{bind(params, repr(self.value))}::jsonb"
        if operator == "==":
            return f"{candidate} = {value}"
        return f"(jsonb_typeof({candidate}) = 'number' and {candidate} {operator} {value})"


@dataclass(frozen=True, slots=True)
class Boolean:
    """True or false."""

    value: bool
    ordered: ClassVar[bool] = False

    @staticmethod
    def read(candidate: Any) -> bool | None:
        """Return the candidate in comparable form; None when it is of another data type."""
        return candidate if isinstance(candidate, bool) else None

    def sql(self, candidate: str, operator: Comparison, params: dict[str, Any]) -> str:
        """Return the comparison of a jsonb expression with this value."""
        return f"{candidate} = '{'true' if self.value else 'false'}'::jsonb"


@dataclass(frozen=True, slots=True)
class Moment:
    """A DateTime: compared in time, however it is spelled."""

    value: datetime
    ordered: ClassVar[bool] = True
    read = staticmethod(moment_of)

    def sql(self, candidate: str, operator: Comparison, params: dict[str, Any]) -> str:
        """Return the comparison of a jsonb expression with this value."""
        return _sql_time(candidate, MOMENT_FORM, "timestamptz", operator, bind(params, self.value))


@dataclass(frozen=True, slots=True)
class Day:
    """A Date."""

    value: date
    ordered: ClassVar[bool] = True

    @staticmethod
    def read(candidate: Any) -> date | None:
        """Return the candidate in comparable form; None when it is of another data type."""
        if not isinstance(candidate, str) or not _DAY.fullmatch(candidate):
            return None
        try:
            return date.fromisoformat(candidate)
        except ValueError:
            return None

    def sql(self, candidate: str, operator: Comparison, params: dict[str, Any]) -> str:
        """Return the comparison of a jsonb expression with this value."""
        return _sql_time(candidate, DAY_FORM, "date", operator, bind(params, self.value))


@dataclass(frozen=True, slots=True)
class Clock:
    """A Time of day, UTC."""

    value: time
    ordered: ClassVar[bool] = True

    @staticmethod
    def read(candidate: Any) -> time | None:
        """Return the candidate in comparable form; None when it is of another data type."""
        if not isinstance(candidate, str) or not _CLOCK.fullmatch(candidate):
            return None
        return time.fromisoformat(candidate.rstrip("Z").replace(",", "."))

    def sql(self, candidate: str, operator: Comparison, params: dict[str, Any]) -> str:
        """Return the comparison of a jsonb expression with this value."""
        return _sql_time(candidate, CLOCK_FORM, "time", operator, bind(params, self.value))


Value = Text | Uri | Number | Boolean | Moment | Day | Clock


@dataclass(frozen=True, slots=True)
class Range:
    """All values from the low to the high one, both included; both of one data type."""

    low: Value
    high: Value


def holds(operator: Comparison, value: Value | Range, candidate: Any) -> bool:
    """Say whether the candidate stands in the relation to the value; never across data types."""
    if isinstance(value, Range):
        return holds(">=", value.low, candidate) and holds("<=", value.high, candidate)
    read: Any = value.read(candidate)
    if read is None:
        return False
    wanted: Any = value.value
    match operator:
        case "==":
            return bool(read == wanted)
        case ">":
            return bool(read > wanted)
        case ">=":
            return bool(read >= wanted)
        case "<":
            return bool(read < wanted)
        case "<=":
            return bool(read <= wanted)


def to_sql(
    operator: Comparison, value: Value | Range, candidate: str, params: dict[str, Any]
) -> str:
    """Return the same as `holds` as an expression over a jsonb expression."""
    if isinstance(value, Range):
        low = value.low.sql(candidate, ">=", params)
        return f"({low} and {value.high.sql(candidate, '<=', params)})"
    return value.sql(candidate, operator, params)


def _sql_time(candidate: str, form: str, kind: str, operator: Comparison, value: str) -> str:
    """Compare as a time type; texts of another form, and 30 February, give null: no match."""
    text = f"translate({candidate} #>> '{{}}', ',', '.')"
    if kind == "time":
        text = f"rtrim({text}, 'Z')"
    sign = "=" if operator == "==" else operator
    return (
        f"(case when jsonb_typeof({candidate}) = 'string' and ({candidate} #>> '{{}}') ~ '{form}'"
        f" and pg_input_is_valid({text}, '{kind}') then {text}::{kind} {sign} {value}::{kind}"
        f" else false end)"
    )


def parse(cursor: Cursor, *, ends: str = ";|),") -> Value | Range:
    """Read a value or a range; what is neither quoted, number, boolean nor time is a Uri."""
    start = cursor.at
    if cursor.peek('"'):
        low: Value = Text(cursor.json_string())
        if cursor.take("..") is None:
            return low
        start = cursor.at
        return _range(cursor, low, _single(cursor, ends), start)
    token = cursor.until(ends)
    first, dots, last = token.partition("..")
    if dots and (low_value := _bare(first)) is not None and not isinstance(low_value, Boolean):
        high = _bare(last)
        if high is None:
            raise cursor.error("the end of the range", start + len(first) + 2)
        return _range(cursor, low_value, high, start)
    value = _bare(token)
    if value is not None:
        return value
    if not is_name(token) and not is_uri(token):
        raise cursor.error("a number, a quoted text, true, false, a time or a URI", start)
    return Uri(token)


def is_uri(text: str) -> bool:
    """Say whether the text begins as an absolute URI does (RFC 3986, section 3)."""
    return bool(_SCHEME.match(text)) and not any(c.isspace() or c in '<>"' for c in text)


def _single(cursor: Cursor, ends: str) -> Value:
    value = parse(cursor, ends=ends)
    if isinstance(value, Range):
        raise cursor.error("one value at the end of a range")
    return value


def _range(cursor: Cursor, low: Value, high: Value, at: int) -> Range:
    if type(low) is not type(high) or not low.ordered:
        raise cursor.error("a range between two numbers, texts or times", at)
    return Range(low, high)


def _bare(word: str) -> Value | None:
    """Return the number, boolean or time the word is."""
    if word in ("true", "false"):
        return Boolean(word == "true")
    if match := _NUMBER.fullmatch(word):
        is_whole = match[1] is None and match[2] is None and len(word) < 100
        number = int(word) if is_whole else float(word)
        return Number(number) if math.isfinite(number) else None
    if (moment := moment_of(word)) is not None:
        return Moment(moment.astimezone(UTC))
    if (day := Day.read(word)) is not None:
        return Day(day)
    if (clock := Clock.read(word)) is not None:
        return Clock(clock)
    return None
