"""The chart of an alert, drawn by the server: readings, threshold, and when it fired."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from tamamo.kernel.time import JST
from tamamo.rules import AlertEvent
from tamamo.web.portal.series import thinned
from tamamo.web.portal.words import metres

Point = tuple[datetime, float]
WIDTH: Final = 720
HEIGHT: Final = 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 8, 10, 26
_GAP: Final = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Chart:
    """Coordinates in a drawing of WIDTH by HEIGHT. lines: a gap in the readings stays a gap."""

    lines: list[str]
    bands: list[tuple[float, float]]
    threshold: float | None
    rows: list[tuple[float, str]]
    columns: list[tuple[float, str]]
    count: int


def draw(
    points: Sequence[Point],
    events: Sequence[AlertEvent],
    threshold: float | None,
    start: datetime,
    end: datetime,
) -> Chart | None:
    """Return the chart of the readings between two moments; None without any."""
    if not points:
        return None
    values = [value for _, value in points] + ([] if threshold is None else [threshold])
    low, high = min(values), max(values)
    margin = (high - low) * 0.08 or 0.5
    low, high = low - margin, high + margin
    span = (end - start).total_seconds()

    def x(moment: datetime) -> float:
        part = min(max((moment - start).total_seconds() / span, 0.0), 1.0)
        return round(_LEFT + part * (WIDTH - _LEFT - _RIGHT), 1)

    def y(value: float) -> float:
        return round(_TOP + (high - value) / (high - low) * (HEIGHT - _TOP - _BOTTOM), 1)

    return Chart(
        lines=[" ".join(f"{x(at)},{y(value)}" for at, value in run) for run in _runs(points)],
        bands=[(x(one), round(x(two) - x(one), 1)) for one, two in _firing(events, start, end)],
        threshold=None if threshold is None else y(threshold),
        rows=[(y(value), metres(value)) for value in (low + margin, (low + high) / 2,
                                                      high - margin)],
        columns=[
            (x(moment), f"{moment.astimezone(JST):%m/%d %H:%M}")
            for moment in (start + (end - start) * part / 4 for part in (0.15, 1.4, 2.6, 3.7))
        ],
        count=len(points),
    )  # fmt: skip


def _runs(points: Sequence[Point]) -> list[list[Point]]:
    runs: list[list[Point]] = []
    for point in thinned(points, 600):
        if not runs or point[0] - runs[-1][-1][0] > _GAP:
            runs.append([])
        runs[-1].append(point)
    return runs


def _firing(
    events: Sequence[AlertEvent], start: datetime, end: datetime
) -> list[tuple[datetime, datetime]]:
    """Return the times in which it fired or recovered. events: newest first."""
    found, began = [], None
    for event in sorted(events, key=lambda one: one.position):
        if event.kind != "state":
            continue
        fires = event.after in ("firing", "recovering")
        if fires and began is None:
            began = event.at
        elif not fires and began is not None:
            found.append((began, event.at))
            began = None
    if began is not None:
        found.append((began, end))
    return [(one, two) for one, two in found if two >= start and one <= end]


def attribute_of(document: Any) -> str:
    """Return the first attribute that a condition compares; "" where it compares none."""
    if isinstance(document, dict):
        if "attribute" in document and isinstance(document["attribute"], str):
            return document["attribute"]
        for value in document.values():
            if found := attribute_of(value):
                return found
    if isinstance(document, list):
        for value in document:
            if found := attribute_of(value):
                return found
    return ""
