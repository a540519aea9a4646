"""What goes on now, for pages and walls: who is called, by what, and whether somebody answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tamamo import messaging
from tamamo.calling import call as calls
from tamamo.calling import store
from tamamo.calling.call import Call
from tamamo.calling.contact import Contact
from tamamo.calling.texts import severity
from tamamo.kernel.database import Connection
from tamamo.messaging import Sent


@dataclass(frozen=True, slots=True)
class Reached:
    """Somebody who was called, and what became of it."""

    contact: str
    #: Empty for somebody who is no contact any more.
    name: str
    organisation: str
    step: int
    round: int
    called_at: datetime
    answer: str | None
    answered_at: datetime | None
    messages: tuple[Sent, ...]

    @property
    def state(self) -> str:
        """Return one word: acknowledged, declined, read, delivered, sent, queued, unreached."""
        if self.answer:
            return self.answer
        states = {one.state.value for one in self.messages}
        for word in ("read", "delivered", "sent", "queued"):
            if word in states:
                return word
        return "unreached"


@dataclass(frozen=True, slots=True)
class Going:
    """A call for a panel. about: what it says, by language. Names are personal data."""

    call: Call
    about: Mapping[str, str]
    alerts: int
    people: tuple[Reached, ...]
    answered_by: str | None


async def reached(connection: Connection, call: Call) -> list[Reached]:
    """Return who was called, the first one first, with the states of their messages."""
    called = await calls.people(connection, call)
    people = await store.contacts_by_id(connection, call.tenant, {one.contact for one in called})
    sent = {one.id: one for one in await messaging.about(connection, call.tenant, call.about)}
    nobody = Contact("", "")
    return [
        Reached(
            one.contact,
            people.get(one.contact, nobody).name,
            people.get(one.contact, nobody).organisation,
            one.step,
            one.round,
            one.called_at,
            one.answer,
            one.answered_at,
            tuple(sent[number] for number in one.messages if number in sent),
        )
        for one in called
    ]


async def name_of(connection: Connection, tenant: str, answerer: str | None) -> str | None:
    """Return the name of who answered: a contact, or somebody's account that is one's."""
    if answerer is None:
        return None
    kind, _, number = answerer.partition(":")
    if kind == "contact":
        found = await store.contacts_by_id(connection, tenant, [number])
        return found[number].name if number in found else None
    person = await store.contact_of(connection, tenant, answerer)
    return None if person is None else person.name


async def going_on(connection: Connection, tenant: str, limit: int = 20) -> list[Going]:
    """Return the calls that wait for an answer, and the newest others.

    For people who may see contacts (`contact.may_read`) alone; whoever shows the names notes it.
    """
    found = []
    for call in await calls.listed(connection, tenant, limit):
        alerts = await calls.alerts(connection, call)
        about = {
            language: alerts[0].told.said(language) if alerts else severity(call.severity, language)
            for language in ("ja", "en")
        }
        people = await reached(connection, call)
        name = await name_of(connection, tenant, call.answered_by)
        found.append(Going(call, about, len(alerts), tuple(people), name))
    return found
