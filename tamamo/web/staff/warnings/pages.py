"""One draft: as portal, mail, feeds and CAP will show it, what can be done with it, its history."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_safe

from tamamo.kernel.audit.listing import Filter
from tamamo.kernel.audit.listing import page as audit_page
from tamamo.kernel.database import transaction
from tamamo.publishing.warnings import (
    Draft,
    InvalidDocument,
    Office,
    composing,
    delivery,
    hurdles,
    store,
)
from tamamo.publishing.warnings.model import TYPES
from tamamo.web.portal.warnings.shown import page_language, previewed, title_of
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.done import Done
from tamamo.web.staff.frame import Step, show
from tamamo.web.staff.warnings import room

_STEPS_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Button:
    """Something that can be done with a draft. step: where the form goes."""

    step: str
    text: str
    url: str
    solid: bool = False
    #: Whether a page asks before it is done.
    link: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """A step of the history."""

    at: datetime
    who: str
    what: str
    detail: str


@require_safe
@room.warnings_desk
async def page(request: HttpRequest, desk: Desk, draft: UUID) -> HttpResponse:
    """Show a draft."""
    engine = room.engine(desk)
    async with transaction(desk.broker.pool) as connection:
        office = await engine.office(connection, desk.tenant)
        found = await store.draft(connection, desk.tenant, draft)
        try:
            document, wrong = await engine.document(connection, found, office), ""
        except InvalidDocument as problem:
            document, wrong = "", problem.detail
        lapsed = await hurdles.lapsed(connection, found)
    now = engine.now(desk.tenant)
    faults = composing.faults_of(found.content, office, now, ending=found.purpose == "cancel")
    known = await room.names(desk, *found.authors, found.submitted_by, found.approved_by)
    context = {
        "heading": composing.resolved(found.content, office).headline.get(page_language()),
        "trail": room.trail(desk, Step(room.purpose_word(found.purpose))),
        "draft": found,
        "state": room.state_word(found.state),
        "purpose": room.purpose_word(found.purpose),
        "authors": [known[one] for one in found.authors],
        "approved_by": known.get(found.approved_by or "", ""),
        "source": found.content.source,
        "faults": [room.fault_text(one) for one in faults] if found.open else [],
        "buttons": buttons(desk, found, lapsed=lapsed),
        "note": _note(desk, found, lapsed=lapsed),
        "lapsed": lapsed,
        "may_return": found.state in ("submitted", "approved") and room.approves(desk),
        "return_url": desk.url("warning-step", draft=found.id, step="return"),
        "previews": [preview(found, office, now, one) for one in ("ja", "en")
                     if one in office.languages],
        "document": document,
        "document_wrong": wrong,
        "past": await history(desk, found.warning),
        "done": _done(request.GET.get("done", ""), desk, found),
    }  # fmt: skip
    return show(request, desk, "staff/warnings/draft.html", context)


@require_safe
@room.warnings_desk
async def document(request: HttpRequest, desk: Desk, draft: UUID) -> HttpResponse:
    """The CAP document a draft would have, to try it elsewhere."""
    engine = room.engine(desk)
    async with transaction(desk.broker.pool) as connection:
        office = await engine.office(connection, desk.tenant)
        found = await store.draft(connection, desk.tenant, draft)
        text = await engine.document(connection, found, office)
    answer = HttpResponse(text, content_type="application/cap+xml; charset=utf-8")
    answer["Cache-Control"] = "no-store"
    answer["Content-Disposition"] = 'attachment; filename="preview.cap.xml"'
    return answer


def preview(draft: Draft, office: Office, now: datetime, language: str) -> dict[str, Any]:
    """Return what residents would see in a language, made by the templates of the portal."""
    with override(language):
        kind = TYPES[draft.purpose]
        one = previewed(draft.content, office, now, kind, str(draft.warning))
        return {
            "language": language,
            "title": {"ja": "日本語", "en": "English"}[language],
            "one": one,
            # Rendered here, in the language of the residents, not in that of this page.
            "banner": render_to_string(
                "portal/warnings/banner_one.html", {"one": one, "preview": True}
            ),
            "page": render_to_string("staff/warnings/preview_body.html", {"shown": one}),
            "mail": delivery.preview_body(draft, office, now, language),
            "subject": delivery.preview_subject(draft, office, language),
            "entry": title_of(one),
        }


def buttons(desk: Desk, draft: Draft, *, lapsed: bool) -> list[Button]:
    """Return what somebody may do with a draft as it stands; nothing else is offered.

    lapsed: whoever approved it may not approve any more.
    """
    writes, approves = room.writes(desk), room.approves(desk)
    own = desk.actor.subject in draft.authors

    def button(step: str, text: str, *, solid: bool = False) -> Button:
        return Button(step, text, desk.url("warning-step", draft=draft.id, step=step), solid)

    made = []
    if draft.state == "draft" and writes:
        made.append(button("submit", _("Send for approval"), solid=True))
    if (draft.state == "submitted" or lapsed) and approves and not own:
        made.append(button("approve", _("Approve this text"), solid=True))
    if draft.state == "approved" and writes and not lapsed:
        url = desk.url("warning-publish", draft=draft.id)
        made.append(Button("publish", _("Publish …"), url, solid=True, link=True))
    if draft.open and writes:
        url = desk.url("warning-edit", draft=draft.id)
        made.append(Button("edit", _("Edit the text"), url, link=True))
    if draft.state in ("submitted", "approved") and writes:
        made.append(button("take-back", _("Take back")))
    if draft.open and writes:
        made.append(button("discard", _("Put aside")))
    if draft.state == "discarded" and writes:
        made.append(button("restore", _("Bring back"), solid=True))
    return made


def _note(desk: Desk, draft: Draft, *, lapsed: bool) -> str:
    """Return what is expected next, said to this person."""
    own = desk.actor.subject in draft.authors
    if lapsed:
        return _(
            "Whoever approved it has left or is no approver any more: another approver who did "
            "not write at it has to approve it before it can be published."
        )
    if draft.state == "submitted" and room.approves(desk) and own:
        return _("You had a hand in this text: another approver has to read it.")
    if draft.state == "submitted":
        return _("An approver who did not write at it reads it now.")
    if draft.state == "approved":
        return _("Approved word for word. Any edit voids the approval.")
    return ""


def _done(name: str, desk: Desk, draft: Draft) -> Done | None:
    texts = {
        "draft": _("The draft is kept. Nobody outside sees it."),
        "edit": _("The text is kept. It has to be approved again."),
        "submit": _("Sent for approval."),
        "approve": _("Approved. It is not public yet."),
        "return": _("Returned to its writers."),
        "take-back": _("It is a draft again."),
        "discard": _("Put aside."),
        "restore": _("It is back."),
    }
    if name not in texts:
        return None
    undo = {"submit": "take-back", "approve": "take-back", "discard": "restore"}.get(name, "")
    if undo and (not room.writes(desk) or draft.state == "draft"):
        undo = ""
    url = desk.url("warning-step", draft=draft.id, step=undo) if undo else ""
    return Done("success", texts[name], undo=url and f"{url}?version={draft.version}")


async def history(desk: Desk, warning: UUID) -> list[Past]:
    """Return the steps of a warning, the newest first, as the audit log has them."""
    wanted = Filter(tenants=(desk.tenant,), object=f"warning:{warning}")
    found = (await audit_page(desk.broker.pool, wanted, limit=_STEPS_SHOWN)).entries
    known = await room.names(desk, *(one.actor for one in found))
    return [
        Past(one.at, known.get(one.actor, one.actor), action_word(one.action),
             str((one.became or {}).get("reason", "")))
        for one in found
    ]  # fmt: skip


def action_word(action: str) -> str:
    """Return the word for a step."""
    return {
        "warning.draft": _("Drafted"),
        "warning.edit": _("Edited"),
        "warning.submit": _("Asked for approval"),
        "warning.take_back": _("Taken back"),
        "warning.approve": _("Approved"),
        "warning.return": _("Returned"),
        "warning.discard": _("Put aside"),
        "warning.restore": _("Brought back"),
        "warning.publish": _("Published"),
    }.get(action, action)
