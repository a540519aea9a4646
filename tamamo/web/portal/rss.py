"""RSS 2.0 of what a town tells: one frame for every feed, marked in a drill."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import get_language

from tamamo.context.broker import Broker
from tamamo.kernel import drills


@dataclass(frozen=True, slots=True)
class Item:
    """One item. id: another one when a reader should show it anew."""

    title: str
    page: str
    id: str
    at: datetime
    note: str = ""

    @property
    def date(self) -> str:
        """When, as RSS writes it (RFC 822)."""
        return format_datetime(self.at)


def feed(
    broker: Broker, town: str, title: str, entries: Sequence[Item], *, address: str, page: str
) -> HttpResponse:
    """Return a feed. address: its own; page: the page that shows the same to people."""
    language = get_language() or "ja"
    if broker.towns.drill(town) is not None:
        title = drills.mark(title, language)
    context = {"language": language, "title": title, "self": address, "page": page}
    body = render_to_string("portal/rss.xml", {**context, "entries": entries})
    answer = HttpResponse(body, content_type="application/rss+xml; charset=utf-8")
    answer["Cache-Control"] = "public, max-age=60"
    return answer
