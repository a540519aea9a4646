"""The progress report as a page of the site, and as files in the five formats."""

from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tamamo.context.broker import Broker
from tamamo.kernel.towns import DEFAULT
from tamamo.plan.catalog import fiscal_year, the_plan
from tamamo.plan.panels import as_shown
from tamamo.plan.report import html, making, markdown
from tamamo.plan.report.build import build, years
from tamamo.plan.report.document import Document
from tamamo.plan.report.inputs import Inputs, Language, gather
from tamamo.plan.year.reported import reported_years

_TEXTS: Final = {"md": "text/markdown", "html": "text/html"}
#: The buttons of the page, in their order.
_FORMATS: Final = (("pdf", "PDF"), ("docx", "Word"), ("xlsx", "Excel"), ("html", "HTML"),
                   ("md", "Markdown"))  # fmt: skip


async def _years(broker: Broker | None) -> list[int]:
    """Return the years there is a report of: published ones, and those approved at the desk."""
    approved = await reported_years(broker.pool, DEFAULT) if broker else []
    return years(the_plan(), approved)


async def _document(request: HttpRequest, year: int) -> Document:
    """Return the report of a year in the language of the address; 404 where there is none."""
    broker = _broker(request)
    if year not in await _years(broker):
        raise Http404(f"no report of {year}")
    language: Language = "ja" if (get_language() or "ja").startswith("ja") else "en"
    if broker is None:
        return build(Inputs(the_plan(), year, language))
    return build(await gather(broker.pool, DEFAULT, the_plan(), year, language))


def _broker(request: HttpRequest) -> Broker | None:
    state: dict[str, Broker] = request.scope.get("state", {})  # type: ignore[attr-defined]
    return state.get("broker")


@require_safe
async def page(request: HttpRequest, year: int) -> HttpResponse:
    """The report as a page."""
    document = await _document(request, year)
    title = the_plan().outline.title.pick(document.language)
    others = [
        (one, fiscal_year(one).pick(document.language)) for one in await _years(_broker(request))
    ]
    context = {
        "document": document, "panels": as_shown(document.blocks), "year": year, "years": others,
        "formats": _FORMATS,
    }  # fmt: skip
    return render(request, "plan/report.html", {**context, "plan_title": title})


@require_safe
async def as_file(request: HttpRequest, year: int, kind: str) -> HttpResponse:
    """The report as a file in one of five formats; HTML too, for its styles stand inside it."""
    if kind not in _TEXTS and kind not in making.MEDIA_TYPES:
        raise Http404(kind)
    document = await _document(request, year)
    name = f"{year}.{kind}"
    if kind in _TEXTS:
        body = markdown.write(document) if kind == "md" else html.write(document)
        return _file(body, f"{_TEXTS[kind]}; charset=utf-8", name)
    broker = _broker(request)
    if broker is None:
        raise Http404(kind)
    try:
        body = await making.made(broker.settings.home, document, kind)
    except making.Busy:
        return _later(_("Other reports are being made just now. Please try again in a minute."))
    except making.NotMade:
        text = _("This format cannot be made here just now. HTML and Markdown can be had.")
        return _later(text)
    return _file(body, making.MEDIA_TYPES[kind], name)


def _later(text: str) -> HttpResponse:
    answer = HttpResponse(text, status=503, content_type="text/plain; charset=utf-8")
    answer["Retry-After"] = "60"
    return answer


def _file(body: bytes, content_type: str, name: str) -> HttpResponse:
    answer = HttpResponse(body, content_type=content_type)
    answer["Content-Disposition"] = f'attachment; filename="progress-report-{name}"'
    return answer
