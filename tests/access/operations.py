"""Every operation of every API, and how it can be asked about things of another town.

An entry gives the requests of one operation, made for the ids of Beta (or for ids like them). An
operation without an entry fails the test: who adds a route says here how it could leak.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.access.world import LD, Ids


@dataclass(frozen=True)
class Shape:
    """One way to ask for an operation: the path with its query, the body, further headers."""

    path: str
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    #: The client leaves after so many seconds: of a stream.
    seconds: float | None = None
    #: It names a town as its pages do, which are there for everybody.
    public: bool = False
    #: Who asks makes no difference: not all of them are tried.
    few: bool = False


Shapes = Callable[[Ids], Iterator[Shape]]
#: (method, path as the routing table has it) → the ways to ask.
ENTRIES: dict[tuple[str, str], Shapes] = {}
_GEO = (("accept", "application/geo+json"),)
_PROPERTY = {"type": "Property", "value": 7}
_TIMES = "timerel=after&timeAt=2020-01-01T00:00:00Z"
_AREA = "georel=near;maxDistance==500000&geometry=Point&coordinates=[134,34]"


def entry(method: str, path: str) -> Callable[[Shapes], Shapes]:
    """Register the ways to ask for an operation."""

    def register(shapes: Shapes) -> Shapes:
        ENTRIES[method, path] = shapes
        return shapes

    return register


def one(method: str, path: str, body: Any = None, *queries: str) -> None:
    """Register an operation on one thing: {…} in the path are attributes of Ids.

    body: may be a function of the ids.
    """

    def shapes(ids: Ids) -> Iterator[Shape]:
        given = body(ids) if callable(body) else body
        place = _fill(path, ids)
        yield Shape(place, given)
        for query in queries:
            yield Shape(f"{place}?{query}", given)

    ENTRIES[method, path] = shapes


def _fill(path: str, ids: Ids) -> str:
    parts = path.split("/")
    kind = "/".join(parts[:5])
    names = {
        "{attr}": "note",
        "{attr:segment}": "note",
        "{type}": f"{ids.word}type",
        "{instance:segment}": ids.instance,
        "{id:segment}": ids.gauge,
        "{id}": ids.gauge,
    }
    for place, attribute in (
        ("subscriptions/", "subscription"),
        ("csourceSubscriptions/", "source_subscription"),
        ("csourceRegistrations/", "registration"),
        ("snapshots/", "snapshot"),
        ("entityMaps/", "entity_map"),
        ("jsonldContexts/", "context"),
    ):
        if f"/{place}" in f"{kind}/":
            names["{id}"] = getattr(ids, attribute)
    if path.startswith("/v2/subscriptions"):
        names["{id}"] = ids.v2_subscription
    return "/".join(quote(names.get(part, part), safe=":{}") for part in parts)


def _selections(ids: Ids) -> Iterator[str]:
    """Yield queries for entities that could tell of Beta's."""
    yield "type=Gauge"
    yield f"id={ids.gauge}&type=Gauge&count=true"
    yield "type=Gauge&idPattern=.*&count=true&limit=0"
    yield f"type={ids.word}type"
    yield "type=*&local=true"
    yield f'type=Gauge&q=note=="{ids.word}value"&count=true'
    yield f"q={ids.word}attr&options=sysAttrs"
    yield f"type=Gauge&scopeQ=/{ids.word}scope"
    yield f"type=Gauge&{_AREA}&count=true"


@entry("GET", f"{LD}/entities")
def _entities(ids: Ids) -> Iterator[Shape]:
    for selection in _selections(ids):
        yield Shape(f"{LD}/entities?{selection}")
    yield Shape(f"{LD}/entities?type=Gauge", headers=_GEO)
    yield Shape(f"{LD}/entities?type=Gauge&orderBy=note;desc&pick=id,note,{ids.word}attr")
    for join in ("flat", "inline"):
        yield Shape(f"{LD}/entities?type=Pump&join={join}&joinLevel=2")
    yield Shape(f"{LD}/entities?type=Pump&q=near{{Gauge:note}}&join=flat&count=true")
    yield Shape(f"{LD}/entities?type=Gauge&entityMap=true")
    yield Shape(f"{LD}/entities?type=Gauge", headers=(("NGSILD-EntityMap", ids.entity_map),))
    yield Shape(f"{LD}/entities?type=Gauge&splitEntities=true&csf=description")


@entry("GET", f"{LD}/entityMaps")
def _entity_maps(ids: Ids) -> Iterator[Shape]:
    for selection in _selections(ids):
        yield Shape(f"{LD}/entityMaps?{selection}")


