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
from tamamo.kernel.database import Pool, transaction
from tamamo.kernel.errors import Unavailable
from tamamo.publishing.warnings import NoSuchWarning, Office, Warnings, in_force
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
    held = await in_force(broker.pool, tenant, now)
    if not held:
        return []
    try:
        office = await office_of(broker, tenant)
    except (Unavailable, NoSuchWarning):
        return []
    return shown_all(held, office, now)


async def office_of(broker: Broker, tenant: str) -> Office:
    """Return who speaks in a town."""
    pool: Pool = broker.pool
    async with transaction(pool) as connection:
        return await Warnings(broker).office(connection, tenant)


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
