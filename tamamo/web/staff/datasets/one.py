"""One dataset at the desk: what it is, its versions, what can be done, what was done."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tamamo.publishing.datasets import CYCLES, LICENCES, Dataset, Version
from tamamo.publishing.datasets.model import Act
from tamamo.publishing.standard import kind
from tamamo.web.staff.cells import language
from tamamo.web.staff.datasets import room, words
from tamamo.web.staff.datasets.pages import public_url
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.done import Done
from tamamo.web.staff.frame import Step, show
from tamamo.web.staff.words import number

_ACTS: Final = 50


@require_safe
@room.datasets_desk
async def page(request: HttpRequest, desk: Desk, dataset: str) -> HttpResponse:
    """Show it."""
    found = await room.dataset_of(desk, dataset)
    engine = room.engine(desk)
    listed = await engine.versions(desk.visitor, desk.tenant, found.id)
    acts = await engine.acts(desk.visitor, found.id, limit=_ACTS)
    may_write = room.writes(desk, found)
    file = found.kind == "file"
    published = [one for one in listed if one.published_at]
    context = {
        "heading": room.title_of(found),
        "trail": room.trail(desk, Step(room.title_of(found))),
        "dataset": found,
        "state": words.state_word(found.state),
        "chip": words.chip(found.state),
        "due": words.day(found.next_due) if found.next_due else "",
        "about": about(found),
        "public": public_url(desk, found) if found.state == "published" else "",
        "may_write": may_write,
        "opened": _opened(desk, found, listed),
        "urls": _urls(desk, found, file=file, may_write=may_write),
        "accept": ".csv,.xlsx",
        "versions": [_version(desk, found, one) for one in listed],
        "may_compare": len(published) > 1,
        "acts": [_act(one) for one in acts],
        "done": _done(request.GET.get("done", "")),
    }
    return show(request, desk, "staff/datasets/one.html", context)


def _urls(desk: Desk, dataset: Dataset, *, file: bool, may_write: bool) -> dict[str, str]:
    """Return where what can be done is done; nothing else is offered."""
    urls = {"compare": desk.url("dataset-compare", dataset=dataset.id)}
    if may_write and file:
        urls["upload"] = desk.url("dataset-upload", dataset=dataset.id)
        urls["describe"] = desk.url("dataset-describe", dataset=dataset.id)
    if may_write and dataset.state == "published":
        urls["unpublish"] = desk.url("dataset-unpublish", dataset=dataset.id)
    if not file and dataset.state == "unpublished" and room.approves(desk, dataset):
        urls["again"] = desk.url("dataset-roll-back", dataset=dataset.id, version=0)
    return urls


def _opened(desk: Desk, dataset: Dataset, listed: list[Version]) -> dict[str, Any] | None:
    """Return the version that is being worked on."""
    for one in listed:
        if one.number == dataset.open_version:
            return {
                "number": one.number,
                "filename": one.filename,
                "state": words.version_word(one.state),
                "chip": words.chip(one.state),
                "url": desk.url("dataset-version", dataset=dataset.id, version=one.number),
            }
    return None


def about(dataset: Dataset) -> list[tuple[str, str]]:
    """Return what is said of a dataset, as pairs of label and text."""
    told = dataset.metadata
    cycle, licence = CYCLES.get(told.cycle), LICENCES.get(told.licence)
    pairs = [
        (_("Description"), told.description.in_(language())),
        (_("Department that answers for it"), dataset.organization.unit),
        (_("How often it is brought up to date"), cycle.title.in_(language()) if cycle else ""),
        (_("Licence"), licence.title.in_(language()) if licence else told.licence),
        (_("Themes"), "、".join(one.title.in_(language()) for one in dataset.groups)),
        (_("Keywords"), "、".join(told.tags)),
        (_("Where the data come from"), told.source.in_(language())),
        (_("Contact"), told.contact.in_(language())),
        (_("Kind of the national standard"), _standard(told.standard)),
    ]
    return [(label, text) for label, text in pairs if text]


def _standard(identifier: str) -> str:
    try:
        found = kind(identifier)
    except KeyError:
        return identifier
    return found.en if language() == "en" else found.ja


def _version(desk: Desk, dataset: Dataset, one: Version) -> dict[str, Any]:
    back = one.published_at is not None and room.approves(desk, dataset)
    back = back and not (one.current and dataset.state == "published")
    names = {"dataset": dataset.id, "version": one.number}
    return {
        "number": one.number,
        "url": desk.url("dataset-version", **names),
        "state": words.version_word(one.state),
        "chip": words.chip(one.state),
        "current": one.current,
        "filename": one.filename,
        "rows": number(one.rows) if one.rows is not None else "",
        "rejected": number(one.counts.get("rejected", 0)) if one.counts else "",
        "at": one.published_at or one.changed_at,
        "note": one.note,
        "reason": one.reason.text(language()) if one.reason else "",
        "comparable": one.published_at is not None or one.state in ("checked", "submitted"),
        "roll_back": desk.url("dataset-roll-back", **names) if back else "",
    }


def _act(act: Act) -> dict[str, Any]:
    detail = act.detail or {}
    number_ = detail.get("version")
    told = [_("version %(n)s") % {"n": number_}] if number_ else []
    reason = detail.get("reason") or detail.get("note")
    if isinstance(reason, dict):
        reason = room.said(reason)
    told += [str(reason)] if reason else []
    return {
        "at": act.at,
        "who": act.name or act.actor,
        "what": words.act_word(act.action),
        "detail": " · ".join(told),
    }


def _done(name: str) -> Done | None:
    texts = {
        "described": _("The description is kept. It is public at once where the data are."),
        "published": _("It is published."),
        "unpublished": _("It is withdrawn: nobody outside sees it any more."),
        "rolled-back": _("It is public again as you chose."),
        "discarded": _("The version is put aside."),
    }
    return Done("success", texts[name]) if name in texts else None
