"""The plan's pages and data. Everything comes from the project folders, read once a process."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from tamamo.context.broker import Broker
from tamamo.plan import export, live
from tamamo.plan.catalog import the_plan
from tamamo.plan.pages import plan_view


def _language() -> str:
    return "ja" if (get_language() or "ja").startswith("ja") else "en"


@require_safe
async def index(request: HttpRequest) -> HttpResponse:
    """The 36 projects by chapter and section, with the report's figures."""
    return render(request, "plan/index.html", {"plan": plan_view(_language())})


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
                    return render(request, "plan/project.html", context)
    raise Http404(f"no project {project}")


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
