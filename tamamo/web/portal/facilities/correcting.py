"""Anybody says what is different there: form, check, send; then a page of one's own to follow it.

No name, no mail address. What somebody changed in the form is told apart from what a division
changed meanwhile: the form carries what it showed.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, BinaryIO, Final, cast

from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tamamo.kernel.database import single, transaction
from tamamo.kernel.identity import ANONYMOUS
from tamamo.kernel.towns.errors import TooManyRequests
from tamamo.kernel.uploads import IMAGE, UploadRefused
from tamamo.publishing.facilities import corrections, photos
from tamamo.publishing.facilities.corrections import Correction, Proposal, TooManyCorrections
from tamamo.publishing.facilities.model import GROUPS, REGISTER, Facility, facility_of
from tamamo.publishing.facilities.photos import TooManyPhotos
from tamamo.registers import Column, FieldError, Record
from tamamo.registers.schema import validate
from tamamo.web.errors import too_many
from tamamo.web.portal.facilities import words
from tamamo.web.portal.facilities.room import Room, facilities
from tamamo.web.staff.cells import language
from tamamo.web.staff.forms import PREFIX, Fault, Typed, faults, fields, typed_of

#: Before the name of a column: what the form showed.
_SHOWN: Final = "o."
#: How long ago somebody may have seen it.
_SEEN_WITHIN: Final = timedelta(days=366)


@dataclass(slots=True)
class _Sent:
    """What was typed, read."""

    typed: Typed
    shown: Typed
    comment: str
    seen: str
    proposal: Proposal
    errors: list[FieldError]
    faults: list[Fault]


def _columns(room: Room) -> list[Column]:
    return [room.register.column(name) for name in corrections.FIELDS]


@require_http_methods(["GET", "HEAD", "POST"])
@facilities
async def correct(request: HttpRequest, room: Room, key: str) -> HttpResponse:
    """Show the form, then what would be sent, then send."""
    record = await room.record(key)
    if request.method != "POST":
        typed = room.registers.typed(room.register, record)
        return _form(request, room, record, _Sent(typed, typed, "", "", Proposal({}, {}), [], []))
    sent = _read(request.POST, room, record)
    if request.POST.get("step") == "back":
        sent.errors, sent.faults = [], []
        return _form(request, room, record, sent)
    if sent.errors or sent.faults:
        return _form(request, room, record, sent)
    if request.POST.get("step") != "send":
        return _check(request, room, record, sent)
    try:
        room.broker.limits.check_sign_in(request.scope)  # type: ignore[attr-defined]
    except TooManyRequests as problem:
        return too_many(request, problem)
    try:
        async with transaction(room.broker.pool) as connection:
            token = await corrections.send(connection, room.tenant, record.id, sent.proposal)
    except TooManyCorrections:
        text = _("So many corrections wait already that no more are taken now. Try again later.")
        sent.faults = [Fault("", text)]
        return _form(request, room, record, sent, status=429)
    return HttpResponseRedirect(reverse("facility-correction", kwargs={"token": token}) + "?sent")


def _read(post: QueryDict, room: Room, record: Record) -> _Sent:
    columns = _columns(room)
    typed = typed_of(post, columns)
    shown: Typed = {
        column.name: post.getlist(_SHOWN + column.name)
        if column.kind == "choices"
        else post.get(_SHOWN + column.name, "")
        for column in columns
    }
    changed = [c for c in columns if _differs(typed[c.name], shown[c.name])]
    values, errors = room.registers.parse(
        room.register, {column.name: typed[column.name] for column in changed}
    )
    # "Unknown" cannot be seen out there; an empty list can: none of it is there.
    kept = {c.name: values[c.name] for c in changed if c.name in values}
    kept = {
        name: value
        for name, value in kept.items()
        if value is not None or room.register.column(name).kind == "choices"
    }
    held = {name: cell.value for name, cell in record.cells.items() if cell.value is not None}
    given = {name: value for name, value in kept.items() if value is not None}
    errors += [e for e in validate(room.register, {**held, **given}, frozenset(given))
               if e.field in given]  # fmt: skip
    comment = post.get("comment", "").strip()
    seen, wrong = _day(post.get("seen_on", ""))
    before = {name: held.get(name) for name in kept}
    proposal = Proposal(kept, before, comment, seen, language())
    if len(comment) > corrections.LONGEST_COMMENT:
        text = _("At most %(n)s characters.") % {"n": f"{corrections.LONGEST_COMMENT:,}"}
        wrong.append(Fault(_("What is different"), text, "f-comment"))
    if proposal.empty and not errors and not wrong:
        text = _("Change a field, or say in words what is different.")
        wrong.append(Fault("", text, "f-comment"))
    return _Sent(typed, shown, comment, post.get("seen_on", ""), proposal, errors, wrong)


def _differs(typed: str | list[str], shown: str | list[str]) -> bool:
    if isinstance(typed, list):
        return set(typed) != set(shown)
    return typed.strip() != str(shown).strip()


def _day(text: str) -> tuple[date | None, list[Fault]]:
    if not text.strip():
        return None, []
    today = words.today()
    try:
        found = date.fromisoformat(text.strip())
    except ValueError:
        found = today + timedelta(days=1)
    if today - _SEEN_WITHIN <= found <= today:
        return found, []
    said = _("Give a day of the last twelve months, such as 2026-04-01.")
    return None, [Fault(_("Seen on"), said, "f-seen_on")]


def _form(
    request: HttpRequest, room: Room, record: Record, sent: _Sent, status: int = 0
) -> HttpResponse:
    columns = _columns(room)
    made = {f.name: f for f in fields(room.register, columns, sent.typed, sent.errors)}
    facility = facility_of(record)
    groups = [
        {"title": facts.title, "surveyed": facts.surveyed, "fields": [
            made[PREFIX + name] for name in group]}
        for facts, group in zip(words.facts_of(room.register, facility), _GROUPS, strict=True)
    ]  # fmt: skip
    basics = [made[PREFIX + name] for name in corrections.FIELDS if name not in _GROUPED]
    wrong = [*faults(room.register, sent.errors), *sent.faults]
    context = {
        **_head(facility),
        "groups": groups,
        "basics": basics,
        "shown": _hidden(_SHOWN, sent.shown),
        "comment": sent.comment,
        "seen_on": sent.seen,
        "errors": wrong,
        "comment_error": _fault_at(sent, "f-comment"),
        "seen_error": _fault_at(sent, "f-seen_on"),
        "longest": corrections.LONGEST_COMMENT,
    }
    answer = render(
        request, "portal/facilities/correct.html", context,
        status=status or (422 if wrong else 200),
    )  # fmt: skip
    answer["Cache-Control"] = "no-store"
    return answer


def _fault_at(sent: _Sent, anchor: str) -> str:
    return next((fault.text for fault in sent.faults if fault.anchor == anchor), "")


_GROUPS: Final = [group.columns for group in GROUPS]
_GROUPED: Final = {name for group in _GROUPS for name in group}


def _head(facility: Facility) -> dict[str, Any]:
    name, spoken = facility.named(language())
    return {"facility": facility, "name": name, "name_language": spoken}


def _hidden(prefix: str, typed: Typed) -> list[tuple[str, str]]:
    return [
        (prefix + name, text) for name in corrections.FIELDS for text in _texts(typed.get(name, ""))
    ]


def _texts(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _check(request: HttpRequest, room: Room, record: Record, sent: _Sent) -> HttpResponse:
    proposal = sent.proposal
    context = {
        **_head(facility_of(record)),
        "changes": [
            {
                "label": room.register.column(name).label.in_(language()),
                "before": said(room, name, proposal.before[name]),
                "after": said(room, name, value),
            }
            for name, value in proposal.values.items()
        ],
        "comment": proposal.comment,
        "seen": words.day_text(proposal.seen_on),
        "hidden": [
            *_hidden(PREFIX, sent.typed),
            *_hidden(_SHOWN, sent.shown),
            ("comment", sent.comment),
            ("seen_on", sent.seen),
        ],
    }
    answer = render(request, "portal/facilities/check.html", context)
    answer["Cache-Control"] = "no-store"
    return answer


def said(room: Room, name: str, value: Any) -> str:
    """Return a value of a field in words."""
    column = room.register.column(name)
    if value is None:
        return _("None of these") if column.kind == "choices" else words.unknown()
    return words.said(column, value)


@require_safe
@facilities
async def track(request: HttpRequest, room: Room, token: str) -> HttpResponse:
    """What became of a correction, for whoever has its address."""
    return await _tracked(request, room, token)


async def _tracked(
    request: HttpRequest, room: Room, token: str, fault: str = "", status: int = 200
) -> HttpResponse:
    correction, shown = await _own(room, token)
    record = await room.registers.one(room.visitor, REGISTER, correction.entity_id)
    context = {
        **_head(facility_of(record)),
        "correction": correction,
        "items": [
            {
                "label": room.register.column(i.field).label.in_(language()) if i.field else "",
                "proposed": said(room, i.field, i.proposed) if i.field else "",
                "state": i.state,
                "reason": i.reason,
            }
            for i in correction.items
        ],
        "photos": shown,
        "may_add": correction.open and len(shown) < photos.MOST_SENT,
        "most": photos.MOST_SENT,
        "accept": IMAGE.accept,
        "megabytes": IMAGE.limit // 1024 // 1024,
        "send": reverse("facility-correction-photo", kwargs={"token": token}),
        "fault": fault,
        "sent": "sent" in request.GET,
    }
    answer = render(request, "portal/facilities/track.html", context, status=status)
    # The address of the page is a secret: nobody keeps it.
    answer["Cache-Control"] = "no-store"
    return answer


async def _own(room: Room, token: str) -> tuple[Correction, list[photos.Photo]]:
    async with single(room.broker.pool) as connection:
        correction = await corrections.by_token(connection, room.tenant, token)
        if correction is None:
            raise Http404("no such correction")
        shown = await photos.listed(connection, room.tenant, correction=correction.id)
    return correction, shown


@require_POST
@facilities
async def add_photo(request: HttpRequest, room: Room, token: str) -> HttpResponse:
    """Take a photo that goes with a correction; it waits until somebody has looked at it."""
    correction, _shown = await _own(room, token)
    try:
        room.broker.limits.check_sign_in(request.scope)  # type: ignore[attr-defined]
    except TooManyRequests as problem:
        return too_many(request, problem)
    file = request.FILES.get("photo")
    if not isinstance(file, UploadedFile):
        return await _tracked(request, room, token, _("Choose a photo first."), 422)
    try:
        picture = await photos.clean(cast(BinaryIO, file), file.name or "")
        async with transaction(room.broker.pool) as connection:
            if correction.open:
                await photos.add(
                    connection, room.tenant, correction.entity_id, picture,
                    by=ANONYMOUS.subject, correction=correction.id,
                    alt=_alt(request.POST.get("alt", "").strip()),
                )  # fmt: skip
    except UploadRefused as refused:
        return await _tracked(request, room, token, refused.text(language()), refused.status)
    except TooManyPhotos:
        text = _("There are as many photos already as there may be.")
        return await _tracked(request, room, token, text, 409)
    return HttpResponseRedirect(reverse("facility-correction", kwargs={"token": token}))


def _alt(text: str) -> tuple[str, str]:
    """Return what a photo shows, Japanese and English, as far as its sender said it."""
    return ("", text) if language() == "en" else (text, "")
