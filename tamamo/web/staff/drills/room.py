"""What all pages of drills need: whose drill it is, who may lead it, what people are called."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.http import Http404

from tamamo.calling import may_read, store
from tamamo.drills import log as logs
from tamamo.drills.log import Line
from tamamo.kernel import audit, sql
from tamamo.kernel.database import Connection, single, transaction
from tamamo.kernel.drills import State
from tamamo.kernel.drills.entry import Entry
from tamamo.kernel.drills.errors import NoSuchDrill
from tamamo.kernel.drills.plan import ROLES
from tamamo.kernel.drills.service import LEADERS, require_leader
from tamamo.kernel.errors import Forbidden
from tamamo.kernel.identity import Role
from tamamo.web.lately import Lately
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.drills import words
from tamamo.web.staff.frame import Step

_SQL = sql.load(__package__)
_shown: Final = Lately()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works for the town, and may take part."""

    subject: str
    name: str
    mail: str
    roles: tuple[Role, ...]


async def entry_of(desk: Desk, drill: str) -> Entry:
    """Return the drill of an address; 404 for one that is not this town's."""
    try:
        entry = await desk.broker.drills.entry(desk.tenant, drill)
    except NoSuchDrill as unknown:
        raise Http404(drill) from unknown
    if entry.drill.state is State.DELETING:
        raise Http404(drill)
    return entry


def may_lead(desk: Desk) -> bool:
    """Whether somebody makes and runs this town's drills. No drill is made of a drill."""
    if desk.broker.towns.drill(desk.tenant) is not None:
        return False
    return desk.actor.speaks(desk.tenant, *LEADERS)


def require_lead(desk: Desk) -> None:
    """Raise Forbidden for whoever does not run this town's drills."""
    require_leader(desk.actor, desk.tenant)
    if not may_lead(desk):
        raise Forbidden("No drill is made of a drill")


def sees_addresses(desk: Desk) -> bool:
    """Whether somebody is shown where messages went: who may read the town's contacts."""
    return may_read(desk.visitor.access)


async def lines_of(desk: Desk, entry: Entry, *, file: bool = False) -> list[Line]:
    """Return a drill's log as somebody may see it; whose addresses it shows is noted first.

    file: it leaves as a file, which is noted each time; a page that renews itself once in a while.
    """
    seen = sees_addresses(desk)
    lines = await logs.lines(desk.broker, entry, addresses=seen)
    to = {line.about for line in lines if seen and line.kind == "message"}
    if to:
        await _note(desk, entry, to, file=file)
    return lines


async def _note(desk: Desk, entry: Entry, to: set[str], *, file: bool) -> None:
    """Note in the town's log whose addresses are shown, never the addresses."""
    drill, actor = entry.drill.tenant, desk.actor.subject
    async with transaction(desk.broker.pool) as connection:
        # A drill's contacts have the ids of its town's.
        known = {
            address.to: f"contact:{one.id}"
            for one in await store.contacts(connection, drill)
            for address in one.addresses
        }
        keys = sorted({(actor, drill, known.get(one, f"drill:{drill}")) for one in to})
        news = keys if file else _shown.news(keys)
        await audit.personal_read(
            connection, tenant=desk.tenant, actor=actor, purpose="drill log",
            objects=[about for _, _, about in news],
        )  # fmt: skip
    _shown.note(news)


async def people(connection: Connection, tenant: str) -> list[Person]:
    """Return who works for a town, by name."""
    roles = [role.value for role in ROLES]
    cursor = await connection.execute(_SQL["people"], {"tenant": tenant, "roles": roles})
    return [
        Person(subject, name, mail, tuple(sorted(map(Role, held))))
        for subject, name, mail, held in await cursor.fetchall()
    ]


async def names(desk: Desk, subjects: Iterable[str]) -> dict[str, str]:
    """Return what people are called; whoever is no account keeps the subject's text."""
    wanted = {subject for subject in subjects if subject}
    async with single(desk.broker.pool) as connection:
        cursor = await connection.execute(_SQL["names"], {"subjects": sorted(wanted)})
        return {subject: subject for subject in wanted} | dict(await cursor.fetchall())


def trail(desk: Desk, *steps: Step) -> list[Step]:
    """Return the trail above a page of drills."""
    first = Step(words.drills(), desk.url("drills") if steps else "")
    return [Step(desk.town.title, desk.url("town")), first, *steps]
