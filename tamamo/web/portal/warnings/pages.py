"""The list of a town's warnings, and one warning with all its messages."""

from typing import Final
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tamamo.context.broker import Broker
from tamamo.kernel.database import transaction
from tamamo.publishing.warnings import Warnings, store
from tamamo.web.portal.warnings.banner import broker_of
from tamamo.web.portal.warnings.shown import shown_all
from tamamo.web.towns import town_of

#: Warnings of the past on the list.
_PAST: Final = 30


@require_safe
async def index(request: HttpRequest) -> HttpResponse:
    """What holds, what will, and what was."""
    broker = _broker(request)
    tenant = town_of(request).name
    async with transaction(broker.pool) as connection:
        office = await Warnings(broker).office(connection, tenant)
        found = await store.messages(connection, tenant, newest=True, limit=_PAST)
        now = broker.towns.clock(tenant)
    known = shown_all(found, office, now)
    going = [one for one in known if one.standing in ("in_force", "coming")]
    over = [one for one in known if one not in going]
    return render(request, "portal/warnings/index.html", {"going": going, "over": over})


@require_safe
async def one(request: HttpRequest, warning: UUID) -> HttpResponse:
    """A warning: what holds now, and every message there was."""
    broker = _broker(request)
    tenant = town_of(request).name
    async with transaction(broker.pool) as connection:
        found = await store.messages(connection, tenant, warning=warning)
        if not found:
            raise Http404(str(warning))
        office = await Warnings(broker).office(connection, tenant)
    line = shown_all(found, office, broker.towns.clock(tenant))
    return render(request, "portal/warnings/one.html", {"shown": line[0], "line": line})


def _broker(request: HttpRequest) -> Broker:
    broker = broker_of(request)
    if broker is None:
        raise Http404
    return broker
