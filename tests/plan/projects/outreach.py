"""Invented events of FY2020 whose days and applications add up to those of the report."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

#: Channel → days held, applications, venues: the report's sums.
REPORTED = {
    "shopping": (32, 1501, ("イオンモール", "ゆめタウン", "丸亀町商店街")),
    "company": (10, 216, ("銀行", "年金機構")),
    "community": (8, 159, ("コミュニティセンター",)),
}


def records() -> Iterator[dict[str, Any]]:
    """Yield a record a day of outreach, spread over the year, the applications evenly."""
    for channel, (days, applications, venues) in REPORTED.items():
        share, rest = divmod(applications, days)
        for number in range(days):
            yield {
                "eventID": f"{channel}-{number}",
                "venue": venues[number % len(venues)],
                "channel": channel,
                "status": "held",
                "startDate": (date(2020, 4, 1) + timedelta(days=364 * number // days)).isoformat(),
                "applications": share + (number < rest),
            }
