"""What every page's frame shows: the menu of what exists, the view in the other language."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse, translate_url
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy

from tamamo.context.model.entity import DEFAULT_VOCABULARY
from tamamo.kernel.towns import DEFAULT, Town
from tamamo.web.towns import links, town_of

#: URL name → its text, {town} filled in. An entry whose URL does not exist is left out.
MENU: tuple[tuple[str, Promise], ...] = (
    ("home", gettext_lazy("%(town)s now")),
    ("warnings", gettext_lazy("Warnings")),
    ("facilities", gettext_lazy("Accessible places")),
    ("plan:index", gettext_lazy("The plan")),
    ("data", gettext_lazy("Open data")),
)
#: What is there for the installing town only.
_DEFAULT_ONLY = frozenset({"plan:index"})
#: What is there only where a town shows everybody entities of a type: URL name → the type.
_OF_TYPE = {"facilities": DEFAULT_VOCABULARY + "AccessibleFacility"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One link of the menu."""

    url: str
    text: str
    current: bool


@dataclass(frozen=True, slots=True)
class Language:
    """One link of the language selector."""

    code: str
    name: str
    url: str
    current: bool


def menu(path: str, town: Town) -> list[Entry]:
    """Return the entries a town has; the one the path stands under is current."""
    entries = []
    for name, text in MENU:
        if name in _DEFAULT_ONLY and town.name != DEFAULT:
            continue
        kind = _OF_TYPE.get(name)
        if kind and not (town.everything_public or kind in town.public_types):
            continue
        try:
            url = reverse(name)
        except NoReverseMatch:
            continue
        current = path == url or (name != "home" and path.startswith(url))
        entries.append(Entry(url, str(text) % {"town": local_title(town)}, current))
    return entries


def local_title(town: Town) -> str:
    """Return what a town is called, in the language of the page."""
    return town.title(get_language() or "ja")


def page(request: HttpRequest) -> dict[str, Any]:
    """Context processor: town, menu, languages, and the marks found by tamamo.web.marks."""
    path = request.get_full_path() if request.method == "GET" else request.path
    town = town_of(request)
    return {
        "town": town,
        "town_title": local_title(town),
        "all_towns": links(request),
        "menu": menu(request.path, town),
        "languages": [
            Language(code, name, _translated(request, path, code), code == get_language())
            for code, name in settings.LANGUAGES
        ],
        "marks": getattr(request, "marks", None),
        "warnings": getattr(request, "warnings", ()),
    }


def _translated(request: HttpRequest, path: str, code: str) -> str:
    """Return an address in another language; that of a town's page begins with the town."""
    root = request.META.get("SCRIPT_NAME", "")
    return translate_url(path.removeprefix(root), code) if root else translate_url(path, code)
