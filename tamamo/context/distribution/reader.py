"""Reading all that sources have for one query, page after page."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
from tamamo.context.query import geoq, q, scopeq
from tamamo.context.query.text import ENTITY_TIMES

#: Entities asked for at once.
PAGE: Final = 1_000
#: Entities taken from one source for one query.
MAX_ENTITIES: Final = 10_000
#: How a source says that it gives no such page.
_NO_SUCH_PAGE: Final = frozenset({400, 403})


#: The operation of a source that makes entity maps (4.20), and the header that names them.
_MAKES_MAPS: Final = "createEntityMapQueryEntity"
_MAP_HEADER: Final = "NGSILD-EntityMap"


@dataclass(slots=True)
class SourceMaps:
    """Entity maps of sources, as they name them, by registration id (5.2.39).

    known: what earlier requests brought. made: what this one brought anew.
    """

    known: Mapping[str, str] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)

    def ask(self, part: Part, request: Request) -> Request:
        """Return the request with the source's map, or with the wish for one (5.7.2.4)."""
        source = part.source
        if _MAKES_MAPS not in source.operations:
            return request
        location = self.made.get(source.id) or self.known.get(source.id)
        if location is not None:
            return replace(request, headers={**request.headers, _MAP_HEADER: location})
        if request.body is not None:
            return replace(request, body={**request.body, "entityMap": True})
        return replace(request, params={**request.params, "entityMap": "true"})

    def note(self, part: Part, reply: Reply) -> None:
        """Remember the map a source used."""
        location = reply.headers.get(_MAP_HEADER)
        if reply.ok and location and location != self.known.get(part.source.id):
            self.made[part.source.id] = location


@dataclass(slots=True)
class SourceReader:
    """Reads everything that sources have for one query. maps: with entity maps of theirs."""

    exchange: Exchange
    caller: Caller
    asked: Asked
    warnings: Warnings
    maps: SourceMaps | None = None

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
            asked = asking.request(self._widened(part), terms, self._filters(part, terms), page)
            return asked if self.maps is None else self.maps.ask(part, asked)

        client = self.exchange.broker.distribution.client
        reply = await client.ask(self.caller, part.source, make)
        if self.maps is not None:
            self.maps.note(part, reply)
        return reply

    def _tests_q(self, part: Part) -> bool:
        """Whether q cannot be put to the source.

        It has other names for things, or knows of things the caller is not to know of.
        """
        asked = self.asked
        other = not has_same_names(self.caller, part.source)
        unasked = other or not self.caller.reach.everything
        return asked.query.q is not None and not asked.split and unasked

    def _widened(self, part: Part) -> Part:
        if part.attrs and (self._tests_q(part) or not self.caller.reach.everything):
            return replace(part, attrs=part.attrs | self.asked.wanted.attributes)
        return part

    def _filters(self, part: Part, terms: TermMap) -> dict[str, str]:
        if self.asked.split or not self.caller.reach.everything:
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
        condition, query = self.asked.query.q, self.asked.query
        if not self.asked.split and not self.caller.reach.everything:
            # Tested on what the caller may read, or the answer would tell of the rest.
            if query.geo is not None and not geoq.matches(query.geo, entity):
                return False
            if query.scope is not None and not scopeq.matches(query.scope, entity):
                return False
            if query.attrs and set(query.attrs).isdisjoint({*entity.attrs, *ENTITY_TIMES}):
                return False
        return condition is None or not self._tests_q(part) or q.matches(condition, entity)


def _goes_on(reply: Reply, count: int, limit: int | None) -> bool:
    """Whether a source has more behind a page."""
    return count == limit or 'rel="next"' in reply.headers.get("Link", "")
