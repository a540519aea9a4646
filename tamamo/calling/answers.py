"""Answers to calls: by the signed link, on the staff page, or from a webhook's receiver."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tamamo.calling import call as calls
from tamamo.calling import store
from tamamo.calling.call import Call, State
from tamamo.calling.engine import Calling, end
from tamamo.calling.errors import NotThere
from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import Connection
from tamamo.messaging import State as MessageState
from tamamo.messaging import mark

Via = Literal["link", "page", "webhook"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an answer. mine: whether it is this one that counts."""

    call: Call
    mine: bool


async def acknowledge(
    calling: Calling,
    connection: Connection,
    tenant: str,
    number: str,
    *,
    by: str,
    via: Via,
    contact: str | None = None,
) -> Outcome:
    """Take a call: nobody else is called, the others are told, its alerts are acknowledged.

    by: who acts. contact: who of those called it is, if one of them. The first answer counts; a
    later one changes nothing. Raises NotThere.
    """
    call = await _locked(connection, tenant, number)
    now = calling.clock(tenant)
    await _note_answer(connection, call, contact, "acknowledged", now)
    if not call.open:
        return Outcome(call, call.answered_by in (by, f"contact:{contact}"))
    answerer = f"contact:{contact}" if contact else by
    await end(connection, call, State.ACKNOWLEDGED, now, by=answerer, via=via)
    for alert in await calls.alerts(connection, call):
        if alert.state == "open":
            await calling.alarms.acknowledge(connection, tenant, alert.alert, by)
    if not call.test:
        await calling.tell_taken(connection, call, contact or "")
    event = Event(tenant, by, "call.acknowledge", f"call:{number}", after={"via": via})
    await append(connection, event)
    found = await calls.find(connection, tenant, number)
    assert found is not None
    return Outcome(found, mine=True)


async def decline(
    calling: Calling,
    connection: Connection,
    tenant: str,
    number: str,
    *,
    by: str,
    via: Via,
    contact: str,
) -> Outcome:
    """Say that one cannot: the next one is called at once when all called now cannot.

    Raises NotThere.
    """
    call = await _locked(connection, tenant, number)
    if call.open:
        now = calling.clock(tenant)
        if await _note_answer(connection, call, contact, "declined", now):
            await calls.log(connection, call, "declined", now, actor=by, contact=contact, via=via)
            event = Event(tenant, by, "call.decline", f"call:{number}", after={"via": via})
            await append(connection, event)
    return Outcome(call, mine=False)


async def stop(
    calling: Calling, connection: Connection, tenant: str, number: str, *, by: str, reason: str
) -> None:
    """Stop a call without taking its alerts. Raises NotThere."""
    call = await _locked(connection, tenant, number)
    if not call.open:
        return
    await end(connection, call, State.STOPPED, calling.clock(tenant), by=by, via="page")
    after = {"reason": reason}
    await append(connection, Event(tenant, by, "call.stop", f"call:{number}", after=after))


async def actor_of(connection: Connection, tenant: str, contact: str) -> str:
    """Return who acts when a contact answers by a link. Raises NotThere for one that is gone."""
    return (await store.contact(connection, tenant, contact)).actor


async def _locked(connection: Connection, tenant: str, number: str) -> Call:
    call = await calls.lock(connection, tenant, number)
    if call is None:
        raise NotThere(f"There is no call {number}")
    return call


async def _note_answer(
    connection: Connection, call: Call, contact: str | None, answer: str, now: datetime
) -> bool:
    if contact is None:
        return False
    values = {**call.key, "contact": contact, "answer": answer, "now": now}
    noted = await calls.rows(connection, "answer", values)
    for row in noted:
        for message in row["messages"]:
            # Who answers has read one of them; which one is not known.
            await mark(connection, call.tenant, message, MessageState.READ)
    return bool(noted)
