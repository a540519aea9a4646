"""The members of a Subscription: what each may hold, and names to IRIs and back (5.2.12-5.2.15).

What its readers are made of stands in tamamo.context.readers.
"""

import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from tamamo.context.jsonld import TermMap
from tamamo.context.model.values import Fault, check_uri, is_name
from tamamo.context.negotiation import GEO_JSON, JSON, LD_JSON
from tamamo.context.query import q
from tamamo.context.query.text import ENTITY_MEMBERS, ENTITY_TIMES
from tamamo.context.readers import (
    Reader,
    dataset,
    described,
    flag,
    list_of,
    members_of,
    moment,
    one_of,
    positive,
    schema_of,
    text,
    uri,
)
from tamamo.kernel.errors import Problem

TRIGGERS: Final = (
    "entityCreated",
    "entityUpdated",
    "entityDeleted",
    "attributeCreated",
    "attributeUpdated",
    "attributeDeleted",
)
#: Headers of a notification that a subscriber cannot set: the connection's own.
_OWN_HEADERS: Final = frozenset(
    {"host", "content-length", "content-type", "transfer-encoding", "connection", "te", "upgrade"}
)
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]{0,8000}")
_VERSION = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}")
#: Between the names of a type selection (4.17) or a projection (4.21).
_TYPE_PARTS = re.compile(r"([;|,()\s]+)")
_PROJECTION_PARTS = re.compile(r"([,|{}\s]+)")
_SCHEMES: Final = frozenset({"http", "https", "mqtt", "mqtts"})


def name(value: Any, place: str, terms: TermMap) -> str:
    """Read the name of an attribute."""
    if (
        not isinstance(value, str)
        or not (is_name(value) or ":" in value)
        or value in ENTITY_MEMBERS
    ):
        raise Fault(f"{value!r} is no attribute's name", place)
    return terms.expand_term(value)


def projected(value: Any, place: str, terms: TermMap) -> str:
    """Read an expression of the projection language (4.21)."""
    return replace_names(text(value, place, terms), _PROJECTION_PARTS, terms.expand_term)


def type_selection(value: Any, place: str, terms: TermMap) -> str:
    """Read a type selection (4.17)."""
    return replace_names(text(value, place, terms), _TYPE_PARTS, terms.expand_type)


def compact_types(value: str, terms: TermMap) -> str:
    """Return a stored type selection with names instead of IRIs."""
    return replace_names(value, _TYPE_PARTS, terms.compact_iri)


def compact_projection(value: str, terms: TermMap) -> str:
    """Return a stored projection with names instead of IRIs."""
    return replace_names(value, _PROJECTION_PARTS, terms.compact_iri)


def replace_names(value: str, between: re.Pattern[str], change: Callable[[str], str]) -> str:
    """Return the expression with its names changed; members of entities stay."""
    kept = ENTITY_MEMBERS | ENTITY_TIMES | {"", "*"}
    parts = between.split(value)
    return "".join(
        part if at % 2 or part in kept else change(part) for at, part in enumerate(parts)
    )


def ids(value: Any, place: str, terms: TermMap) -> Any:
    """Read the id of an EntitySelector: one, or several."""
    return list_of(uri)(value, place, terms) if isinstance(value, list) else check_uri(value, place)


def version(value: Any, place: str, _: TermMap) -> str:
    """Read a version of the standard, `major.minor`."""
    if not isinstance(value, str) or not _VERSION.fullmatch(value):
        raise Fault("a version such as 1.6 is expected", place)
    return value


def query(value: Any, place: str, terms: TermMap) -> str:
    """Read a query (4.9). One that makes sense only without its percent-encoding is decoded.

    Only in a URI a query is encoded; clients that copy it from there mean the same.
    """
    written = text(value, place, terms)
    plain = unquote(written)
    return plain if plain != written and not _is_query(written, terms) else written


def _is_query(value: str, terms: TermMap) -> bool:
    try:
        q.parse(value, terms)
    except Problem:
        return False
    return True


def anything(value: Any, _place: str, _terms: TermMap) -> Any:
    """Take what another reader checks."""
    return value


