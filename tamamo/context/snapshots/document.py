"""What a client says of a snapshot (clause 5.2.41), and what it is shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from tamamo.context.errors import BadRequestData
from tamamo.context.jsonld import TermMap
from tamamo.context.model.values import NGSI_NULL, Fault, check_uri
from tamamo.context.query import temporalq
from tamamo.context.readers import Reader, list_of
from tamamo.context.subscriptions.members import endpoint_uri, header
from tamamo.kernel.time import now, to_text

Document = dict[str, Any]

QUERIES: Final = "snapshotQueries"
TEMPORAL_QUERIES: Final = "snapshotTemporalQueries"
#: Members with the results of the queries (table 5.2.41-2).
DETAILS: Final = {
    QUERIES: "snapshotQueriesDetails",
    TEMPORAL_QUERIES: "snapshotTemporalQueriesDetails",
}
#: All members of a Snapshot: what a purge may ask about (5.16.7.4).
MEMBERS: Final = frozenset(
    {"id", "type", QUERIES, TEMPORAL_QUERIES, "snapshotLifetime", "snapshotPriority", "endpoint"}
    | {"receiverInfo", "snapshotStatus", "createdAt", "modifiedAt", "expiresAt", "lastUsedAt"}
    | set(DETAILS.values())
)
PREFIX: Final = "urn:ngsi-ld:Snapshot:"
#: How long a snapshot is kept when nobody says, and at most.
LIFETIME: Final = timedelta(days=1)
MAX_LIFETIME: Final = timedelta(days=30)
PRIORITY: Final = 5
MAX_QUERIES: Final = 100


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot as it is kept."""

    id: str
    #: The tenant under which its data stand.
    data_tenant: str
    document: Document
    status: str
    details: Document
    priority: int
    created_at: datetime
    modified_at: datetime
    last_used_at: datetime
    expires_at: datetime
    #: The @context of its queries (jsonld.pack).
    terms: bytes


def create(body: Mapping[str, Any], terms: TermMap) -> tuple[str, Document]:
    """Return id and members of a new snapshot (5.16.1). Raises BadRequestData.

    The queries themselves are checked by whoever runs them.
    """
    _check_type(body)
    document = _read(body, _SETTABLE, terms)
    for name in (QUERIES, TEMPORAL_QUERIES):
        if name in body:
            document[name] = _queries(body[name], name)
    if not document.keys() & {QUERIES, TEMPORAL_QUERIES}:
        raise BadRequestData(f"{QUERIES} or {TEMPORAL_QUERIES} is needed", field=f"/{QUERIES}")
    return _new_id(body), document


def clone(body: Mapping[str, Any], terms: TermMap, original: Snapshot) -> tuple[str, Document]:
    """Return id and members of a clone (5.16.2): it keeps the queries. Raises BadRequestData."""
    _check_type(body)
    _refuse_queries(body)
    kept = {
        name: original.document[name]
        for name in (QUERIES, TEMPORAL_QUERIES)
        if name in original.document
    }
    return _new_id(body), kept | _read(body, _SETTABLE, terms)


def update(body: Mapping[str, Any], terms: TermMap, known: Snapshot) -> Document:
    """Return the members of a snapshot after a fragment (5.16.4). Raises BadRequestData."""
    if "type" in body:
        _check_type(body)
    _refuse_queries(body)
    if body.get("id", known.id) != known.id:
        raise BadRequestData("/id: cannot be changed", field="/id")
    gone = {name for name in _SETTABLE if body.get(name, 0) in (None, NGSI_NULL)}
    given = {name: value for name, value in body.items() if name not in gone}
    kept = {name: value for name, value in known.document.items() if name not in gone}
    return kept | _read(given, _SETTABLE, terms)


