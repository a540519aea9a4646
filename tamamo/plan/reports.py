"""The progress report as a page of the site, and as files that need no heavy library.

PDF, DOCX and XLSX are made by `tamamo plan report`: their libraries would stay in the memory of
the process that serves pages.
"""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from tamamo.context.broker import Broker
from tamamo.kernel.towns import DEFAULT
from tamamo.plan.catalog import the_plan
from tamamo.plan.panels import as_shown
from tamamo.plan.report import html, markdown
from tamamo.plan.report.build import Inputs, Language, build, years
from tamamo.plan.report.document import Document
from tamamo.plan.values import ValueStore
from tamamo.plan.values.keeping import courses_of, values_of


async def _document(request: HttpRequest, year: int) -> Document:
    """Return the report of a year in the language of the address; 404 where there is none."""
    plan = the_plan()
    if year not in years(plan):
        raise Http404(f"no report of {year}")
    language: Language = "ja" if (get_language() or "ja").startswith("ja") else "en"
    state: dict[str, Broker] = request.scope.get("state", {})  # type: ignore[attr-defined]
    if (broker := state.get("broker")) is None:
        return build(Inputs(plan, year, language))
    store = ValueStore(broker.pool)
    values = await values_of(store, DEFAULT, year)
    return build(Inputs(plan, year, language, values, await courses_of(store, DEFAULT, plan)))


@require_safe
async def page(request: HttpRequest, year: int) -> HttpResponse:
    """The report as a page."""
    document = await _document(request, year)
    title = the_plan().outline.title.pick(document.language)
    context = {"document": document, "panels": as_shown(document.blocks), "year": year}
    return render(request, "plan/report.html", {**context, "plan_title": title})


@require_safe
async def as_markdown(request: HttpRequest, year: int) -> HttpResponse:
    """The report as Markdown."""
    return _file(markdown.write(await _document(request, year)), "text/markdown", f"{year}.md")


@require_safe
async def as_html(request: HttpRequest, year: int) -> HttpResponse:
    """The report as one HTML file to keep; a download, for its styles stand inside it."""
    return _file(html.write(await _document(request, year)), "text/html", f"{year}.html")


def _file(body: bytes, content_type: str, name: str) -> HttpResponse:
    answer = HttpResponse(body, content_type=f"{content_type}; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="progress-report-{name}"'
    return answer
