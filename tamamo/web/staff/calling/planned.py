"""Who would be called now: a tree walked through without calling anybody."""

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tamamo.calling.contact import Contact
from tamamo.calling.engine import step_people
from tamamo.calling.tree import Position, Tree, move
from tamamo.kernel.database import Connection
from tamamo.messaging import Channel, push
from tamamo.messaging.senders import channels
from tamamo.web.staff.calling.room import channel_name
from tamamo.web.staff.desk import Desk


async def planned(
    connection: Connection, desk: Desk, tree: Tree, now: datetime
) -> list[dict[str, Any]]:
    """Return the calls of a tree's first round if it began now: when, who, by what, what is wrong.

    Whoever comes on duty later is counted when their step would be.
    """
    known = channels(desk.broker.settings)
    found: list[dict[str, Any]] = []
    position, moment = Position(), now
    while tree.steps and position.round == 0:
        people = await step_people(connection, desk.tenant, tree.steps[position.step], moment)
        done = move(tree, position, tuple(one.id for one in people), moment)
        minutes = int((moment - now) / timedelta(minutes=1))
        called = [one for one in people if one.id in done.people]
        found.append(
            {
                "step": position.step + 1,
                "when": _("at once")
                if not minutes
                else ngettext("after %(n)s minute", "after %(n)s minutes", minutes)
                % {"n": minutes},
                "people": [await _one(connection, desk, one, known) for one in called],
                "nobody": not called,
            }
        )
        position, moment = done.then, done.next_at
    return found


async def _one(
    connection: Connection, desk: Desk, one: Contact, known: dict[Channel, bool]
) -> dict[str, Any]:
    used = [address.channel for address in one.addresses]
    if await push.of(connection, desk.tenant, one.push_owner):
        used.append(Channel.WEBPUSH)
    return {
        "name": one.name,
        "organisation": one.organisation,
        "url": desk.url("contact", contact=one.id),
        "channels": [
            {"name": channel_name(channel), "connected": known[channel]}
            for channel in dict.fromkeys(used)
        ],
        "unreachable": not any(known[channel] for channel in used),
    }
