"""The plan's pages and data: from the project folders, read once a process, and kept values."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from tamamo.context.access.seen import seen_by
from tamamo.context.broker import Broker
from tamamo.kernel.errors import SetupError
from tamamo.kernel.identity import ANONYMOUS, resident_of
from tamamo.kernel.towns import DEFAULT
from tamamo.plan import cards, comparison, export, live, panels
from tamamo.plan.catalog import fiscal_year, the_plan
from tamamo.plan.loading import Folder
from tamamo.plan.model import Indicator
from tamamo.plan.pages import plan_view
from tamamo.plan.report.build import years
from tamamo.plan.report.drawing import svg
from tamamo.plan.values import Kept, ValueStore, real_or_all
from tamamo.plan.values.importing import with_series
from tamamo.plan.values.keeping import series_data
from tamamo.plan.year.public import Published
from tamamo.plan.yearviews import years_of


@dataclass(frozen=True, slots=True)
class _Series:
    folder: Folder
    indicator: Indicator
    kept: list[Kept]


def _language() -> str:
    return "ja" if (get_language() or "ja").startswith("ja") else "en"


@require_safe
async def index(request: HttpRequest) -> HttpResponse:
    """The 36 projects by chapter and section, with the newest figures; narrowed by the address."""
    broker, plan = _broker(request), the_plan()
    if broker is None:
        values = Published.without_values(plan)
    else:
        values = await Published(broker.pool, DEFAULT, plan).by_year()
    shown = cards.cards(values, request.GET.dict(), _language())
    # Of years whose owners reported something that is approved there is a report too.
    reported = {one.year for found in values.values() for one in found
                if one.basis == "entered" and not one.simulated}  # fmt: skip
    reports = [(one, fiscal_year(one).pick(_language())) for one in years(plan, reported)]
    context = {"plan": plan_view(_language()), "cards": shown, "reports": reports}
    return render(request, "plan/index.html", context)


@require_safe
async def project(request: HttpRequest, project: str) -> HttpResponse:
    """One project: what it is for, what the report recorded, what there is today."""
    plan = plan_view(_language())
    for chapter in plan.chapters:
        for section in chapter.sections:
            for found in section.projects:
                if found.id == project:
                    place = {"plan": plan, "chapter": chapter, "section": section}
                    computed = await live.rows(_broker(request), the_plan(), project, _language())
                    context = {**place, "project": found, "live": computed}
                    context |= await _panels(request, project)
                    folder = the_plan().find(project)
                    assert folder is not None
                    context["years"] = await years_of(_broker(request), folder, _language())
                    return render(request, "plan/project.html", context)
    raise Http404(f"no project {project}")


async def _panels(request: HttpRequest, project: str) -> dict[str, Any]:
    """Return the project's panels, of what residents may see, and the years they know.

    panels is None where they failed.
    """
    broker, folder = _broker(request), the_plan().find(project)
    if broker is None or folder is None or panels.panels_of(folder) is None:
        return {"panels": []}
    access = await broker.identity.access(resident_of(DEFAULT), DEFAULT)
    seen = seen_by(broker, access, ANONYMOUS.subject)
    known = {str(year): year for year in await panels.years(seen, DEFAULT, folder)}
    year = known.get(request.GET.get("year", ""))
    named = [(one, fiscal_year(one).pick(_language()), one == year) for one in known.values()]
    shown = await panels.shown(seen, DEFAULT, folder, _language(), year)
    return {"panels": shown, "panel_years": named if len(named) > 1 else []}


async def _series(request: HttpRequest, project: str, indicator: str) -> _Series:
    """Return an indicator with a series and its values; 404 where it has none."""
    try:
        folder, one = with_series(the_plan(), project, indicator)
    except SetupError as error:
        raise Http404(str(error)) from error
    broker = _broker(request)
    name = (project, indicator)
    kept = await ValueStore(broker.pool).series(DEFAULT, name) if broker else []
    # What Tamamo keeps of the town as a whole was counted from these, and is none of them.
    return _Series(folder, one, real_or_all(value for value in kept if value.area))


@require_safe
async def series(request: HttpRequest, project: str, indicator: str) -> HttpResponse:
    """An indicator over time: the town beside the nation, or any areas beside each other."""
    found, language = await _series(request, project, indicator), _language()
    shown = comparison.view(
        found.folder, found.indicator, found.kept, request.GET.getlist("area"), language
    )
    context = {
        "name": found.indicator.name.pick(language),
        "unit": found.indicator.unit.pick(language),
        "project": project,
        "indicator": indicator,
        "project_name": found.folder.manifest.name.pick(language),
        "plan_title": the_plan().outline.title.pick(language),
        "note": found.indicator.note.pick(language) if found.indicator.note else "",
        "query": urlencode([("area", code) for code in request.GET.getlist("area")]),
        "most": comparison.MOST,
        "view": shown,
    }
    return render(request, "plan/series.html", context)


@require_safe
async def series_chart(request: HttpRequest, project: str, indicator: str) -> HttpResponse:
    """The chart of the page; an address of its own, as the pages' policy wants no inline images."""
    found, language = await _series(request, project, indicator), _language()
    year = request.GET.get("year", "")
    if year.isascii() and year.isdigit() and len(year) == 4:
        data = series_data(found.folder, found.indicator, found.kept)
        drawn = comparison.draw_year(found.indicator, data, int(year), language)
    else:
        codes, _ = comparison.chosen(found.folder, found.indicator, request.GET.getlist("area"))
        data = series_data(found.folder, found.indicator, found.kept, codes)
        drawn = comparison.draw(found.indicator, data, language)
    if drawn is None:
        raise Http404("there is nothing to draw")
    return HttpResponse(svg(drawn, language), content_type="image/svg+xml")


@require_safe
async def series_csv(request: HttpRequest, project: str, indicator: str) -> HttpResponse:
    """All values of an indicator as CSV."""
    found = await _series(request, project, indicator)
    body = comparison.to_csv(found.folder, found.indicator, found.kept)
    answer = _data(body, "text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{indicator}.csv"'
    return answer


@require_safe
async def series_json(request: HttpRequest, project: str, indicator: str) -> HttpResponse:
    """All values of an indicator as JSON."""
    found = await _series(request, project, indicator)
    body = comparison.to_json(found.folder, found.indicator, found.kept)
    return _data(body, "application/json")


def _broker(request: HttpRequest) -> Broker | None:
    """Return the open broker of this process, None where the pages stand alone."""
    state: dict[str, Broker] = request.scope.get("state", {})  # type: ignore[attr-defined]
    return state.get("broker")


@require_safe
async def as_json(request: HttpRequest) -> HttpResponse:
    """The plan as JSON."""
    return _data(export.to_json(the_plan()), "application/json")


@require_safe
async def as_csv(request: HttpRequest) -> HttpResponse:
    """The plan's figures as CSV."""
    answer = _data(export.to_csv(the_plan()), "text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="plan.csv"'
    return answer


def _data(body: bytes, content_type: str) -> HttpResponse:
    answer = HttpResponse(body, content_type=content_type)
    answer["Access-Control-Allow-Origin"] = "*"
    return answer
