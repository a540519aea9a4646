"""A version of a dataset: what its check found, how the public would see it, what is next."""

from dataclasses import dataclass
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tamamo.publishing.datasets import Dataset, RowsQuery, Version
from tamamo.web.portal.datasets import page as portal
from tamamo.web.staff.cells import language
from tamamo.web.staff.datasets import advice, reports, room, words
from tamamo.web.staff.datasets.columns import EDITABLE
from tamamo.web.staff.datasets.pages import public_url
from tamamo.web.staff.datasets.shown import table
from tamamo.web.staff.datasets.uploading import steps
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.done import Done
from tamamo.web.staff.frame import Step, show

_ROWS: Final = 10
#: States in which a check has said something, and rows are there to be seen.
SEEN: Final = ("checked", "submitted", "published", "declined")


@dataclass(frozen=True, slots=True)
class Button:
    """Something that can be done. link: a page asks before it is done."""

    step: str
    text: str
    url: str
    solid: bool = False
    link: bool = False


@require_safe
@room.datasets_desk
async def page(request: HttpRequest, desk: Desk, dataset: str, version: int) -> HttpResponse:
    """Show a version where it stands."""
    found, one = await room.version_of(desk, dataset, version)
    names = {"dataset": found.id, "version": one.number}
    if one.state == "checking":
        return _running(request, desk, found, one)
    if one.state in ("new", "settled") and room.writes(desk, found):
        return HttpResponseRedirect(desk.url("dataset-columns", **names))
    title = room.title_of(found)
    context = {
        "heading": title,
        "trail": room.trail(desk, room.step_to(desk, found), Step(_named(one))),
        "steps": steps(4 if one.state in ("submitted", "published", "declined") else 3),
        "version": one,
        "named": _named(one),
        "state": words.version_word(one.state),
        "chip": words.chip(one.state),
        "people": await _people(desk, one),
        "size": words.size_text(one.size),
        "reason": one.reason.text(language()) if one.reason else "",
        "figures": reports.figures(one) if one.counts else [],
        "differences": reports.differences(one),
        "rejects": reports.rejects(one),
        "reasons": reports.reasons(one),
        "standard": reports.standard(one),
        "privacy": reports.privacy(one),
        "preview": await _table(desk, found, one, _ROWS),
        "buttons": buttons(desk, found, one),
        "may_submit": one.state == "checked" and room.writes(desk, found),
        **_advice(desk, found, one),
        "may_decline": one.state == "submitted" and room.approves(desk, found),
        "urls": _urls(desk, found, one),
        "public": public_url(desk, found) if one.current and found.state == "published" else "",
        "note": _note(desk, found, one),
        "done": _done(request.GET.get("done", "")),
    }
    return show(request, desk, "staff/datasets/version.html", context)


@require_safe
@room.datasets_desk
async def preview(request: HttpRequest, desk: Desk, dataset: str, version: int) -> HttpResponse:
    """Show a version as the public will see it."""
    found, one = await room.version_of(desk, dataset, version)
    if one.state not in SEEN:
        raise Http404(str(version))
    back = desk.url("dataset-version", dataset=found.id, version=one.number)
    public = await portal.shown(
        desk.broker, desk.visitor, desk.tenant, found.id, version=one.number, given=request.GET
    )
    context = {
        **public,
        "heading": room.title_of(found),
        "trail": room.trail(
            desk, room.step_to(desk, found), Step(_named(one), back), Step(_("Preview"))
        ),
        "named": _named(one),
        "preview": True,
        "back": back,
    }
    return show(request, desk, "staff/datasets/preview.html", context)


def _advice(desk: Desk, dataset: Dataset, one: Version) -> dict[str, Any]:
    """Return what may still be done before others look at it, for whoever can."""
    if one.state not in ("checked", "failed") or not room.writes(desk, dataset):
        return {}
    return {"likely": advice.likely_kind(dataset, one), "missing": advice.missing(dataset, one)}


def _named(version: Version) -> str:
    return _("Version %(n)s") % {"n": version.number}


