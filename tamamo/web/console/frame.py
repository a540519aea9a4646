"""The frame of the console's pages: menu, towns, what the last step did, confirming."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from tamamo.web.console.viewer import Viewer, broker_of

#: (heading, ((URL name, text, only for who sees the whole installation), …))
MENU: tuple[tuple[Promise, tuple[tuple[str, Promise, bool], ...]], ...] = (
    (
        gettext_lazy("Data"),
        (
            ("feeds", gettext_lazy("Feeds"), False),
            ("devices", gettext_lazy("Devices"), False),
            ("notifications", gettext_lazy("Notifications"), False),
            ("jobs", gettext_lazy("Jobs"), False),
        ),
    ),
    (
        gettext_lazy("People and towns"),
        (
            ("tenants", gettext_lazy("Tenants and quotas"), False),
            ("users", gettext_lazy("Users and roles"), False),
            ("keys", gettext_lazy("Tokens and keys"), False),
            ("agreements", gettext_lazy("Agreements"), False),
        ),
    ),
    (
        gettext_lazy("Installation"),
        (
            ("audit", gettext_lazy("Audit log"), False),
            ("backup", gettext_lazy("Backup"), True),
            ("database", gettext_lazy("Database"), True),
            ("system", gettext_lazy("Processes"), True),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One link of the menu."""

    text: Promise
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """One town of the selector; name "" stands for all that are seen."""

    name: str
    title: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class Done:
    """What the last step did. undo: where the undo button sends its form."""

    text: str
    kind: str = "success"
    undo: str = ""


def show(
    request: HttpRequest,
    viewer: Viewer | None,
    template: str,
    context: dict[str, Any],
    status: int = 200,
) -> HttpResponse:
    """Return a page of the console; viewer None: somebody who has nothing to see here."""
    frame: dict[str, Any] = {
        "viewer": viewer,
        "sign_out": reverse("account_logout"),
        "texts": browser_texts(),
    }
    if viewer is not None:
        frame |= {
            "sections": sections(request, viewer),
            "choices": choices(request, viewer),
            "titles": titles(request, viewer),
            "many": len(viewer.towns) > 1 and viewer.town is None,
            "town_query": f"?{urlencode({'town': viewer.town})}" if viewer.town else "",
        }
    return render(request, template, frame | context, status=status)


def browser_texts() -> dict[str, str]:
    """Return the texts the console's script shows; {time} is filled in by it."""
    return {
        "language": get_language() or "ja",
        "justNow": _("just now"),
        "late": _("Late"),
        "live": _("Updating every 10 seconds"),
        "paused": _("Updates stopped (as of {time})"),
        "lost": _("Updates have stopped (as of {time}). Trying to reconnect."),
        "stop": _("Stop updates"),
        "resume": _("Resume updates"),
        "copied": _("Copied"),
    }


def sections(request: HttpRequest, viewer: Viewer) -> list[tuple[Promise, list[Entry]]]:
    """Return the menu as the viewer has it; a town that is chosen stays chosen."""
    query = f"?{urlencode({'town': viewer.town})}" if viewer.town else ""
    found = []
    for heading, entries in MENU:
        shown = []
        for name, text, whole in entries:
            if (whole and not viewer.whole) or (not viewer.looks and name != "agreements"):
                continue
            url = reverse(f"console:{name}")
            shown.append(Entry(text, url + query, request.path.startswith(url)))
        if shown:
            found.append((heading, shown))
    return found


def choices(request: HttpRequest, viewer: Viewer) -> list[Choice]:
    """Return the towns the page can be narrowed to; none where there is only one."""
    if len(viewer.towns) < 2:
        return []
    base = request.path if request.method == "GET" else reverse("console:overview")
    named = titles(request, viewer)
    found = [Choice("", _("All towns"), base, viewer.town is None)]
    for name in viewer.towns:
        query = urlencode({"town": name})
        found.append(Choice(name, named[name], f"{base}?{query}", name == viewer.town))
    return found


def language() -> str:
    """Return the page's language."""
    return get_language() or "ja"


def titles(request: HttpRequest, viewer: Viewer) -> dict[str, str]:
    """Return tenant → what the town is called in the page's language."""
    known = broker_of(request).towns
    found = {}
    for name in (*viewer.towns, *sorted(viewer.signs)):
        town = known.get(name)
        found[name] = town.title(language()) if town else name
    return found


def confirm(
    request: HttpRequest,
    viewer: Viewer,
    *,
    heading: str,
    consequence: str,
    button: str,
    back: str,
    facts: Sequence[tuple[str, Any]] = (),
    **more: Any,
) -> HttpResponse:
    """Return the page that names what will happen; its button sends a POST to the same address.

    more: for a template of its own (`template`), such as further fields.
    """
    status = more.pop("status", 200)
    template = more.pop("template", "console/confirm.html")
    context = {
        "heading": heading,
        "consequence": consequence,
        "button": button,
        "back": back,
        "facts": facts,
    }
    return show(request, viewer, template, context | more, status)


def forth(url: str, done: str = "", **values: Any) -> HttpResponse:
    """Go to a page after an act (303), which there is named by `done`."""
    query = urlencode({"done": done, **values}) if done else ""
    answer = HttpResponseRedirect(f"{url}?{query}" if query else url)
    answer.status_code = 303
    return answer
