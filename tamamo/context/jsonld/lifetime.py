"""How long a downloaded @context may be used (clause 6.3.16, RFC 9111)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

#: Seconds where the server says nothing, and at most.
HEURISTIC_SECONDS = 3600.0
#: Seconds at least: one server that forbids caching must not cost a download for every request.
LEAST_SECONDS = 1.0
LONGEST_SECONDS = 7 * 86400.0

_NO_CACHE = re.compile(r"(?:^|,)\s*no-(?:cache|store)\b", re.IGNORECASE)
_SECONDS = re.compile(r"(?:^|,)\s*(s-maxage|max-age)\s*=\s*\"?(\d{1,9})\b", re.IGNORECASE)


def seconds_of(headers: Mapping[str, str], now: datetime) -> float:
    """Return for how many seconds from `now` an answer is fresh.

    s-maxage comes before max-age, since this cache is shared, and both before Expires. The time
    it spent in other caches (Age) is taken off.
    """
    said = _said(headers, now)
    return HEURISTIC_SECONDS if said is None else min(max(said, LEAST_SECONDS), LONGEST_SECONDS)


def _said(headers: Mapping[str, str], now: datetime) -> float | None:
    control = headers.get("cache-control", "")
    if _NO_CACHE.search(control):
        return 0.0
    ages = {name.lower(): float(seconds) for name, seconds in _SECONDS.findall(control)}
    if ages:
        age = headers.get("age", "0").strip()
        return ages.get("s-maxage", ages.get("max-age", 0.0)) - (
            float(age) if age.isdecimal() and len(age) < 10 else 0.0
        )
    if "expires" not in headers:
        return None
    try:
        moment = parsedate_to_datetime(headers["expires"])
    except ValueError:
        return 0.0  # "0" and other invalid dates mean: in the past (RFC 9111, section 5.3)
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