def _running(request: HttpRequest, desk: Desk, dataset: Dataset, one: Version) -> HttpResponse:
    """Show how far long work is."""
    names = {"dataset": dataset.id, "version": one.number}
    context = {
        "heading": room.title_of(dataset),
        "trail": room.trail(desk, room.step_to(desk, dataset), Step(_named(one))),
        "steps": steps(3),
        "urls": {
            "here": desk.url("dataset-version", **names),
            "progress": desk.url("dataset-progress", **names),
        },
        "progress": {"done": one.done, "total": one.total, "text": progress_text(one)},
    }
    return show(request, desk, "staff/import_running.html", context)


def progress_text(version: Version) -> str:
    """Return how far long work is, in words."""
    state = words.version_word(version.state)
    if not version.total:
        return state
    told = {"done": f"{version.done:,}", "total": f"{version.total:,}"}
    return f"{state}: " + _("%(done)s of %(total)s rows") % told


async def _table(desk: Desk, dataset: Dataset, one: Version, limit: int) -> dict[str, Any] | None:
    if one.state not in SEEN:
        return None
    query = RowsQuery(version=one.number, limit=limit, count=False)
    page = await room.engine(desk).rows(desk.visitor, desk.tenant, dataset.id, query)
    return table(page, total=one.rows)


async def _people(desk: Desk, one: Version) -> list[tuple[str, str, Any]]:
    """Return who did what and when, as far as the version tells."""
    known = await room.names(desk, one.created_by, one.submitted_by, one.approved_by)
    told = [
        (_("Uploaded"), one.created_by, one.created_at),
        (_("Sent for approval"), one.submitted_by, one.submitted_at),
        (_("Approved"), one.approved_by, one.approved_at),
    ]
    return [(label, known.get(who, who), at) for label, who, at in told if who and at]


def _urls(desk: Desk, dataset: Dataset, one: Version) -> dict[str, str]:
    names = {"dataset": dataset.id, "version": one.number}
    urls = {
        "submit": desk.url("dataset-step", **names, step="submit"),
        "decline": desk.url("dataset-step", **names, step="decline"),
        "standard": desk.url("dataset-step", **names, step="standard"),
        "describe": desk.url("dataset-describe", dataset=dataset.id),
        "preview": desk.url("dataset-preview", **names) if one.state in SEEN else "",
        "original": desk.url("dataset-original", **names),
        "rejects": "",
        "compare": "",
    }
    if one.counts.get("rejected") and room.writes(desk, dataset):
        urls["rejects"] = desk.url("dataset-rejects", **names)
    if one.reports.against is not None:
        address = desk.url("dataset-compare", dataset=dataset.id)
        urls["compare"] = f"{address}?a={one.reports.against}&b={one.number}"
    return urls


def buttons(desk: Desk, dataset: Dataset, one: Version) -> list[Button]:
    """Return what somebody may do with a version as it stands; nothing else is offered."""
    writes, approves = room.writes(desk, dataset), room.approves(desk, dataset)
    own = desk.actor.subject in one.worked
    names = {"dataset": dataset.id, "version": one.number}

    def step(name: str, text: str) -> Button:
        return Button(name, text, desk.url("dataset-step", **names, step=name))

    made = []
    if one.state == "submitted" and approves and not own:
        url = desk.url("dataset-approve", **names)
        made.append(Button("approve", _("Approve …"), url, solid=True, link=True))
    if one.state in EDITABLE and writes:
        url = desk.url("dataset-columns", **names)
        made.append(Button("columns", _("Back to the columns"), url, link=True))
    if one.state == "submitted" and writes:
        made.append(step("take-back", _("Take back")))
    if one.open and one.state != "checking" and writes:
        made.append(step("discard", _("Put aside")))
    return made


def _note(desk: Desk, dataset: Dataset, one: Version) -> str:
    """Return what is expected next, said to this person."""
    if one.state == "submitted" and room.approves(desk, dataset):
        if desk.actor.subject in one.worked:
            return _("You had a hand in this version: another approver has to look at it.")
        return ""
    if one.state == "submitted":
        return _("An approver who did not work at it looks at it now.")
    return ""


def _done(name: str) -> Done | None:
    texts = {
        "same": _("The file was read as the last version was. Look at it, then send it."),
        "standard": _("Compared with the national standard."),
        "submit": _("Sent for approval. Nobody outside sees it yet."),
        "take-back": _("Taken back: it can be changed again."),
        "decline": _("Declined. Whoever sent it reads the reason."),
        "approved": _("Approved: it is published."),
    }
    return Done("success", texts[name]) if name in texts else None
