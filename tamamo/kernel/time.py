"""Time: timezone-aware UTC inside, Japan Standard Time at the edge."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

JST = ZoneInfo("Asia/Tokyo")

#: Dates before this are refused as input: no sensor, register or law of the city is older,
#: and such values come from a spreadsheet's zero date or a mistyped year.
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)


def now() -> datetime:
    """Return the present moment, UTC."""
    return datetime.now(UTC)


def to_text(moment: datetime) -> str:
    """Return RFC 3339 in UTC ending in Z; fractions only where there are any (clause 4.6.3)."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return f"{moment.isoformat()[:-6]}Z"


def from_text(text: str) -> datetime:
    """Return the moment an RFC 3339 text names. Raises ValueError without date, time or zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment.astimezone(UTC)
