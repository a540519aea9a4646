"""The acts on datasets and versions. What is public at once asks first and names what follows."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tamamo.kernel.errors import Forbidden
from tamamo.publishing.datasets import Dataset, DatasetRefused, Version
from tamamo.publishing.standard import kinds
from tamamo.web.staff.datasets import reports, room, words
from tamamo.web.staff.datasets.pages import public_url
from tamamo.web.staff.datasets.room import Work
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.forms import Fault
from tamamo.web.staff.frame import Step, show
from tamamo.web.staff.words import number

_LONGEST_REASON: Final = 500
_Step = Callable[[Work], Awaitable[HttpResponse]]


@require_POST
@room.datasets_desk
async def step(
    request: HttpRequest, desk: Desk, dataset: str, version: int, step: str
) -> HttpResponse:
    """Do one step with a version, then show it."""
    act = _STEPS.get(step)
    if act is None:
        raise Http404(step)
    return await act(await room.work(request, desk, dataset, version))


async def _submit(work: Work) -> HttpResponse:
    note = _text(work.request, "note")
    loss = work.request.POST.get("loss") == "1"
    try:
        await room.engine(work.desk).submit(*work.key, note=note, accept_loss=loss)
    except DatasetRefused as refusal:
        return _ask_again(work, refusal, note)
    return _to_version(work, "submit")


def _ask_again(work: Work, refusal: DatasetRefused, note: str) -> HttpResponse:
    """Answer 422 to a sending that does not say what has to be said, with what was typed."""
    context = {
        **_around(work.desk, work.dataset, work.version, _("Send for approval")),
        "here": work.url("dataset-step", step="submit"),
        "errors": [room.fault_of(refusal, "", "f-loss")],
        "note": note,
        "loss": refusal.code in ("lost_rows", "half_lost"),
        "figures": reports.figures(work.version),
    }
    status = refusal.status
    return show(work.request, work.desk, "staff/datasets/submit.html", context, status=status)


async def _take_back(work: Work) -> HttpResponse:
    await room.engine(work.desk).take_back(*work.key)
    return _to_version(work, "take-back")


async def _discard(work: Work) -> HttpResponse:
    await room.engine(work.desk).discard(*work.key)
    url = work.desk.url("dataset", dataset=work.dataset.id)
    return HttpResponseRedirect(url + "?done=discarded")


async def _decline(work: Work) -> HttpResponse:
    reason = _text(work.request, "reason")
    if not reason or len(reason) > _LONGEST_REASON:
        context = {
            **_around(work.desk, work.dataset, work.version, _("Decline this version")),
            "consequence": [_("It is not published. Whoever sent it reads the reason.")],
            "here": work.url("dataset-step", step="decline"),
            "button": _("Decline"),
            "reason": reason,
            "reason_required": True,
            "errors": [_say_why()],
        }
        return show(work.request, work.desk, "staff/datasets/confirm.html", context, status=422)
    await room.engine(work.desk).decline(*work.key, reason)
    return _to_version(work, "decline")


async def _standard(work: Work) -> HttpResponse:
    """Say which kind of the national standard it is, and check again by that."""
    kind = work.request.POST.get("kind", "")
    if kind not in {one.id for one in kinds()}:
        raise Http404(kind)
    engine = room.engine(work.desk)
    told = msgspec.structs.replace(work.dataset.metadata, standard=kind)
    await engine.describe(work.desk.visitor, work.dataset.id, told)
    await engine.check(*work.key)
    return _to_version(work, "standard")


_STEPS: Final[dict[str, _Step]] = {
    "submit": _submit,
    "take-back": _take_back,
    "discard": _discard,
    "decline": _decline,
    "standard": _standard,
}


@require_http_methods(["GET", "HEAD", "POST"])
@room.datasets_desk
async def approve(request: HttpRequest, desk: Desk, dataset: str, version: int) -> HttpResponse:
    """Name what follows, then approve and publish."""
    work = await room.work(request, desk, dataset, version)
    if not room.approves(desk, work.dataset):
        raise Forbidden
    if request.method != "POST":
        if work.version.state != "submitted":
            return _to_version(work)
        return _approve_page(work, [])
    note, seen = _text(request, "privacy_note"), request.POST.get("seen") == "1"
    faults = []
    if not seen:
        text = _("Say that you have looked at the report.")
        faults.append(Fault(_("Personal data"), text, "f-seen"))
    if (reports.serious(work.version) and not note) or len(note) > _LONGEST_REASON:
        text = _("Say why it may be published, in at most %(n)s characters.")
        label = _("Why it may be published")
        faults.append(Fault(label, text % {"n": _LONGEST_REASON}, "f-privacy_note"))
    if faults:
        return _approve_page(work, faults)
    try:
        await room.engine(desk).approve(
            *work.key, seen_privacy=seen, privacy_note=note, as_seen=request.POST.get("mark", "")
        )
    except DatasetRefused as refusal:
        return _approve_page(work, [room.fault_of(refusal)])
    return _to_version(work, "approved")


def _approve_page(work: Work, faults: list[Fault]) -> HttpResponse:
    request, dataset, version = work.request, work.dataset, work.version
    context = {
        **_around(work.desk, dataset, version, _("Approve and publish")),
        "rows": words.rows_text(version.rows),
        "address": public_url(work.desk, dataset),
        "replaced": dataset.version,
        "figures": reports.figures(version),
        "entities": dataset.metadata.entities,
        "privacy": reports.privacy(version),
        "serious": reports.serious(version),
        "preview": work.url("dataset-preview"),
        "mark": room.engine(work.desk).mark(dataset, version),
        "here": work.url("dataset-approve"),
        "note": _text(request, "privacy_note"),
        "seen": request.POST.get("seen") == "1",
        "errors": faults,
        "wrong": {fault.anchor.removeprefix("f-"): fault.text for fault in reversed(faults)},
    }
    status = 422 if faults else 200
    return show(request, work.desk, "staff/datasets/approve.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@room.datasets_desk
async def unpublish(request: HttpRequest, desk: Desk, dataset: str) -> HttpResponse:
    """Withdraw a dataset from the public, with a reason, after saying what follows."""
    found = await room.dataset_of(desk, dataset)
    room.require_write(desk, found)
    reason = _text(request, "reason")
    if request.method == "POST" and 0 < len(reason) <= _LONGEST_REASON:
        await room.engine(desk).unpublish(desk.visitor, found.id, reason)
        return HttpResponseRedirect(desk.url("dataset", dataset=found.id) + "?done=unpublished")
    posted = request.method == "POST"
    context = {
        **_around(desk, found, None, _("Withdraw from the public")),
        "consequence": [
            _("Pages, files, catalogue and APIs stop showing it at once; links to it answer 404."),
            _("Nothing is deleted: an earlier version can be made public again with one step."),
        ],
        "here": desk.url("dataset-unpublish", dataset=found.id),
        "button": _("Withdraw it"),
        "reason": reason,
        "reason_required": True,
        "errors": [_say_why()] if posted else [],
    }
    return show(
        request, desk, "staff/datasets/confirm.html", context, status=422 if posted else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
@room.datasets_desk
async def roll_back(request: HttpRequest, desk: Desk, dataset: str, version: int) -> HttpResponse:
    """Make an earlier version the public one again, after saying what follows."""
    found = await room.dataset_of(desk, dataset)
    if not room.approves(desk, found):
        raise Forbidden
    one = None if found.kind == "live" else (await room.version_of(desk, dataset, version))[1]
    number_ = None if one is None else one.number
    reason, posted = _text(request, "reason"), request.method == "POST"
    if posted and len(reason) <= _LONGEST_REASON:
        await room.engine(desk).roll_back(desk.visitor, found.id, number_, note=reason)
        return HttpResponseRedirect(desk.url("dataset", dataset=found.id) + "?done=rolled-back")
    button = _("Make version %(n)s public") % {"n": number_}
    if one is None:
        button = _("Make it public again")
    context = {
        **_around(desk, found, one, _("Make public again")),
        "consequence": _of_roll_back(found, one),
        "here": desk.url("dataset-roll-back", dataset=found.id, version=version),
        "button": button,
        "reason": reason,
        "reason_required": False,
        "errors": [_say_why()] if posted else [],
    }
    status = 422 if posted else 200
    return show(request, desk, "staff/datasets/confirm.html", context, status=status)


def _of_roll_back(dataset: Dataset, one: Version | None) -> list[str]:
    """Return what follows from making a version, or a live dataset, public again."""
    if one is None:
        return [_("Everybody reads its rows as they are now.")]
    told = {"n": one.number, "rows": words.rows_text(one.rows)}
    found = [_("Version %(n)s (%(rows)s) is what everybody reads at once.") % told]
    if dataset.state == "published" and dataset.version is not None:
        text = _("Version %(n)s stays in the list of versions.")
        found.append(text % {"n": number(dataset.version)})
    return found


def _around(desk: Desk, dataset: Dataset, version: Version | None, name: str) -> dict[str, Any]:
    """Return what every page that asks has: heading, trail, the way back."""
    back = desk.url("dataset", dataset=dataset.id)
    ways = [room.step_to(desk, dataset)]
    if version is not None:
        back = desk.url("dataset-version", dataset=dataset.id, version=version.number)
        ways.append(Step(_("Version %(n)s") % {"n": version.number}, back))
    return {
        "heading": f"{name}: {room.title_of(dataset)}",
        "trail": room.trail(desk, *ways, Step(name)),
        "back": back,
    }


def _say_why() -> Fault:
    text = _("Say why, in at most %(n)s characters.") % {"n": _LONGEST_REASON}
    return Fault(_("Reason"), text, "f-reason")


def _text(request: HttpRequest, name: str) -> str:
    return " ".join(request.POST.get(name, "").split())


def _to_version(work: Work, done: str = "") -> HttpResponse:
    url = work.url("dataset-version")
    return HttpResponseRedirect(f"{url}?done={done}" if done else url)
