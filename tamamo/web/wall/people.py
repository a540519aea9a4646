"""What only staff of the town see on its wall: who is called; and for all, the data sources."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from django.http import HttpRequest

from tamamo.context.broker import Broker
from tamamo.feeds import counting
from tamamo.kernel.database import single, transaction
from tamamo.kernel.identity import STAFF, Actor
from tamamo.kernel.towns import Town
from tamamo.web.lately import Lately

if TYPE_CHECKING:
    from tamamo.calling import Reached

_shown: Final = Lately()


@dataclass(frozen=True, slots=True)
class Called:
    """Calls that go on. going: with names, for whoever may read them, else empty."""

    staff: bool
    may_read: bool
    count: int
    going: "tuple[object, ...]" = ()


async def called(request: HttpRequest, town: Town) -> Called:
    """Return who is called in a town, as far as the one who looks may know."""
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None or actor.user_id is None or not _is_staff(actor, town.name):
        return Called(staff=False, may_read=False, count=0)
    # Loaded for the first one who may see it: residents' pages need none of it.
    from tamamo import calling  # noqa: PLC0415

    broker = _broker(request)
    access = await broker.identity.access(actor, town.name)
    async with single(broker.pool) as connection:
        going = await calling.going_on(connection, town.name)
    if not calling.may_read(access):
        return Called(staff=True, may_read=False, count=len(going))
    await _note(broker, actor, town, {one.contact for call in going for one in call.people})
    shown = tuple(replace(call, people=newest_each(call.people)) for call in going)
    return Called(True, True, len(going), shown)


def newest_each(people: "Iterable[Reached]") -> "tuple[Reached, ...]":
    """Return each person once, with the newest round that called them.

    A tree that begins anew calls the same people again: on a wall they would stand there twice,
    and push out whoever was called last.
    """
    newest = {one.contact: one for one in sorted(people, key=lambda one: one.called_at)}
    return tuple(newest.values())


async def _note(broker: Broker, actor: Actor, town: Town, contacts: set[str]) -> None:
    """Note whom somebody is shown; a wall that renews itself is not read anew each time."""
    from tamamo.calling import store  # noqa: PLC0415 (see above)

    news = _shown.news((actor.subject, town.name, one) for one in contacts)
    if not news:
        return
    async with transaction(broker.pool) as connection:
        ids = [contact for _, _, contact in news]
        people = await store.contacts_by_id(connection, town.name, ids)
        await store.note_read(connection, town.name, actor.subject, people.values(), "wall")
    _shown.note(news)


def _is_staff(actor: Actor, tenant: str) -> bool:
    return any(actor.holds(role, tenant) for role in STAFF)


async def sources(request: HttpRequest, town: Town) -> list[counting.Source]:
    """Return the feeds of a town, where it shows everything to everybody or staff looks."""
    broker = _broker(request)
    actor: Actor | None = getattr(request, "actor", None)
    if not town.everything_public and not (actor and _is_staff(actor, town.name)):
        return []
    found = await counting.sources(broker.pool, town.name, broker.towns.clock(town.name))
    return sorted(found, key=lambda one: (one.state == "ok", one.name_ja))


def _broker(request: HttpRequest) -> Broker:
    broker: Broker = request.scope["state"]["broker"]  # type: ignore[attr-defined]
    return broker
