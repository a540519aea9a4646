"""Input meant to break a server, and what the answer names."""

import json
import math
from typing import Any
from urllib.parse import quote


def entity(**members: Any) -> dict[str, Any]:
    plain = {"id", "type", "@context", "expiresAt", "scope"}
    return {"id": "urn:x:1", "type": "T"} | {
        name: value
        if name in plain or isinstance(value, dict)
        else {"type": "Property", "value": value}
        for name, value in members.items()
    }


E = "/ngsi-ld/v1/entities"
QUERY = "/ngsi-ld/v1/entityOperations/query"


def q(text: str) -> str:
    return f"{E}?local=true&q={quote(text, safe='')}"


def by_id(pattern: str) -> str:
    return f"{E}?type=T&idPattern={quote(pattern, safe='')}"


#: What a query may not be: (path, status, field).
QUERIES = {
    "parentheses in q": (q("(" * 1000 + "a" + ")" * 1000), 403, "q"),
    "conditions in q": (q("a;" * 1000 + "a"), 403, "q"),
    "values in q": (q("a==" + ",".join(["1"] * 2000)), 403, "q"),
    "relationships in q": (q("a{" * 200 + "b" + "}" * 200), 403, "q"),
    "U+0000 in q": (q('a=="\0"'), 400, "q"),
    "half a character in q": (f"{E}?local=true&q=a==%ED%A0%80", 400, None),
    "a number beyond all in q": (q("a==1e400"), 400, "q"),
    "repeats in repeats": (q('a~="(a{200}){200}"'), 400, "q"),
    "a back-reference": (q(r'a~="(a+)\1"'), 400, "q"),
    "a large expression": (q('a~="' + "|".join(["(a|b)*c{1,255}"] * 60) + '"'), 403, "q"),
    "a long expression": (by_id("a" * 2000), 403, "idPattern"),
    "an expression that grows": (by_id("(.?){255}" * 100), 403, "idPattern"),
    "half an expression": (by_id("(" * 10), 400, "idPattern"),
    "parentheses in type": (f"{E}?type={'(' * 1000}a{')' * 1000}", 403, "type"),
    "types": (f"{E}?type={','.join(['a'] * 2000)}", 403, "type"),
    "parentheses in scopeQ": (f"{E}?type=T&scopeQ={'(' * 1000}/a{')' * 1000}", 403, "scopeQ"),
    "braces in pick": (f"{E}?type=T&pick={'a{' * 2000}b{'}' * 2000}", 403, "pick"),
    "members in pick": (f"{E}?type=T&pick={','.join(f'a{n}' for n in range(9999))}", 403, "pick"),
    "a huge limit": (f"{E}?type=T&limit=1000000000", 403, "limit"),
    "a limit beyond all": (f"{E}?type=T&limit={'9' * 1000}", 400, "limit"),
    "a negative limit": (f"{E}?type=T&limit=-1", 400, "limit"),
    "an offset beyond all": (f"{E}?type=T&offset={'9' * 1000}", 400, "offset"),
    "a distance beyond all": (
        f"{E}?type=T&georel=near;maxDistance==1e400&geometry=Point&coordinates=[1,1]", 400,
        "georel",
    ),
    "a place beyond all": (
        f"{E}?type=T&georel=within&geometry=Point&coordinates=[1e400,1]", 400, "coordinates",
    ),
    "deep coordinates": (
        f"{E}?type=T&georel=within&geometry=Polygon&coordinates={'[' * 3000}{']' * 3000}", 400,
        "coordinates",
    ),
    "an absurd time": (
        "/ngsi-ld/v1/temporal/entities?type=T&timerel=after&timeAt=99999-01-01T00:00:00Z", 400,
        "timeAt",
    ),
    "an absurd period": (
        "/ngsi-ld/v1/temporal/entities?type=T&timerel=after&timeAt=2020-01-01T00:00:00Z"
        "&aggrMethods=avg&aggrPeriodDuration=P99999999999Y&options=aggregatedValues", 400,
        "aggrPeriodDuration",
    ),
    "q of the other door": ("/v2/entities?q=" + quote("a==1;" * 1000 + "a"), 422, None),
}  # fmt: skip


def nested(depth: int, opening: str, closing: str) -> bytes:
    return f'{{"id":"urn:x:1","type":"T","a":{opening * depth}1{closing * depth}}}'.encode()


def ring(points: int) -> list[list[float]]:
    corners = [
        [math.cos(2 * math.pi * n / points), math.sin(2 * math.pi * n / points)]
        for n in range(points)
    ]
    return [*corners, corners[0]]


A_SHAPE = {"type": "Polygon", "coordinates": [ring(200_000)]}
RECEIVER = {"endpoint": {"uri": "http://192.0.2.1/"}}


