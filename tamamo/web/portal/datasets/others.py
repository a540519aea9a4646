"""Datasets of other catalogues that this town reads: found here, had there."""

from typing import Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tamamo.kernel.whole import whole
from tamamo.publishing.catalogue.harvest.service import Harvests
from tamamo.web.pager import pager
from tamamo.web.portal.datasets.entry import Reading, reads

SIZE: Final = 20
#: Pages beyond are not turned to one by one: a search finds what is there.
_LAST: Final = 500


@reads
async def others(request: HttpRequest, reading: Reading) -> HttpResponse:
    """What neighbours and authorities publish, by title: `?q=&page=`."""
    q = request.GET.get("q", "").strip()[:200]
    page = whole(request.GET.get("page", ""), least=1, most=_LAST)
    harvests = Harvests(reading.broker)
    sources = {one.id: one for one in await harvests.sources(reading.town)}
    found = await harvests.search(reading.town, q, start=(page - 1) * SIZE, rows=SIZE)

    def address(number: int) -> str:
        pairs = [("q", q), ("page", str(number) if number > 1 else "")]
        return f"?{urlencode([pair for pair in pairs if pair[1]])}"

    context = {
        "q": q,
        "sources": list(sources.values()),
        "total": found.total,
        "entries": [(sources[source], entry) for source, entry in found.entries],
        "pages": pager(page, min(_LAST, -(-found.total // SIZE)), address),
    }
    return render(request, "portal/datasets/others.html", context)
