"""Running the queries of a snapshot (clauses 5.16.1.4, 5.7.2.4, 5.7.4.4)."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from psycopg.errors import QueryCanceled
from starlette.requests import Request

from tamamo.context.distribution import query as distributed
from tamamo.context.distribution import temporal as distributed_past
from tamamo.context.entities import linked, store
from tamamo.context.entities import view as views
from tamamo.context.errors import TooComplexQuery, TooManyResults
from tamamo.context.http import Exchange
from tamamo.context.jsonld import TermMap
from tamamo.context.model.entity import Entity
from tamamo.context.model.represent import View
from tamamo.context.query import plan, request
from tamamo.context.query.paging import Page
from tamamo.context.query.projection import Projection
from tamamo.context.snapshots import filling
from tamamo.context.snapshots.filling import EVOLUTIONS, SLICE, Target
from tamamo.context.temporal import reading, writing
from tamamo.context.temporal import request as temporal_request
from tamamo.context.temporal.body import EvolutionBody
from tamamo.context.temporal.copying import copy
from tamamo.context.temporal.reading import Answer
from tamamo.context.temporal.request import LARGEST_PAGE
from tamamo.kernel.database import transaction

if TYPE_CHECKING:
    from tamamo.context.broker import Broker

#: Evolutions of one temporal query.
MAX_EVOLUTIONS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs queries of a tenant by themselves, without a client's request."""

    broker: "Broker"
    tenant: str
    terms: TermMap

    def check(self, body: dict[str, Any]) -> None:
        """Raise BadRequestData, InvalidRequest when a query cannot be read."""
        exchange = self._exchange(body)
        if "temporalQ" in body:
            temporal_request.read_body(exchange)
        else:
            request.read_body(body, {}, self.terms)
            views.read_wish(exchange, body)

    async def run(self, body: dict[str, Any], target: Target) -> int:
        """Put the whole result of a query for entities into a snapshot; return how many."""
        exchange = self._exchange(body)
        query = request.read_body(body, {}, self.terms)
        wish = views.read_wish(exchange, body)
        number = 0
        async for batch in self._results(exchange, query):
            found = [(entity, wish.projection) for entity in batch]
            if wish.join is not None:
                find = partial(self.broker.entities.find_many, self.tenant)
                linker = linked.Linker(self.terms, wish.view, wish.join, find)
                found = list(chain.from_iterable(await linker.gather(batch, wish.projection)))
            for start in range(0, len(found), SLICE):
                await target.put(_narrowed(found[start : start + SLICE], wish.view))
            number += len(batch)
        return number

    async def run_temporal(self, body: dict[str, Any], target: Target) -> int:
        """Put the whole result of a temporal query into a snapshot; return how many evolutions."""
        exchange = self._exchange(body)
        wanted = temporal_request.read_body(exchange)
        if self.broker.distribution.concerns(self.tenant, {}):
            page = Page(distributed_past.MAX_WINDOW)
            widest = replace(wanted.query, ordering=None, page=page)
            told = replace(wanted, query=widest, page_size=LARGEST_PAGE)
            answer = await distributed_past.query(exchange, told)
            if answer is not None:
                return await _keep(answer, target)
        everything = replace(wanted.query, ordering=None, page=Page(MAX_EVOLUTIONS))
        pool = self.broker.pool
        ids = await reading.find_ids(pool, self.tenant, replace(wanted, query=everything))
        for start in range(0, len(ids), EVOLUTIONS):
            some = ids[start : start + EVOLUTIONS]
            async with transaction(pool) as connection:
                await copy(connection, self.tenant, wanted, some, target.tenant)
        return len(ids)

    def _exchange(self, body: dict[str, Any]) -> Exchange:
        scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}
        return Exchange(
            Request(scope), self.broker, self.tenant, {}, {}, frozenset(), self.terms, body
        )

    async def _results(
        self, exchange: Exchange, query: plan.Query
    ) -> AsyncIterator[Sequence[Entity]]:
        """Yield what matches here and at other sources, in batches."""
        if self.broker.distribution.concerns(self.tenant, {}):
            everything = replace(query, ordering=None, page=Page(distributed.MAX_WINDOW))
            found = await distributed.answer(exchange, everything)
            if found is not None:
                yield found.entities
                return
        async with filling.one_view(self.broker.pool) as connection:
            batch: list[Entity] = []
            try:
                async for row in plan.scan(connection, self.tenant, query):
                    batch.append(store.living(row.entity()))
                    if len(batch) == SLICE:
                        yield batch
                        batch = []
            except QueryCanceled as error:
                raise TooComplexQuery("The query takes too long: narrow it") from error
            if batch:
                yield batch


async def _keep(answer: Answer, target: Target) -> int:
    """Put evolutions that several sources told of into a snapshot; return how many."""
    if answer.more:
        raise TooManyResults(
            f"At most {distributed_past.MAX_WINDOW} evolutions where other sources are asked too"
        )
    for one in answer.evolutions:
        instances = [
            (attr, found.instance)
            for attr, several in answer.series.get(one.id, {}).items()
            for found in several
        ]
        body = EvolutionBody(one.id, one.types, one.scopes, instances)
        await writing.upsert(target.pool, target.tenant, body)
    return len(answer.evolutions)


def _narrowed(found: Sequence[tuple[Entity, Projection]], view: View) -> list[Entity]:
    """Return what is shown of each; one that was met twice once, with all that is shown of it."""
    shown: dict[str, Entity] = {}
    for entity, projection in found:
        one = filling.narrowed(entity, linked.view_of(view, projection))
        if one is not None and one.id in shown:
            one = replace(one, attrs=shown[one.id].attrs | one.attrs)
        if one is not None:
            shown[one.id] = one
    return list(shown.values())
