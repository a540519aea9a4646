"""RSS 2.0, Atom (RFC 4287) and CAP 1.2: what other systems and readers follow.

Documents are what was validated when it was published; nothing is made anew.
"""

from email.utils import format_datetime
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tamamo.kernel import drills, time
from tamamo.kernel.database import transaction
from tamamo.kernel.settings import installation_url
from tamamo.publishing.warnings import NoSuchWarning, Published, Warnings, store
from tamamo.web.portal.warnings.pages import _broker
from tamamo.web.portal.warnings.shown import Shown, page_language, shown, title_of
from tamamo.web.towns import town_of

_MOST: Final = 100
#: Seconds for which readers may keep a feed; a document never changes.
_FRESH: Final = 10
_DAY: Final = 86_400


@require_safe
async def rss(request: HttpRequest) -> HttpResponse:
    """RSS 2.0: one item a message."""
    return await _feed(request, "rss.xml", "application/rss+xml", "warnings-rss")


@require_safe
async def atom(request: HttpRequest) -> HttpResponse:
    """Atom: one entry a message, leading to the page."""
    return await _feed(request, "atom.xml", "application/atom+xml", "warnings-atom")


@require_safe
async def cap_index(request: HttpRequest) -> HttpResponse:
    """Atom: one entry a message, leading to its CAP document."""
    return await _feed(request, "cap.xml", "application/atom+xml", "cap")


@require_safe
async def cap_document(request: HttpRequest, message: UUID) -> HttpResponse:
    """A message's CAP document, as it was validated and published."""
    broker, tenant = _broker(request), town_of(request).name
    async with transaction(broker.pool) as connection:
        try:
            text, sent = await store.document(connection, tenant, message)
        except NoSuchWarning as unknown:
            raise Http404(str(message)) from unknown
    answer = HttpResponse(text, content_type="application/cap+xml; charset=utf-8")
    answer["Last-Modified"] = format_datetime(sent, usegmt=True)
    answer["Cache-Control"] = f"public, max-age={_DAY}"
    return answer


async def _feed(request: HttpRequest, template: str, media: str, name: str) -> HttpResponse:
    broker, tenant = _broker(request), town_of(request).name
    root = installation_url(broker.settings)
    async with transaction(broker.pool) as connection:
        office = await Warnings(broker).office(connection, tenant)
        found = await store.messages(connection, tenant, limit=_MOST)
    now = broker.towns.clock(tenant)
    language, drill = page_language(), broker.towns.drill(tenant)
    title = _("%(town)s: warnings") % {"town": office.title.get(language)}
    context = {
        "language": language,
        "title": drills.mark(title, language) if drill is not None else title,
        "self": root + reverse(name),
        "page": root + reverse("warnings"),
        "issuer": office.title.get(language),
        "updated": time.to_text(max((one.sent for one in found), default=time.EARLIEST)),
        "entries": [_entry(root, one, shown(one, office, now), drill is not None)
                    for one in found],
    }  # fmt: skip
    answer = HttpResponse(
        render_to_string(f"portal/warnings/{template}", context),
        content_type=f"{media}; charset=utf-8",
    )
    answer["Cache-Control"] = f"public, max-age={_FRESH}"
    return answer


def _entry(root: str, message: Published, one: Shown, drill: bool) -> dict[str, Any]:
    title = title_of(one)
    return {
        "id": message.identifier,
        "title": drills.mark(title, page_language()) if drill else title,
        "summary": "\n".join((one.description, one.instruction)),
        "level": one.level,
        "event": one.event,
        "status": message.status,
        "updated": time.to_text(message.sent),
        "date": format_datetime(message.sent),
        "page": root + reverse("warning", kwargs={"warning": message.warning}),
        "cap": root + reverse("cap-document", kwargs={"message": message.id}),
    }
