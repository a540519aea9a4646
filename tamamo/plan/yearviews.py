"""Pages of the years: a project's years beside each other, an indicator's definition and values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tamamo import __version__
from tamamo.context.broker import Broker
from tamamo.kernel import cells
from tamamo.kernel.time import JST, now
from tamamo.kernel.towns import DEFAULT
from tamamo.plan import cards, live, openvalues
from tamamo.plan.catalog import fiscal_year, the_plan
from tamamo.plan.figures import Outcome
from tamamo.plan.loading import Folder
from tamamo.plan.model import Indicator
from tamamo.plan.present import amount, asked, target_text
from tamamo.plan.report.series import day_text
from tamamo.plan.values.entities import entity_id
from tamamo.plan.year.model import working_year
from tamamo.plan.year.public import Published, YearValue, break_between, judged


@dataclass(frozen=True, slots=True)
class Cell:
    """An indicator in a year. breaks: why it cannot be compared with the year before."""

    value: str
    outcome: Outcome | None
    word: str
    breaks: str
    simulated: bool


@dataclass(frozen=True, slots=True)
class Line:
    """An indicator over the years."""

    id: str
    name: str
    target: str
    cells: list[Cell]
    trend: str


@dataclass(frozen=True, slots=True)
class Years:
    """The years of a project: heads, a line an indicator, what was told and attached."""

    years: list[str]
    lines: list[Line]
    told: list[dict[str, Any]]
    links: list[tuple[str, str, str]]


async def years_of(broker: Broker | None, folder: Folder, language: str) -> Years:
    """Return a project's years beside each other; of the folder alone without a broker."""
    project = folder.manifest.id
    if broker is None:
        return Years([], [], [], [])
    published = Published(broker.pool, DEFAULT, the_plan())
    values = await published.by_year(project)
    known = sorted({one.year for found in values.values() for one in found})
    lines = [
        _line(one, values.get((project, one.id), []), known, language)
        for one in (folder.figures.indicator if folder.figures else [])
    ]
    return Years(
        [_head(year, language) for year in known],
        lines,
        await _told(published, project, language),
        [
            (fiscal_year(year).pick(language), title, url)
            for year, title, url in await published.links(project)
        ],
    )


@require_safe
async def figure(request: HttpRequest, project: str, indicator: str) -> HttpResponse:
    """An indicator: what it counts, how, from where, each value with who approved it."""
    folder, one = _indicator(project, indicator)
    language = _language()
    broker = _broker(request)
    rows: list[dict[str, Any]] = []
    series: list[YearValue] = []
    computed: list[live.LiveRow] = []
    if broker is not None:
        published = Published(broker.pool, DEFAULT, the_plan())
        series = (await published.by_year(project)).get((project, one.id), [])
        rows = [_past(one, past, language) for past in await published.all_of(project, one)]
        if one.query:
            computed = [await live.row(broker, project, one, language)]
    shape = the_plan().word("shape", one.shape).pick(language)
    target = one.target
    newest = series[-1] if series else None
    context = {
        "name": one.name.pick(language),
        "project": project,
        "indicator": one.id,
        "project_name": folder.manifest.name.pick(language),
        "plan_title": the_plan().outline.title.pick(language),
        "unit": one.unit.pick(language),
        "shape": shape,
        "note": one.note.pick(language) if one.note else "",
        "query": one.query or "",
        "version": __version__,
        "live": computed,
        "less": one.direction == "less",
        "has_series": one.series is not None,
        "target": target_text(target, one.unit, newest.year if newest else 0, language)
        if target else "",
        "target_printed": target.printed if target else "",
        "owner": the_plan().division(folder.manifest.owner).pick(language),
        "newest": _newest(one, newest, language) if newest else None,
        "line": _line(one, series, [v.year for v in series], language),
        "years": [cards.year_text(v, language) for v in series],
        "rows": rows,
        "changes": [(fiscal_year(c.year).pick(language), c.why.pick(language)) for c in one.breaks],
        "entity": entity_id(project, one.id, one.series.area if one.series else ""),
    }  # fmt: skip
    return render(request, "plan/figure.html", context)


