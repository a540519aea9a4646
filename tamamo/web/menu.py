"""What every page's frame shows: the menu of what exists, the view in the other language."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse, translate_url
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy

#: URL name → its text. An entry whose URL does not exist is left out.
MENU: tuple[tuple[str, Promise], ...] = (
    ("home", gettext_lazy("Takamatsu now")),
    ("plan:index", gettext_lazy("The plan")),
    ("data", gettext_lazy("Data and API")),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One link of the menu."""

    url: str
    text: Promise
    current: bool


@dataclass(frozen=True, slots=True)
class Language:
    """One link of the language selector."""

    code: str
    name: str
    url: str
    current: bool


def menu(path: str) -> list[Entry]:
    """Return the entries that exist; the one the path stands under is current."""
    entries = []
    for name, text in MENU:
        try:
            url = reverse(name)
        except NoReverseMatch:
            continue
        current = path == url or (name != "home" and path.startswith(url))
        entries.append(Entry(url, text, current))
    return entries


def page(request: HttpRequest) -> dict[str, Any]:
    """Context processor: menu, languages, and the marks found by tamamo.web.marks."""
    path = request.get_full_path() if request.method == "GET" else request.path
    return {
        "menu": menu(request.path),
        "languages": [
            Language(code, name, translate_url(path, code), code == get_language())
            for code, name in settings.LANGUAGES
        ],
        "marks": getattr(request, "marks", None),
    }
