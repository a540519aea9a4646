"""What browsers that take notifications ask for: the service worker, receipts, a new address.

All of it without a session: a receipt and an endpoint are known only to who was sent something.
"""

from typing import Any

import orjson
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from tamamo.context.broker import Broker
from tamamo.kernel.database import transaction
from tamamo.messaging import InvalidMessage, State, mark, push
from tamamo.web.assets import manifest

_LARGEST = 8192


@require_safe
async def worker(request: HttpRequest) -> HttpResponse:
    """Answer the service worker, at the root so that it is for the whole site."""
    name = manifest().get("push-worker.js")
    if name is None:
        raise Http404("not built")
    content = (settings.ASSET_ROOT / name).read_bytes()
    answer = HttpResponse(content, content_type="text/javascript; charset=utf-8")
    # Browsers look for a newer one now and then.
    answer["Cache-Control"] = "no-cache"
    return answer


@csrf_exempt
@require_POST
async def receipt(request: HttpRequest) -> HttpResponse:
    """Note that a browser has shown or opened a message. The answer tells nobody whether it did."""
    document = _document(request)
    tenant, _, number = str(document.get("receipt", "")).partition("/")
    state = {"delivered": State.DELIVERED, "read": State.READ}.get(str(document.get("state")))
    if state is not None and tenant and number:
        async with transaction(_broker(request).pool) as connection:
            await mark(connection, tenant, number, state)
    return HttpResponse(status=204)


@csrf_exempt
@require_POST
async def change(request: HttpRequest) -> HttpResponse:
    """Put a browser's new endpoint in the place of its old one, which only it knows."""
    document = _document(request)
    try:
        async with transaction(_broker(request).pool) as connection:
            await push.replace(
                connection,
                str(document.get("endpoint", "")),
                orjson.dumps(document.get("subscription")),
            )
    except InvalidMessage:
        return HttpResponse(status=422)
    return HttpResponse(status=204)


def _document(request: HttpRequest) -> dict[str, Any]:
    try:
        found = orjson.loads(request.body[:_LARGEST])
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _broker(request: HttpRequest) -> Broker:
    broker: Broker = request.scope["state"]["broker"]  # type: ignore[attr-defined]
    return broker