def show(one: Snapshot) -> Document:
    """Return a snapshot as clause 5.2.41 has it; its queries as they were written."""
    return {
        "id": one.id,
        "type": "Snapshot",
        **one.document,
        "snapshotPriority": one.priority,
        "snapshotStatus": one.status,
        **one.details,
        "createdAt": to_text(one.created_at),
        "modifiedAt": to_text(one.modified_at),
        "expiresAt": to_text(one.expires_at),
        "lastUsedAt": to_text(one.last_used_at),
    }


def priority_of(document: Document) -> int:
    """Return how much a snapshot matters, 1 to 10."""
    return int(document.get("snapshotPriority", PRIORITY))


def expiry_of(document: Document) -> datetime:
    """Return when a snapshot that is made or changed now ends, within the limit."""
    lifetime = LIFETIME
    if "snapshotLifetime" in document:
        duration = temporalq.parse_duration(document, "snapshotLifetime")
        lifetime = LIFETIME if duration is None else as_timedelta(duration)
    return now() + min(lifetime, MAX_LIFETIME)


def as_timedelta(duration: Any) -> timedelta:
    """Return a duration of ISO 8601, months and years counted from now."""
    if isinstance(duration, timedelta):
        return duration
    try:
        found: timedelta = duration.totimedelta(start=now())
    except (OverflowError, ValueError):
        return timedelta.max
    return found


def _check_type(body: Mapping[str, Any]) -> None:
    if body.get("type") != "Snapshot":
        raise BadRequestData("/type: Snapshot is expected", field="/type")


def _refuse_queries(body: Mapping[str, Any]) -> None:
    for name in (QUERIES, TEMPORAL_QUERIES):
        if name in body:
            raise BadRequestData(f"/{name}: cannot be changed", field=f"/{name}")


def _new_id(body: Mapping[str, Any]) -> str:
    if "id" not in body:
        return f"{PREFIX}{uuid4()}"
    try:
        identifier = check_uri(body["id"], "/id")
    except Fault as fault:
        raise fault.problem() from None
    if not identifier.isprintable():
        raise BadRequestData("/id: is no URI", field="/id")
    return identifier


def _queries(value: Any, name: str) -> list[Document]:
    if not isinstance(value, list) or not value or not all(isinstance(one, dict) for one in value):
        raise BadRequestData(f"/{name}: an array of queries is expected", field=f"/{name}")
    if len(value) > MAX_QUERIES:
        raise BadRequestData(f"/{name}: at most {MAX_QUERIES} queries", field=f"/{name}")
    for at, one in enumerate(value):
        if ("temporalQ" in one) != (name == TEMPORAL_QUERIES):
            wanted = "needs" if name == TEMPORAL_QUERIES else "cannot have"
            raise BadRequestData(f"/{name}/{at}: {wanted} temporalQ", field=f"/{name}/{at}")
    return value


def _read(body: Mapping[str, Any], readers: Mapping[str, Reader], terms: TermMap) -> Document:
    try:
        return {
            name: reader(body[name], name, terms)
            for name, reader in readers.items()
            if name in body
        }
    except Fault as fault:
        raise fault.problem() from None


def _lifetime(value: Any, place: str, _: TermMap) -> str:
    if temporalq.parse_duration({place: value}, place) is None:
        raise Fault("is no time at all", place)
    return str(value)


def _priority(value: Any, place: str, _: TermMap) -> int:
    whole = isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)
    if not whole or not 1 <= value <= 10:
        raise Fault("a whole number from 1 to 10 is expected", place)
    return int(value)


def _endpoint(value: Any, place: str, terms: TermMap) -> str:
    address = endpoint_uri(value, place, terms)
    if not address.startswith(("http://", "https://")):
        raise Fault("an address with http or https is expected", place)
    return address


#: What a client may set, at first and later.
_SETTABLE: Final[Mapping[str, Reader]] = {
    "snapshotLifetime": _lifetime,
    "snapshotPriority": _priority,
    "endpoint": _endpoint,
    "receiverInfo": list_of(header),
}