def subscription(**members: Any) -> tuple[str, dict[str, Any]]:
    body = {"type": "Subscription", "entities": [{"type": "T"}], "notification": RECEIVER}
    return "/ngsi-ld/v1/subscriptions", body | members


def registration(**members: Any) -> tuple[str, dict[str, Any]]:
    body = {"type": "ContextSourceRegistration", "endpoint": "http://192.0.2.1/"}
    return "/ngsi-ld/v1/csourceRegistrations", body | members


def query(*selectors: dict[str, Any], **members: Any) -> tuple[str, dict[str, Any]]:
    return QUERY, {"type": "Query", "entities": [{"type": "T"} | s for s in selectors], **members}


def observed(at: str) -> dict[str, Any]:
    return entity(a={"value": 1, "observedAt": at})


def located(place: dict[str, Any]) -> dict[str, Any]:
    return entity(location={"type": "GeoProperty", "value": place})


def value(text: bytes) -> bytes:
    return b'{"id":"urn:x:1","type":"T","a":' + text + b"}"


MANY: dict[str, Any] = {f"a{number}": 1 for number in range(100_000)}
OTHERS = {name: {"value": 1} for name in MANY}
ARRAYS = b"[" * 1000 + b"]" * 1000
FAR = {"type": "Point", "coordinates": [1e308, 1]}
WITHIN = {"georel": "within", "geometry": "Polygon", "coordinates": A_SHAPE["coordinates"]}
PATTERNS = [{"idPattern": f"a{number}"} for number in range(900)]
IDS = [f"urn:x:{number}" for number in range(300_000)]

#: What a body may not be: ((path, body), status, field).
BODIES: dict[str, tuple[tuple[str, Any], int, str | None]] = {
    "depth in a value": ((E, nested(1000, '{"a":', "}")), 400, "/a"),
    "depth in an array": ((E, value(b'{"value":' + ARRAYS + b"}")), 400, "/a/value"),
    "depth in attributes": ((E, nested(1000, '{"value":1,"a":', "}")), 400, "/a"),
    "depth beyond all": ((E, nested(100_000, "[", "]")), 400, None),
    "a number beyond all": ((E, value(b"1e400")), 400, None),
    "digits": ((E, value(b"9" * 5000)), 400, None),
    "no number": ((E, value(b"NaN")), 400, None),
    "half a character": ((E, value(b'"\\ud800"')), 400, None),
    "no UTF-8": ((E, value(b'"\xff"')), 400, None),
    "U+0000 in a value": ((E, entity(b={"value": {"c": ["x\0y"]}})), 400, "/b/value/c/0"),
    "U+0000 in a name": ((E, value(b'{"a\\u0000b":1}')), 400, "/a"),
    "100,000 attributes": ((E, entity(**MANY)), 400, ""),
    "100,000 sub-attributes": ((E, entity(a={"value": 1} | MANY)), 400, "/a"),
    "100,000 types": ((E, entity() | {"type": [*MANY]}), 400, "/type"),
    "100,000 scopes": ((E, entity(scope=[f"/{name}" for name in MANY])), 400, "/scope"),
    "an absurd time": ((E, observed("99999-01-01T00:00:00Z")), 400, "/a/observedAt"),
    "a time before all": ((E, observed("0000-01-01T00:00:00Z")), 400, "/a/observedAt"),
    "a place beyond all": ((E, located(FAR)), 400, "/location/value/coordinates"),
    "200,000 corners": ((E, located(A_SHAPE)), 400, "/location/value/coordinates"),
    "a query within 200,000 corners": (query({}, geoQ=WITHIN), 400, "coordinates"),
    "selectors": (query(*[{}] * 20_000), 403, "entities"),
    "patterns": (query(*PATTERNS), 403, "entities"),
    "ids": (query({"id": IDS}), 403, "id"),
    "members in pick of a body": (query({}, pick=[*MANY]), 403, "pick"),
    "members in attrs of a body": (query({}, attrs=[*MANY]), 403, "attrs"),
    "a batch": (("/ngsi-ld/v1/entityOperations/delete", IDS), 400, None),
    "selectors of a subscription": (
        subscription(entities=[{"type": "T"}] * 100_000), 400, "/entities",
    ),
    "patterns of a subscription": (
        subscription(entities=[{"type": "T"} | one for one in PATTERNS]), 403, "entities",
    ),
    "q of a subscription": (subscription(q="(" * 1000 + "a" + ")" * 1000), 403, "q"),
    "parts of a registration": (
        registration(information=[{"entities": [{"type": "T"}]}] * 50_000), 400, "/information",
    ),
    "100,000 attributes at the other door": (("/v2/entities", {"id": "y"} | OTHERS), 400, None),
    "depth at the other door": (
        ("/v2/entities", b'{"id":"y","type":"T","a":{"value":' + ARRAYS + b"}}"), 400, None,
    ),
}  # fmt: skip


def content_of(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()
