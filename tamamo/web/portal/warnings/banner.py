"""The warnings in force, first thing on every page of the portal."""

import re
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.decorators import async_only_middleware
from django.views.decorators.http import require_safe

from tamamo.context.broker import Broker
from tamamo.publishing.warnings import Office
from tamamo.publishing.warnings.board import posted
from tamamo.web.portal.warnings.shown import Shown, page_language, shown_all
from tamamo.web.towns import town_of

Handler = Callable[[HttpRequest], Awaitable[HttpResponseBase]]
#: Pages that are not the residents'.
_INNER: Final = re.compile(
    r"/(?:en/)?(?:staff|console|wall|oauth|push)(?:/|$)|.*\.(?:js|json|csv)$"
)


@async_only_middleware
def warnings_in_force(get_response: Handler) -> Handler:
    """Middleware: `request.warnings`, what the town's banner shows; () on pages without one."""

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        inner = _INNER.match(request.path_info) is not None
        request.warnings = () if inner else await shown_now(request)  # type: ignore[attr-defined]
        return await get_response(request)

    return middleware


async def shown_now(request: HttpRequest) -> list[Shown]:
    """Return what holds in the town a page is about, the highest level first."""
    broker = broker_of(request)
    if broker is None:
        return []
    tenant = town_of(request).name
    now = broker.towns.clock(tenant)
    held, setup = await posted(broker.pool, tenant, now)
    town = broker.towns.get(tenant)
    if not held or setup is None or town is None:
        return []
    # From memory: a page of a stormy night costs the database no more than one of any other.
    return shown_all(held, Office(town, setup, "", drill=broker.towns.drill(tenant)), now)


def broker_of(request: HttpRequest) -> Broker | None:
    """Return the open broker of this process; None where there is none (tests of pages)."""
    scope = getattr(request, "scope", {})
    broker: Broker | None = (scope.get("state") or {}).get("broker")
    return broker


@require_safe
async def fragment(request: HttpRequest) -> HttpResponseBase:
    """The banner alone, for the page that is already open; 304 where nothing has changed."""
    found = await shown_now(request)
    # The time until it ends is not part of the key: an ended one is simply not there.
    text = page_language() + " ".join(f"{one.key}{one.headline}" for one in found)
    tag = f'"{sha256(text.encode()).hexdigest()[:16]}"'
    known = request.headers.get("If-None-Match", "").removeprefix("W/")
    answer: HttpResponse
    if known == tag:
        answer = HttpResponseNotModified()
    else:
        answer = render(request, "portal/warnings/banner.html", {"warnings": found})
    answer["ETag"] = tag
    answer["Cache-Control"] = "no-cache"
    return answer