def endpoint_uri(value: Any, place: str, _: TermMap) -> str:
    """Read the address of a receiver: http, https, mqtt or mqtts with a topic (7.2)."""
    address = check_uri(value, place)
    try:
        parts = urlsplit(address)
        _port = parts.port
    except ValueError as error:
        raise Fault(str(error), place) from None
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise Fault(f"an address with {', '.join(sorted(_SCHEMES))} is expected", place)
    if parts.scheme.startswith("mqtt"):
        topic = parts.path.removeprefix("/")
        if not topic or set("+#") & set(address):
            raise Fault("a topic without wildcards is expected after the host", place)
    return address


def header(value: Any, place: str, terms: TermMap) -> dict[str, str]:
    """Read a KeyValuePair of receiverInfo: a header of the notification (RFC 7230)."""
    pair: dict[str, str] = _PAIR(value, place, terms)
    if not _HEADER.fullmatch(pair["key"]) or pair["key"].lower() in _OWN_HEADERS:
        raise Fault(f"{pair['key']!r} cannot be a header of notifications", place, "key")
    if not _HEADER_VALUE.fullmatch(pair["value"]):
        raise Fault("no header can hold this value", place, "value")
    return pair


def notifier(value: Any, place: str, terms: TermMap) -> dict[str, str]:
    """Read a KeyValuePair of notifierInfo (table 7.2-1)."""
    pair: dict[str, str] = _PAIR(value, place, terms)
    allowed = _NOTIFIER.get(pair["key"])
    if allowed is not None and pair["value"] not in allowed:
        raise Fault(f"one of {', '.join(allowed)} is expected", place, "value")
    return pair


described(name, schema_of(text))
described(projected, schema_of(text))
described(type_selection, schema_of(text))
described(version, schema_of(text))
described(ids, {"anyOf": [schema_of(uri), schema_of(list_of(uri))]})
described(endpoint_uri, schema_of(uri))

#: A KeyValuePair (5.2.22).
_PAIR: Final = members_of({"key": text, "value": text}, required=("key", "value"))
described(header, schema_of(_PAIR))
described(notifier, schema_of(_PAIR))
_NOTIFIER: Final = {"MQTT-QoS": ("0", "1", "2"), "MQTT-Version": ("mqtt3.1.1", "mqtt5.0")}

SELECTOR: Final = members_of(
    {"type": type_selection, "id": ids, "idPattern": text}, required=("type",)
)
GEO_QUERY: Final = members_of(
    {"georel": text, "geometry": text, "coordinates": anything, "geoproperty": name},
    required=("georel", "geometry", "coordinates"),
)
ENDPOINT: Final = members_of(
    {
        "uri": endpoint_uri,
        "accept": one_of(JSON, LD_JSON, GEO_JSON),
        "cooldown": positive,
        "timeout": positive,
        "notifierInfo": list_of(notifier),
        "receiverInfo": list_of(header),
    },
    required=("uri",),
)
NOTIFICATION: Final = members_of(
    {
        "attributes": list_of(name),
        "pick": list_of(projected),
        "omit": list_of(projected),
        "format": one_of("normalized", "concise", "simplified", "keyValues"),
        "join": one_of("flat", "inline", "@none"),
        "joinLevel": positive,
        "showChanges": flag,
        "sysAttrs": flag,
        "endpoint": ENDPOINT,
    },
    required=("endpoint",),
)
TEMPORAL_QUERY: Final = members_of(
    {
        "timerel": one_of("before", "after", "between"),
        "timeAt": moment,
        "endTimeAt": moment,
        "timeproperty": one_of("observedAt", "createdAt", "modifiedAt", "deletedAt"),
    },
    required=("timerel", "timeAt"),
)
SUBSCRIPTION: Final[dict[str, Reader]] = {
    "subscriptionName": text,
    "description": text,
    "entities": list_of(SELECTOR),
    "watchedAttributes": list_of(name),
    "notificationTrigger": list_of(one_of(*TRIGGERS)),
    "timeInterval": positive,
    "q": query,
    "expandValues": text,
    "jsonKeys": text,
    "geoQ": GEO_QUERY,
    "scopeQ": text,
    "csf": query,
    "isActive": flag,
    "localOnly": flag,
    "splitEntities": flag,
    "notification": NOTIFICATION,
    "expiresAt": moment,
    "throttling": positive,
    "lang": text,
    "datasetId": list_of(dataset),
    "jsonldContext": uri,
    "ngsildConformance": version,
}
#: Of a subscription to registrations; the temporal query is for these only.
SOURCE_SUBSCRIPTION: Final[dict[str, Reader]] = {**SUBSCRIPTION, "temporalQ": TEMPORAL_QUERY}
