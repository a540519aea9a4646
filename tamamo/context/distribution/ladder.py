"""Asking a source for its part of a batch: as a batch, else entity by entity (clause 5.6.7 ff.).

What a source takes instead of a batch it does not take, by table 4.20-1 and clauses 5.6.7 to
5.6.10 and 5.6.20:

    createBatch   createEntity
    upsertBatch   createEntity, and replaceEntity or updateEntity (by the mode) where it exists
    updateBatch   updateEntity; without overwriting appendAttrs
    mergeBatch    mergeEntity
    deleteBatch   deleteEntity
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tamamo.context.distribution import outcome as outcomes
from tamamo.context.distribution.caller import Caller
from tamamo.context.distribution.client import Reply, Request, segment, together
from tamamo.context.distribution.naming import Translation
from tamamo.context.distribution.outcome import Outcome
from tamamo.context.distribution.source import Source
from tamamo.context.distribution.split import Subject, types_asked
from tamamo.context.errors import BadRequestData, LdContextNotAvailable, OperationNotSupported
from tamamo.context.http import Exchange
from tamamo.context.jsonld import TermMap
from tamamo.context.jsonld.resolve import default_map

Results = list[tuple[str, Outcome]]


@dataclass(frozen=True, slots=True)
class Item:
    """What a source gets of one element. body: as it came; None for a deletion."""

    subject: Subject
    body: dict[str, Any] | None
    terms: TermMap

    @property
    def id(self) -> str:
        """The entity's id."""
        return self.subject.id


def singles(operation: str, options: frozenset[str]) -> tuple[str, ...]:
    """Return the operations on one entity that do for a batch operation, the best first."""
    if operation == "upsertBatch":
        return ("createEntity", "updateEntity" if "update" in options else "replaceEntity")
    if operation == "updateBatch":
        return ("appendAttrs" if "noOverwrite" in options else "updateEntity",)
    by_name = {
        "createBatch": ("createEntity",),
        "mergeBatch": ("mergeEntity",),
        "deleteBatch": ("deleteEntity",),
    }
    return by_name[operation]


@dataclass(slots=True)
class Ask:
    """One source asked for its part of one batch."""

    exchange: Exchange
    caller: Caller
    source: Source
    operation: str
    path: str

    async def send(self, items: Sequence[Item]) -> Results:
        """Ask for all items and return what came of each."""
        client = self.exchange.broker.distribution.client
        try:
            terms = await client.terms_for(replace(self.caller, terms=_common(items)), self.source)
        except (LdContextNotAvailable, BadRequestData) as problem:
            failed = outcomes.no_context(self.source, problem)
            return [(item.id, failed) for item in items]
        if self.operation in self.source.operations:
            return await self._as_batch(items, terms)
        lanes: dict[str, list[Item]] = {}
        for item in items:
            lanes.setdefault(item.id, []).append(item)
        done = await together(self._in_turn(lane, terms) for lane in lanes.values())
        return [result for lane in done for result in lane]

    async def _as_batch(self, items: Sequence[Item], terms: TermMap) -> Results:
        body = [self._body(item, terms) for item in items]
        given = self.exchange.params
        params = {"options": given["options"]} if "options" in given else {}
        request = Request("POST", f"/entityOperations/{self.path}", params, body, terms)
        client = self.exchange.broker.distribution.client
        return _results(await client.send(self.caller, self.source, request), items)

    async def _in_turn(self, items: Sequence[Item], terms: TermMap) -> Results:
        """Ask for the elements of one entity, in the order they stand (5.5.11)."""
        return [(item.id, await self._one(item, terms)) for item in items]

    async def _one(self, item: Item, terms: TermMap) -> Outcome:
        names = singles(self.operation, self.exchange.options)
        first = next(name for name in names if name in self.source.operations)
        reply = await self._send(first, item, terms)
        if self.operation == "upsertBatch" and first == "createEntity" and _exists(reply):
            second = names[1]
            if second not in self.source.operations:
                detail = f"The entity exists, and {self.source.id} is not registered for {second}"
                return Outcome(self.source, (), reply, problems=[OperationNotSupported(detail)])
            reply = await self._send(second, item, terms)
        return outcomes.away(reply)

    async def _send(self, operation: str, item: Item, terms: TermMap) -> Reply:
        method, suffix = _REQUESTS[operation]
        path = "/entities" if operation == "createEntity" else f"/entities/{segment(item.id)}"
        params = {"options": "noOverwrite"} if operation == "appendAttrs" else {}
        asked = types_asked(self.source, item.subject)
        if asked and operation != "createEntity":
            params["type"] = "|".join(terms.compact_iri(iri) for iri in asked)
        body = None if item.body is None else self._body(item, terms)
        request = Request(method, path + suffix, params, body, terms)
        client = self.exchange.broker.distribution.client
        return await client.send(self.caller, self.source, request)

    def _body(self, item: Item, terms: TermMap) -> Any:
        names = Translation(item.terms, terms, self.source.conformance)
        return item.id if item.body is None else names.entity(item.body)


#: Operation → its method, and what follows the entity in its path.
_REQUESTS = {
    "createEntity": ("POST", ""),
    "replaceEntity": ("PUT", ""),
    "mergeEntity": ("PATCH", ""),
    "deleteEntity": ("DELETE", ""),
    "updateEntity": ("PATCH", "/attrs"),
    "appendAttrs": ("POST", "/attrs"),
}


def _common(items: Sequence[Item]) -> TermMap:
    """Return the names all items are in; the core's when they differ."""
    first = items[0].terms
    same = all(item.terms is first or item.terms.link == first.link for item in items)
    return first if same else default_map().terms


def _exists(reply: Reply) -> bool:
    """Whether a source says that the entity is there already."""
    return reply.status == 409 and not outcomes.problem_of(reply).type.endswith("/Conflict")


def _results(reply: Reply, items: Sequence[Item]) -> Results:
    """Return what the answer to a batch says of each item."""
    whole = outcomes.away(reply)
    told = outcomes.json_of(reply)
    if reply.status == 207 and isinstance(told, dict):
        return _each(reply, items, told)
    created = set(told) if isinstance(told, list) and reply.ok else None
    return [
        (
            item.id,
            replace(whole, created=whole.created and (created is None or item.id in created)),
        )
        for item in items
    ]


def _each(reply: Reply, items: Sequence[Item], told: dict[str, Any]) -> Results:
    success = told.get("success")
    done = {one for one in success if isinstance(one, str)} if isinstance(success, list) else set()
    errors: dict[str, Any] = {}
    for one in told["errors"] if isinstance(told.get("errors"), list) else ():
        if isinstance(one, dict) and isinstance(one.get("entityId"), str):
            errors[one["entityId"]] = one.get("error")
    results = []
    for item in items:
        outcome = Outcome(reply.source, (), reply, done=item.id in done)
        if item.id in errors or item.id not in done:
            outcome.problems.append(outcomes.part_problem(errors.get(item.id)))
        results.append((item.id, outcome))
    return results
