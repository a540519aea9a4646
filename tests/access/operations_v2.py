"""The same for NGSIv2, the streams, and what else the application answers to."""

from collections.abc import Iterator
from typing import Any

from tests.access.operations import Shape, entry, one
from tests.access.world import Ids

_NORMAL = {"value": 7, "type": "Number"}


def _entity(ids: Ids) -> dict[str, Any]:
    return {"id": ids.gauge, "type": "Gauge", "note": _NORMAL}


@entry("GET", "/v2/entities")
def _entities(ids: Ids) -> Iterator[Shape]:
    for query in (
        "type=Gauge&options=count",
        f"id={ids.gauge}",
        "idPattern=.*&options=count,keyValues",
        "typePattern=.*&attrs=*,dateCreated,servicePath",
        f"q=note=={ids.word}value",
        f"orderBy=!note&attrs={ids.word}attr",
        "georel=near;maxDistance:500000&geometry=point&coords=34,134&options=count",
    ):
        yield Shape(f"/v2/entities?{query}")
    for place in (f"/{ids.word}scope", "/#", f"/{ids.word}scope/#"):
        yield Shape("/v2/entities?options=count", headers=(("Fiware-ServicePath", place),))


one("POST", "/v2/entities", _entity, "options=upsert", "options=keyValues")
one("GET", "/v2/entities/{id}", None, "type=Gauge", "options=keyValues&attrs=note")
one("DELETE", "/v2/entities/{id}", None, "type=Gauge")
one("GET", "/v2/entities/{id}/attrs", None, "metadata=*")
for method in ("POST", "PATCH", "PUT"):
    one(method, "/v2/entities/{id}/attrs", {"note": _NORMAL})
one("GET", "/v2/entities/{id}/attrs/{attr}")
one("PUT", "/v2/entities/{id}/attrs/{attr}", _NORMAL)
one("DELETE", "/v2/entities/{id}/attrs/{attr}")
one("GET", "/v2/entities/{id}/attrs/{attr}/value")
one("PUT", "/v2/entities/{id}/attrs/{attr}/value", {"a": 1})
one("GET", "/v2/types", None, "options=count,values", "options=noAttrDetail")
one("GET", "/v2/types/{type}")


def _subscription(ids: Ids) -> dict[str, Any]:
    return {
        "subject": {"entities": [{"id": ids.gauge, "type": "Gauge"}]},
        "notification": {"http": {"url": "http://127.0.0.1:9/theirs"}},
    }


one("GET", "/v2/subscriptions", None, "options=count")
one("POST", "/v2/subscriptions", _subscription)
one("GET", "/v2/subscriptions/{id}")
one("PATCH", "/v2/subscriptions/{id}", {"status": "inactive"})
one("DELETE", "/v2/subscriptions/{id}")
one("GET", "/v2/")


@entry("POST", "/v2/op/update")
def _update(ids: Ids) -> Iterator[Shape]:
    own = {"id": "urn:ngsi-ld:Gauge:own", "type": "Gauge", "level": _NORMAL}
    for action in ("append", "appendStrict", "update", "delete", "replace"):
        yield Shape("/v2/op/update", {"actionType": action, "entities": [own, _entity(ids)]})


@entry("POST", "/v2/op/notify")
def _notify(ids: Ids) -> Iterator[Shape]:
    yield Shape("/v2/op/notify", {"subscriptionId": ids.v2_subscription, "data": [_entity(ids)]})


@entry("POST", "/v2/op/query")
def _query(ids: Ids) -> Iterator[Shape]:
    yield Shape("/v2/op/query?options=count", {"entities": [{"idPattern": ".*"}]})
    yield Shape("/v2/op/query", {"entities": [{"id": ids.gauge}], "attrs": ["note"]})
    text = f"note=={ids.word}value"
    asked = {"entities": [{"idPattern": ".*"}], "expression": {"q": text}}
    yield Shape("/v2/op/query", asked)


@entry("GET", "/sse")
def _stream(ids: Ids) -> Iterator[Shape]:
    for query in ("", "?type=Gauge", f"?id={ids.gauge}&type=Gauge", "?after=1-1",
                  f'?q=note=="{ids.word}value"&type=Gauge', f"?type={ids.word}type"):  # fmt: skip
        yield Shape(f"/sse{query}", seconds=0.05)
    yield Shape(f"/sse?tenant={ids.tenant}", seconds=0.05)
    yield Shape(f"/sse?tenant={ids.tenant}&after=1-1", seconds=0.05)
    yield Shape(f"/sse?town={ids.tenant}", seconds=0.05, public=True)
    yield Shape(f"/sse?town={ids.home}&tenant={ids.tenant}", seconds=0.05, public=True)


@entry("POST", "/ngsi-ld/ex/remote-notify")
def _told(ids: Ids) -> Iterator[Shape]:
    """Sources tell of subscriptions by an id that nobody else knows."""
    for name in (ids.subscription, ids.source_subscription, ids.remote):
        yield Shape("/ngsi-ld/ex/remote-notify", {"subscriptionId": name, "data": [_entity(ids)]})


for path in ("/healthz", "/readyz", "/metrics", "/api", "/api/", "/api/ngsi-ld.json",
             "/api/ngsiv2.json"):  # fmt: skip
    one("GET", path)


_OGC = "/t/{town}/ogc"
_GAUGES = f"{_OGC}/collections/{{collection}}"


def _features(path: str, *queries: str) -> None:
    """Register a resource of the OGC API, asked for in Beta by its address."""

    def shapes(ids: Ids) -> Iterator[Shape]:
        names = {"town": ids.tenant, "collection": "Gauge", "feature": ids.gauge,
                 "zoom": "0", "row": "0", "column": "0"}  # fmt: skip
        for query in ("", *queries):
            yield Shape(path.format(**names) + query.format(word=ids.word))

    entry("GET", path)(shapes)


for path in ("", "/conformance", "/api", "/collections", "/tileMatrixSets",
             "/tileMatrixSets/WebMercatorQuad"):  # fmt: skip
    _features(f"{_OGC}{path}")
for path in ("", "/queryables", "/tiles", "/tiles/WebMercatorQuad", "/items/{feature}",
             "/tiles/WebMercatorQuad/{zoom}/{row}/{column}"):  # fmt: skip
    _features(f"{_GAUGES}{path}")
_features(f"{_GAUGES}/items", "?{word}attr=2", "?note={word}value&bbox=0,0,179,89")
