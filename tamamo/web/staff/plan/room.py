"""What the pages of the working year share: the engine, rights, words, what cannot be done."""

from collections.abc import Callable, Coroutine, Iterable
from functools import wraps
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from tamamo.feeds.quality import Reason
from tamamo.kernel.errors import Forbidden
from tamamo.kernel.time import JST, now
from tamamo.kernel.towns import DEFAULT
from tamamo.plan.catalog import Plan, fiscal_year, the_plan
from tamamo.plan.loading import Folder
from tamamo.plan.values.working import ValueRefused
from tamamo.plan.year import Item, NoSuchItem, PlanYear, may_approve, may_enter, overview
from tamamo.plan.year.model import FIRST_YEAR, working_year
from tamamo.plan.year.overview import Due
from tamamo.web.staff.cells import language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.entry import staff
from tamamo.web.staff.frame import Step, show

View = Callable[..., Coroutine[Any, Any, HttpResponseBase]]
CHIPS: Final = {
    "missing": "", "entered": "chip--blue", "confirmed": "chip--yellow", "declined": "chip--red",
    "approved": "chip--green", "replaced": "", "withdrawn": "",
}  # fmt: skip


def plan_desk(view: View) -> Any:
    """Open a view to the staff of the town whose plan this is; others have none here (404)."""

    @staff
    @wraps(view)
    async def inside(request: HttpRequest, desk: Desk, **named: Any) -> HttpResponseBase:
        if desk.tenant != DEFAULT:
            raise Http404(desk.tenant)
        try:
            return await view(request, desk, **named)
        except NoSuchItem as unknown:
            raise Http404(str(unknown)) from unknown
        except ValueRefused as refused:
            return _refused(request, desk, refused.reason, named)

    return inside


def engine(desk: Desk) -> PlanYear:
    """Return the engine."""
    return PlanYear(desk.broker.pool)


def today() -> Any:
    """Return the day in Japan."""
    return now().astimezone(JST).date()


def years() -> list[int]:
    """Return the years that can be worked on, the newest first."""
    return list(range(working_year(today()) + 1, FIRST_YEAR - 1, -1))


def year_of(text: str) -> int:
    """Return the year of an address or form; the one that is being reported for anything else."""
    known = {str(year): year for year in years()}
    return known.get(text, working_year(today()))


def opened(year: int) -> int:
    """Return a year that can be worked on. Raises Http404."""
    if year not in years():
        raise Http404(str(year))
    return year


def folder_of(project: str) -> Folder:
    """Return a project of the plan. Raises Http404."""
    found = the_plan().find(project)
    if found is None:
        raise Http404(project)
    return found


async def due(desk: Desk, project: str, year: int) -> tuple[Due, list[Item]]:
    """Return a project of a year, and all that was ever entered for it up to that year."""
    folder = folder_of(project)
    items = await engine(desk).sheets(desk.tenant, years(), project)
    mine = {project: [item for item in items if item.year == year]}
    return overview.one(the_plan(), folder, year, mine, today()), items


def enters(desk: Desk, one: Due) -> bool:
    """Whether the person at a desk may enter what a project reports."""
    return may_enter(desk.actor, desk.tenant, one.owner.name)


def approves(desk: Desk, one: Due) -> bool:
    """Whether the person at a desk may approve what a project reports."""
    return may_approve(desk.actor, desk.tenant, one.owner.name)


def require(allowed: bool, what: str) -> None:
    """Raise Forbidden unless something is allowed."""
    if not allowed:
        raise Forbidden(what)


def said(reason: Reason) -> str:
    """Return a reason in the language of the page, as a sentence begins."""
    text = reason.ja if language() == "ja" else reason.en
    return text[:1].upper() + text[1:]


def year_text(year: int) -> str:
    """Return a fiscal year in words."""
    return fiscal_year(year).pick(language())


def division(plan: Plan, name: str) -> str:
    """Return a division's name in the language of the page."""
    return plan.division(name).pick(language())


def name_of(folder: Folder, name: str) -> str:
    """Return what an entry is called: an indicator's name, or the kind of text."""
    kinds = {"narrative": _("Work of the year"), "decision": _("Decision")}
    if name in kinds:
        return kinds[name]
    found = [one.name for one in overview.indicators(folder) if one.id == name]
    return found[0].pick(language()) if found else name


def state_word(state: str) -> str:
    """Return the word for how far something is."""
    return {
        "missing": _("Not reported"),
        "entered": _("Entered, not confirmed"),
        "confirmed": _("Waiting for the head"),
        "declined": _("Sent back"),
        "approved": _("Approved by the head"),
        "replaced": _("Put right later"),
        "withdrawn": _("Taken back by its owner"),
    }[state]


async def people(desk: Desk, items: Iterable[Item]) -> Callable[[str | None], str]:
    """Return a function that names a person, and says when they no longer work here."""
    subjects: set[str | None] = set()
    for one in items:
        subjects |= {one.made_by, one.confirmed_by, one.approved_by, one.declined_by}
    known = await engine(desk).people(desk.tenant, subjects)

    def named(subject: str | None) -> str:
        if not subject:
            return ""
        if not subject.startswith("user:"):
            return _("the system")
        name, here = known.get(subject, (_("somebody whose account is gone"), False))
        return name if here else _("%(name)s (no longer in charge)") % {"name": name}

    return named


def trail(desk: Desk, *steps: Step) -> list[Step]:
    """Return the way to a page."""
    home = Step(_("Year of the plan"), desk.url("plan") if steps else "")
    return [Step(_("Home"), desk.url("town")), home, *steps]


def item_ids(values: Iterable[str]) -> set[str]:
    """Return the ids a form names; what is no id is left out."""
    found = set()
    for value in values:
        try:
            found.add(str(UUID(value)))
        except ValueError:
            continue
    return found


def _refused(
    request: HttpRequest, desk: Desk, reason: Reason, named: dict[str, Any]
) -> HttpResponse:
    links = [{"url": desk.url("plan"), "text": _("To the year of the plan")}]
    if "project" in named and "year" in named:
        url = desk.url("plan-sheet", project=named["project"], year=named["year"])
        links.insert(0, {"url": url, "text": _("See how it stands now")})
    context = {"heading": said(reason), "text": _("Nothing was changed by you."), "links": links}
    return show(request, desk, "staff/refused.html", context, status=409)
