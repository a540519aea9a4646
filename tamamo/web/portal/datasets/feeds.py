"""RSS of what was published, taken back and withdrawn; sitemap.xml and robots.txt."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tamamo.publishing.datasets import Change
from tamamo.web.portal.datasets.entry import Reading, reading_of, reads
from tamamo.web.portal.rss import Item, feed

_MOST: Final = 100
#: Two addresses each; a sitemap has 50,000 at most (sitemaps.org).
_DATASETS: Final = 20_000
_PAGES: Final = ("", "data/", "data/api/", "warnings/")


@reads
async def rss(request: HttpRequest, reading: Reading) -> HttpResponse:
    """RSS 2.0: one item for each time a dataset was published, taken back or withdrawn."""
    language = get_language() or "ja"
    town = reading.place.title.in_(language)
    title = _("%(town)s: open data") % {"town": town}
    found = await reading.engine.changes(reading.town, _MOST)
    root = reading.place.root + ("" if language == "ja" else f"/{language}")
    entries = [_item(one, root, language) for one in found]
    address, page = f"{root}/data/feed.rss", f"{root}/data/"
    return feed(reading.broker, reading.town, title, entries, address=address, page=page)


def _item(change: Change, root: str, language: str) -> Item:
    said = {
        "published": _("Published: %(title)s"),
        "rolled_back": _("An earlier version is public again: %(title)s"),
        "unpublished": _("Withdrawn: %(title)s"),
    }[change.kind]
    return Item(
        said % {"title": change.title.in_(language)},
        f"{root}/data/{change.dataset}/",
        f"{root}/data/{change.dataset}/#{change.kind}-{change.at.isoformat()}",
        change.at,
        change.note,
    )


@reads
async def sitemap(request: HttpRequest, reading: Reading) -> HttpResponse:
    """Every public page about data, in both languages."""
    root = reading.place.root
    known = await reading.engine.ids(None, reading.town)
    pages: list[tuple[str, str]] = [(path, "") for path in _PAGES]
    pages += [(f"data/{name}/", changed.date().isoformat()) for name, changed in known[:_DATASETS]]
    context = {"pages": [(f"{root}/{path}", f"{root}/en/{path}", day) for path, day in pages]}
    body = render(request, "portal/datasets/sitemap.xml", context)
    body["Content-Type"] = "application/xml; charset=utf-8"
    body["Cache-Control"] = "public, max-age=3600"
    return body


@require_safe
async def robots(request: HttpRequest) -> HttpResponse:
    """Where programs that read everything may not go, and where the sitemap is."""
    address = reading_of(request).place.root + reverse("sitemap")
    inner = "\n".join(f"Disallow: /{face}/" for face in ("staff", "console", "account", "wall"))
    text = f"User-agent: *\n{inner}\n\nSitemap: {address}\n"
    return HttpResponse(text, content_type="text/plain; charset=utf-8")
