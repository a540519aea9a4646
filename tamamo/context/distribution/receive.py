"""Entities out of what a source answered; what is no valid NGSI-LD is left out (6.3.17)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tamamo.context.access import narrowed
from tamamo.context.distribution.caller import Caller
from tamamo.context.distribution.client import Reply
from tamamo.context.distribution.warnings import INVALID, Warnings
from tamamo.context.jsonld import ContextStore, TermMap
from tamamo.context.model import parse
from tamamo.context.model.entity import Entity
from tamamo.kernel.errors import Problem
from tamamo.kernel.time import from_text, now


@dataclass(frozen=True, slots=True)
class Received:
    """The entities of a reply that count, and how many were in it."""

    entities: list[Entity]
    count: int = 0


async def read_entities(
    reply: Reply,
    caller: Caller,
    contexts: ContextStore,
    warnings: Warnings,
    *,
    temporal: bool = False,
) -> Received:
    """Return the entities of a reply: those the source is registered for and that are alive.

    Of them only what the caller may read.

    What is wrong with the reply, or with entities in it, goes to `warnings`.
    """
    reply.warn(caller, warnings)
    if not reply.ok:
        return Received([])
    try:
        found: list[Entity] = []
        for document in _documents(reply.json()):
            terms = await names_of_document(document, reply, contexts)
            found.append(parse.parse_received(document, terms, temporal=temporal))
    except Problem as problem:
        warnings.add(INVALID, caller.alias, f"{reply.source.id}: {problem.detail}")
        return Received([])
    except RecursionError:
        warnings.add(INVALID, caller.alias, f"{reply.source.id}: nested too deeply")
        return Received([])
    seen = (narrowed(caller.reach, entity) for entity in _usable(reply, found))
    return Received([entity for entity in seen if entity is not None], len(found))


def is_over(expires_at: str | None) -> bool:
    """Whether a time lies in the past."""
    return expires_at is not None and from_text(expires_at) <= now()


def _documents(payload: Any) -> Iterable[Any]:
    return payload if isinstance(payload, list) else [payload]


async def names_of_document(document: Any, reply: Reply, contexts: ContextStore) -> TermMap:
    """Return the names of a document: its own @context counts, else that of the request."""
    context = document.get("@context") if isinstance(document, dict) else None
    if context is None:
        return reply.terms
    return await contexts.resolve(reply.source.tenant, context)


def _usable(reply: Reply, found: Iterable[Entity]) -> Iterator[Entity]:
    for entity in found:
        if not is_over(entity.expires_at):
            registered = reply.source.only_registered(entity)
            if registered is not None:
                yield registered
