"""Reading all that sources have for one query, page after page."""

from dataclasses import dataclass, replace
from typing import Final

from tamamo.context.distribution import asking
from tamamo.context.distribution.asked import Asked
from tamamo.context.distribution.caller import Caller
from tamamo.context.distribution.choice import Part
from tamamo.context.distribution.client import Reply, Request, has_same_names
from tamamo.context.distribution.receive import read_entities
from tamamo.context.distribution.warnings import NO_ANSWER, Warnings
from tamamo.context.http import Exchange
from tamamo.context.jsonld import TermMap
from tamamo.context.model.entity import Entity
from tamamo.context.query import q

#: Entities asked for at once.
PAGE: Final = 1_000
#: Entities taken from one source for one query.
MAX_ENTITIES: Final = 10_000
#: How a source says that it gives no such page.
_NO_SUCH_PAGE: Final = frozenset({400, 403})


@dataclass(slots=True)
class SourceReader:
    """Reads everything that sources have for one query."""

    exchange: Exchange
    caller: Caller
    asked: Asked
    warnings: Warnings

    async def read(self, part: Part) -> list[Entity]:
        """Return the entities of one source, page after page."""
        found: dict[str, Entity] = {}
        limit: int | None = PAGE
        received = 0
        while received < MAX_ENTITIES:
            reply = await self._ask(part, limit, received)
            if limit is not None and reply.status in _NO_SUCH_PAGE and not received:
                limit = None  # it gives smaller pages: then of its own size
                continue
            answer = await read_entities(
                reply, self.caller, self.exchange.broker.contexts, self.warnings
            )
            found |= {one.id: one for one in answer.entities if self._is_meant(part, one)}
            received += answer.count
            if not answer.count or not _goes_on(reply, answer.count, limit):
                break
        else:
            text = f"{part.source.id}: more than {MAX_ENTITIES} entities, the rest is left out"
            self.warnings.add(NO_ANSWER, self.caller.alias, text)
        return list(found.values())

    async def _ask(self, part: Part, limit: int | None, offset: int) -> Reply:
        page = {} if limit is None else {"limit": str(limit)}
        if offset:
            page["offset"] = str(offset)

        def make(terms: TermMap) -> Request:
            return asking.request(self._widened(part), terms, self._filters(part, terms), page)

        client = self.exchange.broker.distribution.client
        return await client.ask(self.caller, part.source, make)

    def _tests_q(self, part: Part) -> bool:
        """Whether q cannot be put to the source, as it has other names for things."""
        asked = self.asked
        other = not has_same_names(self.caller, part.source)
        return asked.query.q is not None and not asked.split and other

    def _widened(self, part: Part) -> Part:
        if part.attrs and self._tests_q(part):
            return replace(part, attrs=part.attrs | self.asked.wanted.attributes)
        return part

    def _filters(self, part: Part, terms: TermMap) -> dict[str, str]:
        if self.asked.split:
            return {}
        filters = dict(self.asked.filters)
        if not has_same_names(self.caller, part.source):
            for name in ("q", "expandValues", "jsonKeys"):
                filters.pop(name, None)
            if self.asked.query.geo is not None:
                filters["geoproperty"] = terms.compact_iri(self.asked.query.geo.geoproperty)
        return filters

    def _is_meant(self, part: Part, entity: Entity) -> bool:
        if not asking.matches_selectors(part.selectors, entity.id, entity.types):
            return False
        condition = self.asked.query.q
        return condition is None or not self._tests_q(part) or q.matches(condition, entity)


def _goes_on(reply: Reply, count: int, limit: int | None) -> bool:
    """Whether a source has more behind a page."""
    return count == limit or 'rel="next"' in reply.headers.get("Link", "")
