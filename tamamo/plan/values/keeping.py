"""What an installation keeps of the plan beside the project folders, for reports and pages."""

from collections.abc import Mapping, Sequence

from tamamo.plan.catalog import Plan
from tamamo.plan.loading import Folder
from tamamo.plan.model import Indicator, Text
from tamamo.plan.report.series import Course, SeriesData
from tamamo.plan.values.areas import Area, Areas
from tamamo.plan.values.courses import Point, by_area, summed
from tamamo.plan.values.importing import areas_of
from tamamo.plan.values.model import Kept
from tamamo.plan.values.store import ValueStore


async def courses_of(store: ValueStore, tenant: str, plan: Plan) -> dict[str, SeriesData]:
    """Return the series of each indicator that has one kept: town, benchmark, group."""
    found = {}
    for folder in plan.folders:
        for indicator in folder.figures.indicator if folder.figures else []:
            if indicator.series is None:
                continue
            name = (folder.manifest.id, indicator.id)
            every = await store.series(tenant, name)
            kept = [one for one in every if one.area and not one.simulated]
            if kept:
                found["/".join(name)] = series_data(folder, indicator, kept)
    return found


def series_data(
    folder: Folder, indicator: Indicator, kept: Sequence[Kept], chosen: Sequence[str] | None = None
) -> SeriesData:
    """Return the courses of the chosen areas; without a choice town, benchmark and group."""
    series = indicator.series
    assert series is not None
    kept = [one for one in kept if one.area]
    areas, points = areas_of(folder, indicator), by_area(kept)
    wanted = chosen
    if wanted is None:
        wanted = [series.area, series.benchmark, *([series.group] if series.group else [])]
    courses = [_course(code, areas, points) for code in wanted]
    sources = "; ".join(sorted({one.source for one in kept}))
    return SeriesData(
        [course for course in courses if course.points],
        indicator.unit,
        Text(ja=sources, en=sources),
        any(one.simulated for one in kept),
    )


def _course(code: str, areas: Areas, points: Mapping[str, list[Point]]) -> Course:
    area = areas.find(code)
    name = area.name if area else Text(ja=code, en=code)
    if area and area.kind == "prefecture":
        members = [points.get(m.code, []) for m in members_of(code, areas)]
        return Course(code, name, summed(members) if all(members) else [])
    return Course(code, name, points.get(code, []))


def members_of(prefecture: str, areas: Areas) -> list[Area]:
    """Return the municipalities of a prefecture: their codes begin with its two digits."""
    return [a for a in areas.area if a.kind == "municipality" and a.code.startswith(prefecture)]
