"""The rain nowcast of the map: which pictures there are, and their tiles, from our own address."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tamamo.feeds.jma import nowcast_store
from tamamo.feeds.jma.nowcast_store import Stored
from tamamo.feeds.readers.nowcast import STEP, ZOOMS, Frame, Tile, from_stamp, stamp
from tamamo.kernel import time
from tamamo.kernel.database import transaction
from tamamo.web.portal import words
from tamamo.web.portal.exports import moment_text
from tamamo.web.towns import town_of

#: From then on the newest observed picture is not "now" any more.
OLD: Final = timedelta(minutes=20)
#: Where it is, the pictures are the simulator's; a town never has both.
_SIMULATED: Final = "urn:ngsi-ld:RainNowcast:sim"
#: A tile never changes: its address holds both moments. It is gone after two hours anyway.
_CACHE: Final = "public, max-age=7200, immutable"


@require_safe
async def pictures(request: HttpRequest) -> HttpResponse:
    """The pictures a town has: `state` current, old or none, `frames` by moment."""
    town, broker = town_of(request), request.scope["state"]["broker"]  # type: ignore[attr-defined]
    async with transaction(broker.pool) as connection:
        shown = await nowcast_store.stored(connection, town.name)
        zoom = await nowcast_store.zoom_of(connection, town.name)
    simulated = shown and await broker.entities.find(town.name, _SIMULATED) is not None
    answer = JsonResponse(_told(shown, zoom, time.now(), simulated=bool(simulated)))
    answer["Cache-Control"] = "no-store"
    return answer


def _told(
    shown: list[Stored], zoom: int | None, now: datetime, *, simulated: bool
) -> dict[str, Any]:
    newest = max((one.frame.valid_at for one in shown if one.frame.observed), default=None)
    if newest is None or zoom is None:
        return {"state": "none", "text": _("There is no rain nowcast now."), "frames": []}
    old = now - newest > OLD
    said = _("Updates have stopped: this is the rain as of {time}.") if old else ""
    said = said.format(time=words.day_and_time(newest))
    if simulated:
        said = f"{_('SIMULATED: these are not observations.')} {said}".strip()
    moments = [one.frame.valid_at for one in shown]
    step = min((b - a for a, b in pairwise(moments)), default=STEP)
    return {
        "state": "old" if old else "current",
        "simulated": simulated,
        "refresh": step.total_seconds(),
        "text": said,
        "zoom": zoom,
        "credit": _("Rain: simulated (Tamamo)")
        if simulated
        else _("Rain: Japan Meteorological Agency"),
        "newest": moment_text(newest),
        "frames": [_frame(one.frame, newest, simulated=simulated) for one in shown],
    }


def _frame(frame: Frame, newest: datetime, *, simulated: bool) -> dict[str, Any]:
    base, valid = stamp(frame.base_at), stamp(frame.valid_at)
    moment = words.day_and_time(frame.valid_at)
    ahead = int((frame.valid_at - newest) / timedelta(minutes=1))
    said = _("{time}, simulated") if simulated else _("{time}, observed")
    if not frame.observed:
        said = _("{time}, forecast ({minutes} minutes ahead)")
    label = said.format(time=moment, minutes=ahead)
    address = reverse("nowcast-tile", args=[base, valid, 0, 0, 0])
    return {
        "at": moment_text(frame.valid_at),
        "observed": frame.observed,
        "label": label,
        "tiles": address.removesuffix("0/0/0.png") + "{z}/{x}/{y}.png",
    }


@require_safe
async def tile(request: HttpRequest, base: str, valid: str, **place: int) -> HttpResponse:
    """One tile of one picture."""
    try:
        frame = Frame(from_stamp(valid), from_stamp(base))
    except ValueError:
        raise Http404("no such moment") from None
    wanted = Tile(**place)
    size = 2**wanted.z if wanted.z in ZOOMS else 0
    if wanted.x >= size or wanted.y >= size:
        raise Http404("no such tile")
    town, pool = town_of(request), request.scope["state"]["broker"].pool  # type: ignore[attr-defined]
    async with transaction(pool) as connection:
        body = await nowcast_store.tile(connection, town.name, frame, wanted)
    if body is None:
        raise Http404("this picture is not shown any more")
    answer = HttpResponse(body, content_type="image/png")
    answer["Cache-Control"] = _CACHE
    return answer