@require_safe
async def values_csv(request: HttpRequest) -> HttpResponse:
    """The years of all indicators as CSV, UTF-8 with a mark; names of fields in English."""
    broker, plan = _broker(request), the_plan()
    if broker is None:
        values = Published.without_values(plan)
    else:
        values = await Published(broker.pool, DEFAULT, plan).by_year()
    told = (map(cells.cell, row.values()) for row in openvalues.rows(plan, values))
    body = cells.lines([openvalues.COLUMNS, *told]).encode("utf-8-sig")
    answer = HttpResponse(body, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="plan-values.csv"'
    answer["Access-Control-Allow-Origin"] = "*"
    return answer


def _head(year: int, language: str) -> str:
    named = fiscal_year(year).pick(language)
    if year <= working_year(now().astimezone(JST).date()):
        return named
    return _("%(year)s, not over yet") % {"year": named}


def _line(one: Indicator, series: Sequence[YearValue], years: Sequence[int], language: str) -> Line:
    by_year = {value.year: (place, value) for place, value in enumerate(series)}
    cells = []
    for year in years:
        place, value = by_year.get(year, (0, None))
        if value is None:
            word = the_plan().word("outcome", "not_reported").pick(language)
            cells.append(Cell("—", None, word, "", simulated=False))
            continue
        outcome = judged(one, value).outcome
        why = break_between(one, series[place - 1], value) if place else None
        cells.append(
            Cell(
                cards.value_text(one, value, language),
                outcome,
                the_plan().word("outcome", outcome).pick(language),
                why.pick(language) if why else "",
                value.simulated,
            )
        )
    last = series[-1].year if series else 0
    target = target_text(one.target, one.unit, last, language) if one.target else ""
    trend = cards.trend(one, series, language)
    return Line(one.id, one.name.pick(language), target, cells, trend)


async def _told(published: Published, project: str, language: str) -> list[dict[str, Any]]:
    plan, found = the_plan(), []
    for one in await published.told(project):
        outcome = ""
        if one.outcome in plan.words["state"]:
            outcome = plan.word("state", one.outcome).pick(language)
        found.append(
            {
                "year": fiscal_year(one.year).pick(language),
                "title": _("Decision") if one.kind == "decision" else _("Work of the year"),
                "outcome": outcome,
                "day": day_text(one.decided_on, language) if one.decided_on else "",
                "body": one.body,
                "simulated": one.simulated,
                "approved_by": one.approved_by,
                "approved_at": one.approved_at,
            }
        )
    return found


def _newest(one: Indicator, value: YearValue, language: str) -> dict[str, Any]:
    outcome = judged(one, value).outcome
    return {
        "value": cards.value_text(one, value, language) + asked(one, value.whole, language),
        "year": cards.year_text(value, language),
        "outcome": outcome,
        "recorded": value.recorded is not None,
        "computed": value.basis == "computed",
        "publisher": the_plan().outline.source[-1].publisher.pick(language),
        "word": the_plan().word("outcome", outcome).pick(language),
        "basis": cards.basis_word(value.basis),
        "source": value.source,
        "detail": value.detail,
        "approved_by": value.approved_by,
        "approved_at": value.approved_at,
        "printed": value.recorded.printed if value.recorded else "",
        "simulated": value.simulated,
    }


def _past(one: Indicator, past: Any, language: str) -> dict[str, Any]:
    return {
        "year": fiscal_year(past.year).pick(language),
        "day": day_text(past.at, language),
        "value": amount(past.value, one.unit, language) + asked(one, past.whole, language),
        "of": f"{past.part:,.0f} / {past.whole:,.0f}"
        if past.part is not None and past.whole
        else "",
        "basis": cards.basis_word(past.basis),
        "source": past.source,
        "detail": past.detail,
        "breaks": past.breaks,
        "replaced": past.state == "replaced",
        "reason": past.reason,
        "approved_by": past.approved_by,
        "approved_at": past.approved_at,
        "simulated": past.simulated,
    }


def _indicator(project: str, indicator: str) -> tuple[Folder, Indicator]:
    folder = the_plan().find(project)
    for one in folder.figures.indicator if folder and folder.figures else []:
        if one.id == indicator:
            assert folder is not None
            return folder, one
    raise Http404(f"no indicator {project}/{indicator}")


def _language() -> str:
    return "ja" if (get_language() or "ja").startswith("ja") else "en"


def _broker(request: HttpRequest) -> Broker | None:
    state: dict[str, Broker] = request.scope.get("state", {})  # type: ignore[attr-defined]
    return state.get("broker")
