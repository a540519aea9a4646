"""The list of datasets: search, facets and order, all in the address."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tamamo.kernel.whole import whole
from tamamo.publishing.catalogue.figures import RULE
from tamamo.publishing.catalogue.forms import FORMS
from tamamo.publishing.catalogue.harvest.service import Harvests
from tamamo.publishing.datasets import Dataset, DatasetQuery, Facet, Found
from tamamo.web.pager import PageLink, pager
from tamamo.web.portal.datasets import figures
from tamamo.web.portal.datasets.entry import Reading, reads

SIZE: Final = 20
#: Parameter of the address → facet of the engine.
FACETS: Final[Mapping[str, str]] = {
    "organization": "organization",
    "theme": "groups",
    "format": "formats",
    "tag": "tags",
    "licence": "licence",
}
SORTS: Final = ("relevance", "-modified", "title", "-created")
#: Values of a facet that are offered; the others are found by searching.
_OFFERED: Final = 12


@dataclass(frozen=True, slots=True)
class View:
    """What an address asks for."""

    q: str = ""
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    overdue: bool = False
    live: bool = False
    sort: str = "relevance"
    page: int = 1

    def query(self) -> str:
        """Return it as the query of an address, with its question mark; "" for all there is."""
        pairs = [("q", self.q)] if self.q else []
        pairs += [(name, value) for name, values in self.chosen.items() for value in values]
        pairs += [("overdue", "1")] if self.overdue else []
        pairs += [("live", "1")] if self.live else []
        pairs += [("sort", self.sort)] if self.sort != "relevance" else []
        pairs += [("page", str(self.page))] if self.page > 1 else []
        return f"?{urlencode(pairs)}" if pairs else ""

    def toggled(self, name: str, value: str) -> "View":
        """Return the view with one more condition, or without it where it has it."""
        held = self.chosen.get(name, ())
        values = tuple(one for one in held if one != value) if value in held else (*held, value)
        return replace(self, chosen={**self.chosen, name: values}, page=1)

    @property
    def narrowed(self) -> bool:
        """Whether anything but the words is asked for."""
        return any(self.chosen.values()) or self.overdue or self.live


def parse(given: QueryDict) -> View:
    """Return what an address asks; what it asks and there is not is left out."""
    sort = given.get("sort", "relevance")
    return View(
        q=given.get("q", "").strip()[:200],
        chosen={name: tuple(dict.fromkeys(given.getlist(name)))[:5] for name in FACETS},
        overdue=given.get("overdue") == "1",
        live=given.get("live") == "1",
        sort=sort if sort in SORTS else "relevance",
        page=whole(given.get("page", ""), least=1),
    )


def asked(view: View) -> DatasetQuery:
    """Return the engine's query of a view."""
    held = {FACETS[name]: values or None for name, values in view.chosen.items()}
    return DatasetQuery(
        q=view.q,
        organization=held.get("organization"),
        group=held.get("groups"),
        format=held.get("formats"),
        tag=held.get("tags"),
        licence=held.get("licence"),
        kind="live" if view.live else None,
        overdue=True if view.overdue else None,
        sort=view.sort,
        start=(view.page - 1) * SIZE,
        rows=SIZE,
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a facet. url: of the list with it, or without it where it is chosen."""

    text: str
    count: int
    url: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Box:
    """A facet as the page shows it."""

    name: str
    title: str
    choices: Sequence[Choice]


@reads
async def index(request: HttpRequest, reading: Reading) -> HttpResponse:
    """The datasets of a town that match."""
    view = parse(request.GET)
    found, others, counted = await asyncio.gather(
        _found(reading, view), _others(reading, view), reading.engine.count(reading.town)
    )
    if found.total and not found.datasets:  # an old link to a page there is no more
        view = replace(view, page=-(-found.total // SIZE))
        found = await _found(reading, view)
    boxes = [box for box in (_box(name, view, found) for name in FACETS) if box.choices]
    pages = -(-found.total // SIZE)
    context = {
        "view": view,
        "found": found,
        "boxes": boxes,
        "chips": [choice for box in boxes for choice in box.choices if choice.chosen],
        "switches": _switches(view),
        "sorts": _sorts(view),
        "pages": _pages(view, pages),
        "others": others,
        "counted": counted,
        "recorded": figures.recorded(reading.town),
        "simulated": _all_simulated(found.datasets),
        "rule": RULE.in_(get_language() or "ja"),
        "catalog": f"{reading.place.root}/catalog",
        "api": f"{reading.place.root}/api/3/action/",
    }
    return render(request, "portal/datasets/index.html", context)


async def _found(reading: Reading, view: View) -> Found:
    return await reading.engine.search(None, reading.town, asked(view), tuple(FACETS.values()))


async def _others(reading: Reading, view: View) -> int:
    """Return how many datasets of other catalogues hold the words; 0 without words."""
    if not view.q:
        return 0
    return (await Harvests(reading.broker).search(reading.town, view.q, rows=1)).total


def _all_simulated(datasets: Sequence[Dataset]) -> bool:
    return bool(datasets) and all(one.metadata.simulated for one in datasets)


def _box(name: str, view: View, found: Found) -> Box:
    titles = {
        "organization": _("Department in charge"),
        "theme": _("Theme"),
        "format": _("Form of file"),
        "tag": _("Tag"),
        "licence": _("Licence"),
    }
    held = view.chosen.get(name, ())
    facets = [one for one in found.facets.get(FACETS[name], ()) if one.value != "csv-bom"]
    facets.sort(key=lambda one: (one.value not in held, -one.count))
    choices = [
        Choice(
            _words(name, one), one.count, view.toggled(name, one.value).query(), one.value in held
        )
        for one in facets[: _OFFERED + len(held)]
    ]
    return Box(name, titles[name], choices)


def _words(name: str, facet: Facet) -> str:
    if name == "format" and facet.value in FORMS:
        return FORMS[facet.value].name
    return facet.label.in_(get_language() or "ja") or facet.value


def _switches(view: View) -> list[tuple[str, str, bool]]:
    return [
        (_("Fed live"), replace(view, live=not view.live, page=1).query(), view.live),
        (_("Overdue"), replace(view, overdue=not view.overdue, page=1).query(), view.overdue),
    ]


def _sorts(view: View) -> list[tuple[str, str, bool]]:
    texts = {
        "relevance": _("Best match"),
        "-modified": _("Updated last"),
        "title": _("By title"),
        "-created": _("Newest"),
    }
    return [(name, texts[name], name == view.sort) for name in SORTS]


def _pages(view: View, pages: int) -> list[PageLink]:
    return pager(view.page, pages, lambda page: replace(view, page=page).query() or "?")
