"""What departments do: answer, publish, decline, give to a unit, moderate, erase."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from tamamo.context.broker import Broker
from tamamo.kernel.audit import Event, append
from tamamo.kernel.database import Connection, transaction
from tamamo.kernel.identity import Actor
from tamamo.publishing.requests import mails, rights, store
from tamamo.publishing.requests.errors import InvalidPost, NoSuchRequest, RequestChanged
from tamamo.publishing.requests.model import OUTCOMES, Answer, Request, Visible
from tamamo.publishing.requests.words import LONGEST_BODY, SHORTEST_BODY, clean

_Told = dict[str, Any] | None


class Desk:
    """The departments' side."""

    _broker: Broker

    async def answer(self, actor: Actor, tenant: str, number: int, answer: Answer) -> Request:
        """Answer a request in public; whoever confirmed an address is told.

        Raises Forbidden, NoSuchRequest, InvalidPost, RequestChanged (somebody answered meanwhile).
        """
        answer = replace(answer, body=clean(answer.body), dataset=clean(answer.dataset))
        await self.look(tenant, answer)
        async with transaction(self._broker.pool) as connection:
            before = await store.locked(connection, tenant, number)
            rights.require(actor, tenant, before.unit)
            if answer.seen and answer.seen != before.changed_at.isoformat():
                raise RequestChanged("Somebody wrote to this request meanwhile; nothing was sent")
            unit = rights.answers_as(actor, tenant) or before.unit
            values = {
                "tenant": tenant, "request": number, "kind": "answer", "body": answer.body.strip(),
                "state": answer.state, "actor": actor.subject, "unit": unit, "visible": "shown",
                "reason": "", "dataset": answer.dataset if answer.state == "published" else "",
            }  # fmt: skip
            await store.run(connection, "insert_post", values)
            await store.run(connection, "answer", values)
            told = {"state": answer.state, "dataset": values["dataset"], "unit": unit}
            was = {"state": before.state, "dataset": before.dataset, "unit": before.unit}
            await _note(connection, actor, before, "answer", was, told)
            await self._tell(connection, before, answer)
            return await store.one(connection, tenant, number, staff=True)

    async def assign(self, actor: Actor, tenant: str, number: int, unit: str) -> Request:
        """Give a request to a unit, which then answers it; "": to nobody.

        Raises Forbidden, NoSuchRequest, InvalidPost for a unit there is not.
        """
        async with transaction(self._broker.pool) as connection:
            before = await store.locked(connection, tenant, number)
            rights.require(actor, tenant, before.unit)
            if unit and unit not in await self._units(connection, tenant):
                raise InvalidPost({"unit": "unit"})
            values = {"tenant": tenant, "request": number, "unit": unit}
            await store.run(connection, "assign", values)
            await _note(connection, actor, before, "assign", {"unit": before.unit}, {"unit": unit})
            return await store.one(connection, tenant, number, staff=True)

    async def moderate(
        self, actor: Actor, tenant: str, post: UUID, visible: Visible, reason: str = ""
    ) -> int:
        """Show or hide a text of the public; return its request.

        Hiding the text of a request hides the thread. Raises Forbidden, NoSuchRequest, InvalidPost
        (hiding needs a reason).
        """
        if visible == "hidden" and not reason.strip():
            raise InvalidPost({"reason": "short"})
        rights.require(actor, tenant)
        async with transaction(self._broker.pool) as connection:
            values = {
                "tenant": tenant, "post": post, "visible": visible,
                "reason": clean(reason).strip() if visible == "hidden" else "",
            }  # fmt: skip
            rows = await store.run(connection, "see_post", values)
            if not rows:
                raise NoSuchRequest("There is no such text")
            number, kind = int(rows[0][0]), str(rows[0][1])
            request = await store.locked(connection, tenant, number)
            if kind == "request":
                await store.run(connection, "see_request", values | {"request": number})
            else:
                await store.run(connection, "touch", {"tenant": tenant, "request": number})
            told = {"post": str(post), "visible": visible, "reason": values["reason"]}
            await _note(connection, actor, request, "moderate", None, told)
        return number

    async def erase(self, actor: Actor, tenant: str, post: UUID) -> int:
        """Erase who wrote a text, as they asked; the text stays. Return its request.

        Raises Forbidden, NoSuchRequest where nothing is known.
        """
        rights.require(actor, tenant)
        async with transaction(self._broker.pool) as connection:
            rows = await store.run(connection, "post", {"tenant": tenant, "post": post})
            values = {"tenant": tenant, "post": post}
            if not rows or not await store.run(connection, "forget_post", values):
                raise NoSuchRequest("Nobody is known behind this text")
            request = await store.locked(connection, tenant, int(rows[0][1]))
            await _note(connection, actor, request, "erase", None, {"post": str(post)})
        return request.number

    async def units(self, tenant: str) -> list[str]:
        """Return the units a request can be given to, as paths."""
        async with transaction(self._broker.pool) as connection:
            return await self._units(connection, tenant)

    async def _units(self, connection: Connection, tenant: str) -> list[str]:
        from tamamo.kernel.identity import organisation  # noqa: PLC0415 - only for staff

        today = self._broker.towns.clock(tenant).date()
        return [unit.id for unit in await organisation.units(connection, tenant, today)]

    async def look(self, tenant: str, answer: Answer) -> None:
        """Raise InvalidPost naming the fields of an answer that cannot be so."""
        faults: dict[str, str] = {}
        if answer.state not in OUTCOMES:
            faults["state"] = "state"
        if len(answer.body.strip()) < SHORTEST_BODY:
            faults["body"] = "short"
        elif len(answer.body) > LONGEST_BODY:
            faults["body"] = "long"
        if answer.state == "published" and not await self._is_public(tenant, answer.dataset):
            faults["dataset"] = "dataset"
        if faults:
            raise InvalidPost(faults)

    async def _is_public(self, tenant: str, dataset: str) -> bool:
        from tamamo.publishing.datasets import Datasets, UnknownDataset  # noqa: PLC0415

        if not dataset:
            return False
        try:
            await Datasets(self._broker).one(None, tenant, clean(dataset))
        except UnknownDataset:
            return False
        return True

    async def _tell(self, connection: Connection, request: Request, answer: Answer) -> None:
        town = self._broker.towns.get(request.tenant)
        values = {"tenant": request.tenant, "request": request.number}
        readers = [(str(a), str(b)) for a, b in await store.run(connection, "readers", values)]
        if town is not None and readers and request.visible == "shown":
            settings = self._broker.settings
            await mails.tell(connection, settings, (town, request), answer, readers)


async def _note(
    connection: Connection, actor: Actor, request: Request, action: str, *said: _Told
) -> None:
    """Write the audit row. said: what was, and what became of it."""
    before, after = said
    name = f"data-request:{request.number}"
    event = Event(request.tenant, actor.subject, f"data_request.{action}", name, before, after)
    await append(connection, event)
