"""The frame of the staff pages: who is signed in, which town, the registers, signing out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tamamo.calling import may_read
from tamamo.kernel.identity import Access
from tamamo.kernel.towns import DEFAULT
from tamamo.web.staff.cells import language
from tamamo.web.staff.desk import Desk, Place
from tamamo.web.staff.facilities.rights import may_keep

#: Parts of this face beside the registers: URL name → text, in the order of the menu.
PARTS: Final[tuple[tuple[str, Promise], ...]] = (
    ("alerts", gettext_lazy("Alerts")),
    ("warnings", gettext_lazy("Warnings")),
    ("rules", gettext_lazy("Rules")),
    ("calls", gettext_lazy("Calls")),
    ("drills", gettext_lazy("Drills")),
    ("units", gettext_lazy("Portable units")),
    ("requests", gettext_lazy("Requests for data")),
    ("facilities", gettext_lazy("Facilities")),
    ("datasets", gettext_lazy("Datasets")),
    ("plan", gettext_lazy("Year of the plan")),
)

#: Of these, those that are there only for some: URL name → for whom.
CLOSED: Final[dict[str, Callable[[Access], bool]]] = {
    "calls": may_read,
    "facilities": may_keep,
    "plan": lambda access: access.tenant == DEFAULT,  # the plan is that of the installing town
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One link of the staff menu."""

    text: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around every staff page."""

    name: str
    sign_out: str
    department: str = ""
    town: Place | None = None
    towns: tuple[Place, ...] = ()
    menu: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the trail above a page; without an address the page itself."""

    text: str
    url: str = ""


def sign_out() -> str:
    """Return where the sign-out button sends its form."""
    return reverse("account_logout")


def frame(request: HttpRequest, desk: Desk) -> Frame:
    """Return the frame of a page on somebody's desk."""
    home = desk.url("town")
    entries = [Entry(_("Home"), home, request.path in (home, reverse("staff:home")))]
    for name, text in PARTS:
        if name in CLOSED and not CLOSED[name](desk.visitor.access):
            continue
        url = desk.url(name)
        entries.append(Entry(str(text), url, request.path.startswith(url)))
    for register in desk.visible:
        url = desk.url("register", register=register.id)
        title = register.title.in_(language())
        entries.append(Entry(title, url, request.path.startswith(url)))
    return Frame(
        desk.actor.name, sign_out(), desk.department, desk.town, desk.towns, tuple(entries)
    )


def show(
    request: HttpRequest, desk: Desk, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Return a staff page. It holds what only this person may see: no cache keeps it."""
    answer = render(request, template, {"frame": frame(request, desk), **context}, status=status)
    answer["Cache-Control"] = "no-store"
    return answer