@entry("DELETE", f"{LD}/entities")
def _purge(ids: Ids) -> Iterator[Shape]:
    yield Shape(f"{LD}/entities?type={ids.word}type")
    yield Shape(f"{LD}/entities?type=Gauge&id={ids.gauge}")
    yield Shape(f"{LD}/entities?type=Gauge&id={ids.gauge}&drop=note")


@entry("GET", f"{LD}/temporal/entities")
def _evolutions(ids: Ids) -> Iterator[Shape]:
    place = f"{LD}/temporal/entities"
    for selection in _selections(ids):
        yield Shape(f"{place}?{selection}&{_TIMES}".replace("&options=sysAttrs", ""))
    more = "options=aggregatedValues&aggrMethods=totalCount,max&aggrPeriodDuration=P1D"
    yield Shape(f"{place}?type=Gauge&{_TIMES}&{more}")
    yield Shape(f"{place}?type=Gauge&{_TIMES}&options=temporalValues&lastN=5")
    yield Shape(f"{place}?type=Gauge&{_TIMES}", headers=(("NGSILD-EntityMap", ids.entity_map),))


@entry("GET", f"{LD}/temporal/entityMaps")
def _temporal_maps(ids: Ids) -> Iterator[Shape]:
    yield Shape(f"{LD}/temporal/entityMaps?type=Gauge&{_TIMES}")
    yield Shape(f"{LD}/temporal/entityMaps?id={ids.gauge}&type=Gauge&{_TIMES}")


def _query(ids: Ids, **more: Any) -> dict[str, Any]:
    wanted = [{"type": "Gauge", "id": ids.gauge}, {"type": f"{ids.word}type"}]
    return {"type": "Query", "entities": wanted, **more}


_PAST = {"timerel": "after", "timeAt": "2020-01-01T00:00:00Z"}


@entry("POST", f"{LD}/entityOperations/query")
def _query_by_post(ids: Ids) -> Iterator[Shape]:
    place = f"{LD}/entityOperations/query"
    yield Shape(f"{place}?count=true", _query(ids))
    yield Shape(place, _query(ids, q=f'note=="{ids.word}value"'))
    yield Shape(place, _query(ids), _GEO)
    pumps = {"type": "Query", "entities": [{"type": "Pump"}], "join": "inline", "joinLevel": 2}
    yield Shape(place, pumps)


@entry("POST", f"{LD}/temporal/entityOperations/query")
def _past_by_post(ids: Ids) -> Iterator[Shape]:
    yield Shape(f"{LD}/temporal/entityOperations/query?count=true", _query(ids, temporalQ=_PAST))


one("POST", f"{LD}/entityMaps", _query)
one("POST", f"{LD}/temporal/entityMaps", lambda ids: _query(ids, temporalQ=_PAST))


def _entity(ids: Ids) -> dict[str, Any]:
    return {"id": ids.gauge, "type": "Gauge", "note": _PROPERTY}


def _mixed(ids: Ids) -> list[Any]:
    own = {"id": "urn:ngsi-ld:Gauge:own", "type": "Gauge", "level": _PROPERTY}
    return [own, _entity(ids), _entity(ids) | {"type": [f"{ids.word}type", "Gauge"]}]


one("GET", f"{LD}/entities/{{id}}", None, "join=flat", "options=keyValues,sysAttrs", "attrs=note",
    "type=Gauge", "entityMap=true", "pick=id")  # fmt: skip
one("PATCH", f"{LD}/entities/{{id}}", {"note": _PROPERTY}, "type=Gauge")
one("PUT", f"{LD}/entities/{{id}}", _entity, "type=Gauge")
one("DELETE", f"{LD}/entities/{{id}}", None, "type=Gauge")
one("PATCH", f"{LD}/entities/{{id}}/attrs/{{attr}}", _PROPERTY)
one("PUT", f"{LD}/entities/{{id}}/attrs/{{attr}}", _PROPERTY)
one("DELETE", f"{LD}/entities/{{id}}/attrs/{{attr}}", None, "deleteAll=true")
one("POST", f"{LD}/entities/{{id}}/attrs", {"note": _PROPERTY}, "options=noOverwrite")
one("PATCH", f"{LD}/entities/{{id}}/attrs", {"note": _PROPERTY})
one("POST", f"{LD}/entities", _entity)
one("POST", f"{LD}/entityOperations/create", _mixed)
one("POST", f"{LD}/entityOperations/upsert", _mixed, "options=update")
one("POST", f"{LD}/entityOperations/update", _mixed, "options=noOverwrite")
one("POST", f"{LD}/entityOperations/merge", _mixed)
one("POST", f"{LD}/entityOperations/delete", lambda ids: ["urn:ngsi-ld:Gauge:own", ids.gauge])
one("GET", f"{LD}/types", None, "details=true")
one("GET", f"{LD}/types/{{type}}")
one("GET", f"{LD}/attributes", None, "details=true")
one("GET", f"{LD}/info/sourceIdentity")


