"""The towns of a wide-area wall: what each brings, and since when one brings nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tamamo.web.portal.gauges import Gauge
from tamamo.web.portal.level import Stage
from tamamo.web.portal.owner import Owner


@dataclass(frozen=True, slots=True)
class Part:
    """One town. owner: None is the wall's own. missing: nothing of it counts as current.

    seen_at: when something of it was last had. reason: "unreachable" (its installation does not
    answer), "suspended", "silent" (nothing of it is current), "" where it is there.
    """

    owner: Owner | None
    gauges: int
    current: int
    stage: Stage | None
    seen_at: datetime | None
    reason: str = ""

    @property
    def missing(self) -> bool:
        """Whether its part of the wall is missing (欠測)."""
        return bool(self.reason)


@dataclass(frozen=True, slots=True)
class Away:
    """Why a town could not be asked, and when something of it was last had."""

    reason: str
    seen_at: datetime | None


def part_of(owner: Owner | None, gauges: Iterable[Gauge], away: Away | None = None) -> Part:
    """Return what a town brings. away: it could not be asked."""
    found = list(gauges)
    times = [gauge.observed_at for gauge in found if gauge.observed_at]
    if away is not None:
        return Part(owner, len(found), 0, None, away.seen_at, away.reason)
    stages = [gauge.stage for gauge in found if gauge.stage is not None]
    reason = "silent" if found and not stages else ""
    return Part(
        owner, len(found), len(stages), max(stages, default=None), max(times, default=None), reason
    )
