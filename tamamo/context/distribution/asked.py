"""What a client asked in a query, as far as it matters to other sources (clause 5.7.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from tamamo.context.distribution import asking
from tamamo.context.errors import BadRequestData
from tamamo.context.http import Exchange
from tamamo.context.jsonld import TermMap
from tamamo.context.query import plan, q, temporalq, tree
from tamamo.context.query.paging import read_flag
from tamamo.context.query.text import names_of
from tamamo.context.registrations.matching import Wanted


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, and its filters as the client wrote them.

    wanted: the query read, with the filter for sources (csf) and datasetIds. split: parts of an
    entity may be in several places, so filters are for what comes together (4.3.6.7).
    """

    wanted: Wanted
    filters: Mapping[str, str]
    split: bool

    @property
    def query(self) -> plan.Query:
        """The query read."""
        return self.wanted.entities


def read_asked(exchange: Exchange, query: plan.Query) -> Asked:
    """Return what is asked, of the parameters or of the body of a query by POST.

    Raises BadRequestData.
    """
    params, body = exchange.params, exchange.body
    source = params if body is None else {**body, **_flat(body)}
    texts = {name: _text(source[name]) for name in asking.FILTERS if name in source}
    csf, datasets = source.get("csf"), source.get("datasetId")
    wanted = Wanted(
        query,
        temporalq.parse({}),
        None if csf is None else _read_csf(csf, exchange.terms),
        frozenset(names_of(datasets, "datasetId")) if datasets else frozenset(),
        exchange.terms,
    )
    return Asked(wanted, texts, is_split(exchange))


def is_split(exchange: Exchange) -> bool:
    """Whether parts of one entity may be at several sources (4.3.6.7). Raises BadRequestData."""
    for source in (exchange.params, exchange.body):
        if isinstance(source, Mapping) and "splitEntities" in source:
            return read_flag(source, "splitEntities")
    return exchange.broker.settings.split_entities


def is_wide(asked: Mapping[str, Any]) -> bool:
    """Whether all types are asked for by `*`, which keeps a query here (table 6.4.3.2-1)."""
    entities = asked.get("entities")
    if isinstance(entities, list):
        return any(one.get("type") == "*" for one in entities)
    return asked.get("type") == "*"


def _read_csf(text: Any, terms: TermMap) -> tree.Node:
    if not isinstance(text, str):
        raise BadRequestData("csf: a text is expected", field="csf")
    return q.parse(text, terms, field="csf")


def _flat(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a body's geoQ as parameters."""
    space = body.get("geoQ")
    return dict(space) if isinstance(space, dict) else {}


def _text(value: Any) -> str:
    """Return a member of a body as the text of a parameter."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    return orjson.dumps(value).decode()
