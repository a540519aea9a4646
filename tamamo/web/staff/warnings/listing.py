"""All warnings of a town at the desk: what holds, what waits for whom, what was."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tamamo.kernel.database import transaction
from tamamo.publishing.warnings import Draft, Office, composing, hurdles, store, subscriptions
from tamamo.web.portal.warnings.shown import page_language, shown
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.frame import show
from tamamo.web.staff.warnings import room

_PAST: Final = 50


@require_safe
@room.warnings_desk
async def index(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show them."""
    engine = room.engine(desk)
    async with transaction(desk.broker.pool) as connection:
        office = await engine.office(connection, desk.tenant)
        drafts = await store.drafts(
            connection, desk.tenant, states=("draft", "submitted", "approved")
        )
        aside = await store.drafts(connection, desk.tenant, states=("discarded",), limit=10)
        published = await store.messages(connection, desk.tenant, newest=True, limit=_PAST)
        counts = await subscriptions.counts(connection, desk.tenant)
    now = engine.now(desk.tenant)
    known = await room.names(desk, *(one.changed_by for one in (*drafts, *aside)))
    listed = [
        {"one": shown(one, office, now), "url": desk.url("warning-line", warning=one.warning)}
        for one in published
    ]
    going = [row for row in listed if row["one"].standing in ("in_force", "coming")]  # type: ignore[attr-defined]
    waiting = [one for one in drafts if waits_for(desk, one)]
    context = {
        "trail": room.trail(desk),
        "may_write": room.writes(desk),
        "new": desk.url("warning-new"),
        "setup": desk.url("warning-setup"),
        "going": going,
        "waiting": [_draft(desk, one, office, known) for one in waiting],
        "drafts": [_draft(desk, one, office, known) for one in drafts if one not in waiting],
        "aside": [_draft(desk, one, office, known) for one in aside],
        "over": [row for row in listed if row not in going],
        "mail": counts.get("mail", 0),
        "push": counts.get("webpush", 0),
    }
    return show(request, desk, "staff/warnings/index.html", context)


def waits_for(desk: Desk, draft: Draft) -> bool:
    """Whether a draft waits for the person at a desk."""
    if draft.state == "submitted":
        return room.approves(desk) and desk.actor.subject not in draft.authors
    return draft.state == "approved" and room.writes(desk)


async def waiting_here(desk: Desk) -> list[tuple[str, datetime, str]]:
    """Return what waits for somebody, for the home page: text, since when, address."""
    if not room.writes(desk):
        return []
    async with transaction(desk.broker.pool) as connection:
        desk = replace(desk, actor=await hurdles.here(connection, desk.actor, desk.tenant))
        drafts = await store.drafts(connection, desk.tenant, states=("submitted", "approved"))
        waiting = [one for one in drafts if waits_for(desk, one)]
        if not waiting:
            return []
        office = await room.engine(desk).office(connection, desk.tenant)
    return [
        (
            f"{composing.resolved(one.content, office).headline.get(page_language())}"
            f" ({room.state_word(one.state)})",
            one.changed_at,
            desk.url("warning-draft", draft=one.id),
        )
        for one in waiting
    ]


def _draft(desk: Desk, draft: Draft, office: Office, known: dict[str, str]) -> dict[str, Any]:
    headline = composing.resolved(draft.content, office).headline.get(page_language())
    return {
        "url": desk.url("warning-draft", draft=draft.id),
        "headline": headline or _("(no headline)"),
        "level": draft.content.level,
        "purpose": room.purpose_word(draft.purpose),
        "state": room.state_word(draft.state),
        "who": known.get(draft.changed_by, draft.changed_by),
        "at": draft.changed_at,
        "returned": draft.returned_reason,
    }
