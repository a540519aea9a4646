"""What the pages of warnings share: the engine, who may do what, errors in words."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from tamamo.kernel.database import single
from tamamo.publishing.warnings import (
    Fault,
    InvalidDocument,
    InvalidWarning,
    NoSuchWarning,
    WarningConflict,
    Warnings,
    hurdles,
    may_approve,
    may_write,
    store,
)
from tamamo.publishing.warnings.model import State
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.entry import staff
from tamamo.web.staff.frame import Step, show

View = Callable[..., Coroutine[Any, Any, HttpResponseBase]]


def engine(desk: Desk) -> Warnings:
    """Return the engine."""
    return Warnings(desk.broker)


def writes(desk: Desk) -> bool:
    """Whether the person at a desk may write warnings here."""
    return may_write(desk.actor, desk.tenant)


def approves(desk: Desk) -> bool:
    """Whether the person at a desk may approve warnings here."""
    return may_approve(desk.actor, desk.tenant)


def warnings_desk(view: View) -> View:
    """Open a view to the town's staff, with what the engine refuses said on a page."""

    @staff
    @wraps(view)
    async def inside(request: HttpRequest, desk: Desk, **named: Any) -> HttpResponseBase:
        async with single(desk.broker.pool) as connection:
            # Of other departments than those that warn, roles do not count on these pages.
            actor = await hurdles.here(connection, desk.actor, desk.tenant)
        try:
            return await view(request, replace(desk, actor=actor), **named)
        except NoSuchWarning as unknown:
            raise Http404(str(unknown)) from unknown
        except WarningConflict as conflict:
            return await refused(request, desk, conflict)
        except InvalidWarning as problem:
            return invalid(request, desk, problem)
        except InvalidDocument as problem:
            return not_cap(request, desk, problem)

    return inside


def trail(desk: Desk, *steps: Step) -> list[Step]:
    """Return the way to a page."""
    return [
        Step(_("Home"), desk.url("town")),
        Step(_("Warnings"), desk.url("warnings") if steps else ""),
        *steps,
    ]


async def names(desk: Desk, *subjects: str | None) -> dict[str, str]:
    """Return subject → what people call them."""
    async with single(desk.broker.pool) as connection:
        found = await store.names(connection, subjects)
    return {one: found.get(one) or one for one in subjects if one}


def state_word(state: State) -> str:
    """Return the word for where a draft stands."""
    return {
        "draft": _("Draft"),
        "submitted": _("Waiting for approval"),
        "approved": _("Approved, not yet public"),
        "published": _("Published"),
        "discarded": _("Put aside"),
    }[state]


def purpose_word(purpose: str) -> str:
    """Return the word for what a draft is to do."""
    return {
        "alert": _("New warning"),
        "update": _("Correction"),
        "cancel": _("Withdrawal"),
    }[purpose]


async def refused(request: HttpRequest, desk: Desk, conflict: WarningConflict) -> HttpResponse:
    """Answer 409: what somebody else did meanwhile, or why it cannot be."""
    by = str(conflict.extra.get("by") or "")
    who = (await names(desk, by)).get(by, "") if by else ""
    text, detail = _why(conflict, who or _("somebody"))
    links = [{"url": desk.url("warnings"), "text": _("To the warnings")}]
    draft = request.resolver_match and request.resolver_match.kwargs.get("draft")
    other = conflict.extra.get("draft") or draft
    if other:
        url = desk.url("warning-draft", draft=other)
        links.insert(0, {"url": url, "text": _("See how it stands now")})
    context = {"heading": text, "text": detail, "links": links}
    return show(request, desk, "staff/refused.html", context, status=409)


def _why(conflict: WarningConflict, who: str) -> tuple[str, str]:
    nothing = _("Nothing was changed by you.")
    if conflict.why == "changed":
        return _("%(who)s changed the text meanwhile") % {"who": who}, nothing + " " + _(
            "What you saw is not what stands there now: look at it again first."
        )
    if conflict.why == "state":
        state = state_word(conflict.extra["state"])
        text = _("%(who)s was quicker: it stands at “%(state)s” now")
        return text % {"who": who, "state": state}, nothing
    return {
        "own_text": (
            _("You do not approve what you wrote"),
            _("You had a hand in this text. Another approver of your town has to read it."),
        ),
        "lapsed": (
            _("The approval does not count any more"),
            _(
                "%(who)s, who approved it, has left or is no approver any more. Another approver "
                "of your town has to approve it, then it can be published."
            )
            % {"who": who},
        ),
        "open": (
            _("Another message of this warning is being written"),
            _("Finish that one, or put it aside."),
        ),
        "superseded": (
            _("A newer message of this warning was published"),
            _("Begin again from the newest one. ") + nothing,
        ),
        "ended": (_("This warning is over"), _("It has ended or was lifted. ") + nothing),
    }[conflict.why]


def invalid(request: HttpRequest, desk: Desk, problem: InvalidWarning) -> HttpResponse:
    """Answer 422: the text was good when it was written, and is not any more."""
    said = " ".join(fault_text(fault) for fault in problem.faults)
    context = {
        "heading": _("This text cannot be published as it is"),
        "text": said,
        "detail": _("Edit it, then send it for approval again. Nothing was published."),
        "links": [{"url": desk.url("warnings"), "text": _("To the warnings")}],
    }
    return show(request, desk, "staff/refused.html", context, status=422)


def not_cap(request: HttpRequest, desk: Desk, problem: InvalidDocument) -> HttpResponse:
    """Answer 422: other systems could not read the document."""
    context = {
        "heading": _("Nothing was published"),
        "text": _("The document for other systems (CAP 1.2) would not be valid."),
        "detail": problem.detail,
        "links": [{"url": desk.url("warnings"), "text": _("To the warnings")}],
    }
    return show(request, desk, "staff/refused.html", context, status=422)


def fault_text(fault: Fault) -> str:
    """Return what is wrong with a field, in words."""
    return {
        "missing": _("Please fill this in."),
        "long": _("At most %(n)s characters.") % {"n": fault.limit},
        "unreadable": _("There is a character that cannot be shown."),
        "choice": _("Please choose one of the offered values."),
        "past": _("This time is over, or too near: at least five minutes from now."),
        "order": _("The end comes before the beginning."),
        "far": _("At most %(n)s days from now.") % {"n": fault.limit},
        "time": _("This is no time. Example: 2026-11-23 15:00"),
        "polygon": _("One polygon a line: latitude,longitude and so on, at least three corners."),
        "points": _("At most %(n)s corners in all.") % {"n": fault.limit},
        "gap": _("Fill in what stands in braces, such as {value}; {area} and {town} may stay."),
    }.get(fault.code, fault.code)