@entry("GET", f"{LD}/attributes/{{attr}}")
def _attribute(ids: Ids) -> Iterator[Shape]:
    yield Shape(f"{LD}/attributes/{ids.word}attr")
    yield Shape(f"{LD}/attributes/note")


_EVOLUTION = f"{LD}/temporal/entities/{{id:segment}}"
_INSTANCE = f"{_EVOLUTION}/attrs/{{attr:segment}}/{{instance:segment}}"
_OBSERVED = _PROPERTY | {"observedAt": "2026-02-02T00:00:00Z"}
one("GET", _EVOLUTION, None, _TIMES, f"{_TIMES}&options=temporalValues", "attrs=note",
    f"{_TIMES}&options=aggregatedValues&aggrMethods=max&aggrPeriodDuration=P1D")  # fmt: skip
one("DELETE", _EVOLUTION)
one("POST", f"{LD}/temporal/entities", lambda ids: _entity(ids) | {"note": [_OBSERVED]})
one("POST", f"{_EVOLUTION}/attrs", {"note": [_OBSERVED]})
one("DELETE", f"{_EVOLUTION}/attrs/{{attr:segment}}", None, "deleteAll=true")
one("PATCH", _INSTANCE, {"note": [_OBSERVED]})
one("DELETE", _INSTANCE)
one("GET", f"{LD}/entityMaps/{{id}}")
one("PATCH", f"{LD}/entityMaps/{{id}}", {"expiresAt": "2026-01-01T00:00:00Z"})
one("DELETE", f"{LD}/entityMaps/{{id}}")
one("DELETE", f"{LD}/snapshots", None, 'q=snapshotName=="bq7xname"', "q=priority>=0")
one("GET", f"{LD}/snapshots/{{id}}")
one("PATCH", f"{LD}/snapshots/{{id}}", {"type": "Snapshot", "priority": 1})
one("DELETE", f"{LD}/snapshots/{{id}}")
one("POST", f"{LD}/snapshots/{{id}}/clone", lambda ids: {"type": "Snapshot", "id": "urn:s:mine"})
one("GET", f"{LD}/jsonldContexts", None, "details=true", "kind=Hosted")
one("POST", f"{LD}/jsonldContexts", {"@context": {"a": "https://a.example/a"}})
one("GET", f"{LD}/jsonldContexts/{{id}}", None, "details=true")
one("DELETE", f"{LD}/jsonldContexts/{{id}}", None, "reload=true")


def _subscription(ids: Ids) -> dict[str, Any]:
    return {
        "id": ids.subscription,
        "type": "Subscription",
        "entities": [{"type": "Gauge", "id": ids.gauge}],
        "notification": {"endpoint": {"uri": "http://127.0.0.1:9/theirs"}},
    }


def _snapshot(ids: Ids) -> dict[str, Any]:
    return {"type": "Snapshot", "id": ids.snapshot, "snapshotQueries": [_query(ids)]}


def _registration(ids: Ids) -> dict[str, Any]:
    return {
        "id": ids.registration,
        "type": "ContextSourceRegistration",
        "information": [{"entities": [{"type": "Elsewhere"}]}],
        "endpoint": "http://127.0.0.1:9/theirs",
    }


for kind, make in (("subscriptions", _subscription), ("csourceSubscriptions", _subscription)):
    one("POST", f"{LD}/{kind}", make)
    one("GET", f"{LD}/{kind}", None, "count=true&options=sysAttrs")
    one("GET", f"{LD}/{kind}/{{id}}", None, "options=sysAttrs")
    one("PATCH", f"{LD}/{kind}/{{id}}", {"type": "Subscription", "isActive": False})
    one("DELETE", f"{LD}/{kind}/{{id}}")
one("POST", f"{LD}/csourceRegistrations", _registration)
one("GET", f"{LD}/csourceRegistrations", None, "type=bq7xfar&count=true", "type=Gauge")
one("GET", f"{LD}/csourceRegistrations/{{id}}", None, "options=sysAttrs")
one("PATCH", f"{LD}/csourceRegistrations/{{id}}", _registration)
one("DELETE", f"{LD}/csourceRegistrations/{{id}}")
one("POST", f"{LD}/snapshots", _snapshot)
