"""Judging single values that come from outside: numbers, times, places; each refusal has a reason.

Everything here is pure. A value is one of three: usable, missing (the source says there is none,
欠測), or invalid. Missing is never 0.
"""

import math
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from tamamo.kernel.errors import Problem
from tamamo.kernel.time import EARLIEST


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a value is not used: `code` for machines, `ja` and `en` for people."""

    code: str
    ja: str
    en: str


class Invalid(ValueError):
    """A value that cannot be used; `reason` says why, `field` which one where it is known."""

    def __init__(self, reason: Reason, field: str = "") -> None:
        super().__init__(reason.en)
        self.reason = reason
        self.field = field


class UnreadableFile(Problem):
    """A file that cannot be read at all: nothing of it is used (400)."""

    status = 400
    type = "https://tamamo.example/problems/unreadable-file"
    title = "The file cannot be read"

    def __init__(self, file: str, reason: Reason, row: int | None = None, field: str = "") -> None:
        place = f"row {row}, " if row is not None else ""
        place += f"field {field!r}, " if field else ""
        super().__init__(
            f"{file}: {place}{reason.en} / {reason.ja}", file=file, row=row, field=field
        )
        self.reason = reason


#: How Japanese sources write "no value". The minus signs and the dash of a blank cell differ only
#: to a computer; they are compared after NFKC.
DASHES: Final = frozenset({"", "-", "--", "---", "−", "ー", "―", "—", "–", "‐", "－", "…"})
MISSING_MARKS: Final = DASHES | {
    "*", "**", "***", "****", "欠測", "欠", "閉局", "休止", "未収集", "×××",
    "n/a", "na", "null", "none", "不明", "なし",
}  # fmt: skip
#: What a spreadsheet shows for a formula that failed.
SHEET_ERRORS: Final = frozenset(
    {"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"}
)
#: Japan with its remotest islands (Okinotorishima, Yonaguni, Minamitorishima, Etorofu), degrees.
JAPAN: Final = (122.0, 20.0, 154.5, 46.0)
#: A clock may run ahead of ours by this much before its readings are refused.
FUTURE_ALLOWED: Final = timedelta(minutes=10)

MISSING: Final = Reason("missing", "欠測：値がありません", "missing: the source gives no value")
TOO_FEW_COLUMNS: Final = Reason(
    "too_few_columns", "列が足りません", "the row has fewer columns than the header"
)
TOO_MANY_COLUMNS: Final = Reason(
    "too_many_columns", "列が多すぎます", "the row has more columns than the header"
)
NO_ZONE: Final = Reason(
    "no_zone", "時刻に時間帯（+09:00 など）がありません", "the time has no zone such as +09:00"
)
TOO_EARLY: Final = Reason("too_early", "1900年より前の日付です", "the date is before 1900")
IN_FUTURE: Final = Reason("in_future", "未来の時刻です", "the time is in the future")
NOT_FINITE: Final = Reason("not_finite", "数ではありません（NaN・無限大）", "NaN or infinite")
OUTSIDE_JAPAN: Final = Reason(
    "outside_japan", "座標が日本の範囲の外です", "the coordinates are outside Japan"
)
NUL: Final = Reason("nul", "NUL文字（0バイト）があります", "the row has a NUL character")
REQUIRED: Final = Reason("required", "必須の値がありません", "a required value is missing")
FILE_EMPTY: Final = Reason("file_empty", "ファイルが空です（0バイト）", "the file has zero bytes")
NO_ROWS: Final = Reason("no_rows", "データの行がありません", "the file has no data rows")


def not_a_number(text: str) -> Reason:
    """Return the reason for a text that should be a number."""
    return Reason("not_a_number", f"数として読めません：{text!r}", f"{text!r} is not a number")


def not_a_time(text: str) -> Reason:
    """Return the reason for a text that should be a date or time."""
    return Reason(
        "not_a_time", f"日時として読めません：{text!r}", f"{text!r} is not a date or time"
    )


def is_missing(text: str) -> bool:
    """Say whether a text is one of the marks for "no value"."""
    stripped = text.strip()
    return stripped in MISSING_MARKS or fold(stripped).casefold() in MISSING_MARKS


def fold(text: str) -> str:
    """Return the text with full-width digits, signs and spaces made half-width (NFKC)."""
    return unicodedata.normalize("NFKC", text).strip()


def number(text: str) -> float | None:
    """Return the number a text names, or None where it is missing.

    Full-width digits, the minus sign U+2212 and thousands separators are understood. Raises
    Invalid for anything else, NaN and infinities included.
    """
    if is_missing(text):
        return None
    folded = fold(text).replace("−", "-").replace("‐", "-").replace(" ", "")
    if "," in folded:
        head, *groups = folded.lstrip("+-").split(",")
        last = groups[-1].partition(".")[0]
        if not 1 <= len(head) <= 3 or any(len(g) != 3 for g in [*groups[:-1], last]):
            raise Invalid(not_a_number(text))
        folded = folded.replace(",", "")
    try:
        # float() takes "1_000", which no source means as a number.
        value = float(folded) if "_" not in folded else math.nan
    except ValueError:
        raise Invalid(not_a_number(text)) from None
    if not math.isfinite(value):
        raise Invalid(NOT_FINITE)
    return value


def moment(text: str, now: datetime | None = None) -> datetime:
    """Return the time an RFC 3339 text names, UTC.

    now: when given, times further ahead than FUTURE_ALLOWED are refused. Raises Invalid when it is
    missing, unreadable, without zone, before 1900 or in the future.
    """
    if is_missing(text):
        raise Invalid(REQUIRED)
    try:
        value = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Invalid(not_a_time(text)) from None
    if value.tzinfo is None:
        raise Invalid(NO_ZONE if value.year >= EARLIEST.year else TOO_EARLY)
    try:
        value = value.astimezone(UTC)
    except OverflowError:
        raise Invalid(not_a_time(text)) from None
    if value < EARLIEST:
        raise Invalid(TOO_EARLY)
    if now is not None and value > now + FUTURE_ALLOWED:
        raise Invalid(IN_FUTURE)
    return value


def place(latitude: str, longitude: str) -> tuple[float, float]:
    """Return (longitude, latitude) in degrees WGS 84.

    Raises Invalid with the field "latitude" or "longitude" when one is missing or not a number, or
    when the place is outside Japan (swapped coordinates are, and 0, 0 is).
    """
    values = []
    for field, text in (("longitude", longitude), ("latitude", latitude)):
        try:
            value = number(text)
        except Invalid as error:
            raise Invalid(error.reason, field) from None
        if value is None:
            raise Invalid(REQUIRED, field)
        values.append(value)
    west, south, east, north = JAPAN
    if not west <= values[0] <= east:
        raise Invalid(OUTSIDE_JAPAN, "longitude")
    if not south <= values[1] <= north:
        raise Invalid(OUTSIDE_JAPAN, "latitude")
    return values[0], values[1]
