"""Who comes in here, and what the pages share."""

import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import wraps
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tamamo.calling import may_read, may_write, store
from tamamo.calling.contact import Contact
from tamamo.calling.errors import NotThere
from tamamo.kernel.database import Connection
from tamamo.kernel.errors import Forbidden
from tamamo.messaging import Channel
from tamamo.messaging.senders import channels
from tamamo.web.staff.cells import language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.done import Done
from tamamo.web.staff.entry import View, staff
from tamamo.web.staff.forms import Fault, FormField, Option
from tamamo.web.staff.frame import Step, show

Page = Callable[..., Coroutine[Any, Any, HttpResponse]]

#: Seconds within which the same person reading the same things again is one reading: a page that
#: renews itself is not read anew each time.
_AGAIN: Final = 600.0
_seen: dict[tuple[str, str, str], float] = {}
_MOST_SEEN: Final = 10_000


def room(view: Page) -> View:
    """Open a page to those who may see a town's contacts: for others there is none."""

    @staff
    @wraps(view)
    async def inside(request: HttpRequest, desk: Desk, **named: Any) -> HttpResponse:
        if not may_read(desk.visitor.access):
            raise Http404("calling")
        try:
            return await view(request, desk, **{k: str(v) for k, v in named.items()})
        except NotThere as unknown:
            raise Http404(str(unknown)) from unknown

    return inside


def may_change(desk: Desk) -> bool:
    """Whether somebody may change things here and act."""
    return may_write(desk.visitor.access)


def require_change(desk: Desk) -> None:
    """Raise Forbidden unless somebody may change things here."""
    if not may_change(desk):
        raise Forbidden("This needs a role that writes contacts")


async def note_read(
    connection: Connection, desk: Desk, people: Iterable[Contact], purpose: str
) -> None:
    """Note whom somebody is shown, once in a while for each."""
    now = time.monotonic()
    if len(_seen) > _MOST_SEEN:
        _seen.clear()
    news = [
        one
        for one in people
        if now - _seen.get((desk.actor.subject, desk.tenant, one.id), -_AGAIN) >= _AGAIN
    ]
    await store.note_read(connection, desk.tenant, desk.actor.subject, news, purpose)
    for one in news:
        _seen[desk.actor.subject, desk.tenant, one.id] = now


def trail(desk: Desk, *more: Step | str) -> list[Step]:
    """Return the way to a page below that of the calls."""
    steps = [one if isinstance(one, Step) else Step(one) for one in more]
    return [Step(_("Calls"), desk.url("calls")), *steps]


def tabs(desk: Desk, current: str) -> list[dict[str, Any]]:
    """Return the pages of this room."""
    pages = (
        ("calls", _("Calls")),
        ("contacts", _("Contacts")),
        ("trees", _("Contact trees")),
        ("rosters", _("Duty rosters")),
    )
    return [
        {"url": desk.url(name), "text": text, "current": name == current} for name, text in pages
    ]


def shown(
    request: HttpRequest,
    desk: Desk,
    template: str,
    context: dict[str, Any],
    status: int = 200,
) -> HttpResponse:
    """Return a page of this room."""
    context = {"may_change": may_change(desk), "done": done(request), **context}
    return show(request, desk, f"staff/calling/{template}", context, status)


def done(request: HttpRequest) -> Done | None:
    """Return what the last step did, by the word it left in the address."""
    texts = {
        "saved": _("Saved."),
        "deleted": _("Deleted."),
        "swapped": _("The swap is in the roster."),
        "unswapped": _("The swap is taken back."),
        "taken": _("You have taken the call. Nobody else is called."),
        "stopped": _("The call is stopped."),
        "browser": _("This device gets notifications now."),
    }
    text = texts.get(request.GET.get("done", ""))
    return None if text is None else Done("success", text)


def forth(url: str, word: str = "") -> HttpResponse:
    """Go to a page after an act (303)."""
    answer = HttpResponseRedirect(f"{url}?done={word}" if word else url)
    answer.status_code = 303
    return answer


def faults(fields: Iterable[FormField]) -> list[Fault]:
    """Return the lines of the error summary."""
    return [Fault(one.label, one.error, f"f-{one.name}") for one in fields if one.error]


def options(pairs: Iterable[tuple[str, str]], chosen: str | Sequence[str]) -> tuple[Option, ...]:
    """Return the choices of a field."""
    wanted = {chosen} if isinstance(chosen, str) else set(chosen)
    return tuple(Option(value, label, value in wanted) for value, label in pairs)


def channel_name(channel: str) -> str:
    """Return what a channel is called."""
    return {
        Channel.MAIL: pgettext("channel", "Mail"),
        Channel.WEBHOOK: pgettext("channel", "Webhook"),
        Channel.WEBPUSH: pgettext("channel", "Notification on a device"),
        Channel.LINE: pgettext("channel", "LINE"),
        Channel.SMS: pgettext("channel", "SMS"),
    }[Channel(channel)]


def connected(desk: Desk) -> list[dict[str, Any]]:
    """Return each channel and whether anything can be sent by it."""
    known = channels(desk.broker.settings)
    return [{"name": channel_name(one), "connected": is_there} for one, is_there in known.items()]


def refusal(request: HttpRequest, desk: Desk, text: str, back: str) -> HttpResponse:
    """Answer 409 with what stands against an act."""
    context = {
        "heading": _("This cannot be done now"),
        "text": text,
        "links": [{"url": back, "text": _("Back")}],
    }
    return show(request, desk, "staff/refused.html", context, 409)


def confirm(
    request: HttpRequest, desk: Desk, heading: str, consequence: str, *, button: str, back: str
) -> HttpResponse:
    """Return the page that names what will happen; its button sends a POST to it."""
    context = {
        "heading": heading,
        "consequence": consequence,
        "button": button,
        "back": back,
        "trail": trail(desk, heading),
    }
    return show(request, desk, "staff/confirm.html", context)


__all__ = ["language"]
