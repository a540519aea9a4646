"""The page of an indicator's values over time: areas compared, in figures, a chart and words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import orjson

from tamamo.kernel import cells
from tamamo.plan.figures import round_half_up
from tamamo.plan.loading import Folder
from tamamo.plan.model import Indicator
from tamamo.plan.report.document import Chart
from tamamo.plan.report.series import Course, SeriesData, breaks_told, chart, day_text, passed
from tamamo.plan.values.areas import Area, Areas
from tamamo.plan.values.importing import areas_of
from tamamo.plan.values.keeping import series_data
from tamamo.plan.values.model import Kept

#: More lines than these cannot be told apart.
MOST: Final = 6
_FIRST_DAY, _LAST_DAY = date(1900, 1, 1), date(9999, 12, 31)
COLUMNS: Final = (
    "area", "area_ja", "area_en", "date", "value", "numerator", "denominator", "denominator_date",
    "basis", "source", "approved_by", "simulated",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choice:
    """An area that can be chosen."""

    code: str
    name: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Latest:
    """An area's newest value; ahead: how many points the first area is above it."""

    name: str
    value: str
    day: str
    ahead: str


@dataclass(frozen=True, slots=True)
class View:
    """What the page shows."""

    choices: list[tuple[str, list[Choice]]]
    latest: list[Latest]
    said: list[str]
    chart: Chart | None
    breaks: list[str]
    unknown: list[str]
    count: int
    newest: datetime | None
    sources: list[str]
    approved_by: list[str]
    simulated: bool


def chosen(
    folder: Folder, indicator: Indicator, wanted: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Return the codes to compare, the town's own first, and the wanted ones there are not.

    Without a wish: the town, what it is measured by, and its neighbours.
    """
    areas, series = areas_of(folder, indicator), indicator.series
    assert series is not None
    known = {area.code for area in areas.area}
    codes = list(dict.fromkeys(code for code in wanted if code in known))[:MOST]
    unknown = sorted(set(wanted) - known)
    if not codes:
        group = [series.group] if series.group else []
        codes = [series.area, series.benchmark, *group, *areas.neighbours][:MOST]
    return codes, unknown


def view(
    folder: Folder, indicator: Indicator, kept: Sequence[Kept], wanted: Sequence[str], language: str
) -> View:
    """Return the page for the wanted areas."""
    codes, unknown = chosen(folder, indicator, wanted)
    data = series_data(folder, indicator, kept, codes)
    areas = areas_of(folder, indicator)
    drawn = draw(indicator, data, language)
    first = data.courses[0] if data.courses else None
    return View(
        choices=_choices(areas, codes, language),
        latest=_latest(data.courses, language),
        said=_passed(data.courses, language),
        chart=drawn,
        breaks=breaks_told(first, language) if first else [],
        unknown=unknown,
        count=len(kept),
        newest=max((one.made_at for one in kept), default=None),
        sources=sorted({one.source for one in kept}),
        approved_by=sorted({one.approved_by for one in kept if one.approved_by}),
        simulated=any(one.simulated for one in kept),
    )


def _passed(courses: Sequence[Course], language: str) -> list[str]:
    """Say who passed whom: the second area first, which unasked is what the town is measured by."""
    others = [*courses[:1], *courses[2:]]
    return [*passed(courses[:2], language), *passed(others, language)]


def draw(indicator: Indicator, data: SeriesData, language: str) -> Chart | None:
    """Return the chart of all that is known."""
    if not data.courses:
        return None
    return chart(indicator.name.pick(language), data, _FIRST_DAY, _LAST_DAY, language)


def draw_year(indicator: Indicator, data: SeriesData, year: int, language: str) -> Chart | None:
    """Return the chart of a fiscal year as the report has it."""
    start, end = date(year, 4, 1), date(year + 1, 4, 1)
    if not data.courses:
        return None
    return chart(indicator.name.pick(language), data, start, end, language)


_KINDS: Final = {
    "municipality": ("市町", "Municipalities"),
    "prefecture": ("県", "Prefecture"),
    "nation": ("全国", "Nation"),
    "group": ("全国の市区町村の区分", "Groups of municipalities, nationwide"),
}


def _choices(areas: Areas, codes: Sequence[str], language: str) -> list[tuple[str, list[Choice]]]:
    groups: dict[str, list[Choice]] = {kind: [] for kind in _KINDS}
    for area in areas.area:
        choice = Choice(area.code, area.name.pick(language), area.code in codes)
        groups.setdefault(area.kind, []).append(choice)
    named = {kind: names[language != "ja"] for kind, names in _KINDS.items()}
    return [(named.get(kind, kind), found) for kind, found in groups.items() if found]


def _latest(courses: Sequence[Course], language: str) -> list[Latest]:
    found = []
    for course in courses:
        point, ahead = course.points[-1], ""
        same = [p for p in courses[0].points if p.at == point.at]
        if course is not courses[0] and same:
            points = round_half_up(same[0].unrounded - point.unrounded, 1)
            ahead = f"{points:+}"
        found.append(
            Latest(
                course.name.pick(language), f"{point.value}", day_text(point.at, language), ahead
            )
        )
    return found


def _rows(areas: Areas, kept: Sequence[Kept]) -> Iterator[Mapping[str, Any]]:
    for one in kept:
        area: Area | None = areas.find(one.area)
        yield {
            "area": one.area,
            "area_ja": area.ja if area else one.area,
            "area_en": area.en if area else one.area,
            "date": one.at.isoformat(),
            "value": float(one.value),
            "numerator": None if one.part is None else int(one.part),
            "denominator": None if one.whole is None else int(one.whole),
            "denominator_date": one.whole_at.isoformat() if one.whole_at else None,
            "basis": one.basis,
            "source": one.source,
            "approved_by": one.approved_by,
            "simulated": one.simulated,
        }


def to_json(folder: Folder, indicator: Indicator, kept: Sequence[Kept]) -> bytes:
    """Return all values that hold, of all areas."""
    rows = list(_rows(areas_of(folder, indicator), kept))
    name = {"ja": indicator.name.ja, "en": indicator.name.en}
    about = {"project": folder.manifest.id, "indicator": indicator.id, "name": name}
    return orjson.dumps({**about, "unit": indicator.unit.en, "count": len(rows), "values": rows})


def to_csv(folder: Folder, indicator: Indicator, kept: Sequence[Kept]) -> bytes:
    """Return the same as CSV, UTF-8 with a mark; names of fields in English."""
    rows = (map(cells.cell, row.values()) for row in _rows(areas_of(folder, indicator), kept))
    return cells.lines([COLUMNS, *rows]).encode("utf-8-sig")
