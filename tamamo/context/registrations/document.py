"""The CSourceRegistration (clause 5.2.9): reading, changing and showing it.

Stored form: the members of table 5.2.9-1 by their names, names of types and attributes inside as
IRIs; members beyond the table (Context Source Properties, clause 4.9) by their IRIs.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

from tamamo.context import readers
from tamamo.context.jsonld import TermMap
from tamamo.context.model.values import NGSI_NULL, Fault, check_json, check_uri
from tamamo.context.negotiation import JSON, LD_JSON
from tamamo.context.readers import Reader, list_of, members_of, one_of
from tamamo.context.registrations.operations import OPERATIONS, READING
from tamamo.kernel.time import from_text

TYPE: Final = "ContextSourceRegistration"
Document = dict[str, Any]

#: Generated here (table 5.2.9-2): ignored where they are given.
_READ_ONLY: Final = frozenset(
    {"status", "timesSent", "timesFailed", "lastSuccess", "lastFailure", "createdAt", "modifiedAt"}
)
_MODES: Final = ("inclusive", "exclusive", "redirect", "auxiliary")


def _endpoint(value: Any, place: str, _: TermMap) -> str:
    address = check_uri(value, place)
    try:
        parts = urlsplit(address)
        known = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError as error:
        raise Fault(str(error), place) from None
    if not known:
        raise Fault("an address with http or https is expected", place)
    return address


def _source_info(value: Any, place: str, terms: TermMap) -> dict[str, str]:
    """Read a pair of contextSourceInfo; some keys have a meaning of their own (4.3.6.6)."""
    pair: dict[str, str] = readers.key_value(value, place, terms)
    reader = _MEANINGS.get(pair["key"])
    if reader is not None:
        try:
            reader(pair["value"], "value", terms)
        except Fault as fault:
            raise fault.under(place) from None
    return pair


def _version(value: Any, place: str, _: TermMap) -> str:
    major, _dot, minor = str(value).partition(".")
    if not (major.isdecimal() and minor.isdecimal() and len(value) < 10):
        raise Fault("a version such as 1.5 is expected", place)
    return str(value)


def _interval(value: Any, place: str, terms: TermMap) -> dict[str, str]:
    found: dict[str, str] = _INTERVAL(value, place, terms)
    if "endAt" in found and from_text(found["endAt"]) < from_text(found["startAt"]):
        raise Fault("ends before it starts", place, "endAt")
    return found


def _information(value: Any, place: str, terms: TermMap) -> dict[str, Any]:
    found: dict[str, Any] = _REGISTRATION_INFO(value, place, terms)
    if not found:
        raise Fault("entities, propertyNames or relationshipNames are expected", place)
    return found


_MEANINGS: Final[Mapping[str, Reader]] = {
    "accept": one_of(JSON, LD_JSON),
    "contentType": one_of(JSON, LD_JSON),
    "jsonldContext": readers.uri,
    "ngsildConformance": _version,
}
_INTERVAL: Final = members_of(
    {"startAt": readers.moment, "endAt": readers.moment}, required=("startAt",)
)
_ENTITY_INFO: Final = members_of(
    {
        "id": readers.uri,
        "idPattern": readers.id_pattern,
        "type": readers.one_or_list_of(readers.entity_type),
    },
    required=("type",),
)
_REGISTRATION_INFO: Final = members_of(
    {
        "entities": list_of(_ENTITY_INFO),
        "propertyNames": list_of(readers.attribute),
        "relationshipNames": list_of(readers.attribute),
    }
)
_MANAGEMENT: Final = members_of(
    {
        "cacheDuration": readers.duration,
        "cooldown": readers.positive,
        "localOnly": readers.flag,
        "timeout": readers.positive,
    }
)
readers.described(_interval, readers.schema_of(_INTERVAL))
readers.described(_information, readers.schema_of(_REGISTRATION_INFO))
readers.described(_source_info, readers.schema_of(readers.key_value))
readers.described(_endpoint, readers.schema_of(readers.uri))

MEMBERS: Final[Mapping[str, Reader]] = {
    "registrationName": readers.text,
    "description": readers.text,
    "information": list_of(_information),
    "tenant": readers.text,
    "observationInterval": _interval,
    "managementInterval": _interval,
    "location": readers.geometry,
    "observationSpace": readers.geometry,
    "operationSpace": readers.geometry,
    "expiresAt": readers.moment,
    "endpoint": _endpoint,
    "contextSourceInfo": list_of(_source_info),
    "contextSourceAlias": readers.text,
    "scope": readers.scope,
    "mode": one_of(*_MODES),
    "operations": list_of(one_of(*OPERATIONS)),
    "refreshRate": readers.duration,
    "datasetId": list_of(readers.dataset),
    "management": _MANAGEMENT,
}


def create(body: Mapping[str, Any], terms: TermMap, now: datetime) -> tuple[str, Document]:
    """Return the id and the stored form of a new registration; without an id it is given one.

    Raises BadRequestData, which names the member at fault.
    """
    try:
        given = body.get("id")
        registration_id = f"urn:ngsi-ld:{TYPE}:{uuid4()}" if given is None else check_id(given)
        if body.get("type") != TYPE:
            raise Fault(f"{TYPE} is expected", "type")
        document = _read(body, terms)
        _check_whole(document, now)
    except Fault as fault:
        raise fault.problem() from None
    return registration_id, document


def change(
    registration_id: str,
    document: Document,
    fragment: Mapping[str, Any],
    terms: TermMap,
    now: datetime,
) -> Document:
    """Return the stored form after a partial update (clause 5.5.8): a null removes a member.

    Raises BadRequestData, which names the member at fault.
    """
    try:
        if fragment.get("id", registration_id) != registration_id:
            raise Fault("the id of a registration cannot be changed", "id")
        if fragment.get("type", TYPE) != TYPE:
            raise Fault(f"{TYPE} is expected", "type")
        # JSON-LD drops members that are null; RFC 7396, which 5.5.8 adapts, removes them.
        gone = {name for name, value in fragment.items() if value is None or value == NGSI_NULL}
        kept = {name: value for name, value in fragment.items() if name not in gone}
        changed = document | _read(kept, terms)
        for name in gone:
            changed.pop(name if name in MEMBERS else terms.expand_term(name), None)
        _check_whole(changed, now)
    except Fault as fault:
        raise fault.problem() from None
    return changed


def check_id(value: Any) -> str:
    """Return the id of a registration; raise Fault when it is no URI."""
    return check_uri(value, "id")


def show(registration_id: str, document: Document, terms: TermMap) -> dict[str, Any]:
    """Return a registration as JSON with the names of a @context."""
    shown: dict[str, Any] = {"id": registration_id, "type": TYPE}
    for name, value in document.items():
        shown[terms.compact_iri(name) if ":" in name else name] = (
            [_show_information(info, terms) for info in value] if name == "information" else value
        )
    return shown


def is_temporal(document: Document) -> bool:
    """Whether it is about the past: such a source is not asked for the present (5.9.1)."""
    return "observationInterval" in document or "managementInterval" in document


def mode_of(document: Document) -> str:
    """Return the mode; inclusive unless said otherwise."""
    return str(document.get("mode", "inclusive"))


def attributes_of(info: Mapping[str, Any]) -> frozenset[str]:
    """Return the attributes of a RegistrationInfo; none means all."""
    return frozenset((*info.get("propertyNames", ()), *info.get("relationshipNames", ())))


def types_of(entity_info: Mapping[str, Any]) -> list[str]:
    """Return the types of an EntityInfo."""
    types = entity_info["type"]
    return types if isinstance(types, list) else [types]


def _read(body: Mapping[str, Any], terms: TermMap) -> Document:
    document: Document = {}
    for name, value in body.items():
        reader = MEMBERS.get(name)
        if reader is not None:
            document[name] = reader(value, name, terms)
        elif name not in _READ_ONLY and name not in {"id", "type", "@context"}:
            document[readers.attribute(name, name, terms)] = _property(value, name)
    return document


def _property(value: Any, place: str) -> Any:
    """Check the value of a Context Source Property: any JSON but an NGSI-LD Null."""
    if value is None or value == NGSI_NULL:
        raise Fault("a null is no value", place)
    if isinstance(value, dict | list):
        try:
            check_json(value)
        except Fault as fault:
            raise fault.under(place) from None
    return value


def _check_whole(document: Document, now: datetime) -> None:
    """Check what concerns several members (clauses 5.9.2.4, 4.3.6.3)."""
    for name in ("information", "endpoint"):
        if name not in document:
            raise Fault("is missing", name)
    if "expiresAt" in document and from_text(document["expiresAt"]) <= now:
        raise Fault("lies in the past", "expiresAt")
    mode = mode_of(document)
    if mode == "exclusive":
        for at, info in enumerate(document["information"]):
            _check_exclusive(info, at)
    elif mode == "auxiliary" and not READING.issuperset(document.get("operations", ())):
        known = ", ".join(sorted(READING))
        raise Fault(f"an auxiliary source is registered for one or more of {known}", "operations")


def _check_exclusive(info: Mapping[str, Any], at: int) -> None:
    place = ("information", str(at))
    if not attributes_of(info):
        raise Fault("an exclusive registration names attributes", *place, "propertyNames")
    entities = info.get("entities", ())
    if not entities or not all("id" in entity for entity in entities):
        raise Fault("an exclusive registration names its entity by id", *place, "entities")


def _show_information(info: Mapping[str, Any], terms: TermMap) -> dict[str, Any]:
    shown = dict(info)
    for name in ("propertyNames", "relationshipNames"):
        if name in info:
            shown[name] = [terms.compact_iri(iri) for iri in info[name]]
    if "entities" in info:
        shown["entities"] = [
            {
                **entity,
                "type": [terms.compact_iri(iri) for iri in entity["type"]]
                if isinstance(entity["type"], list)
                else terms.compact_iri(entity["type"]),
            }
            for entity in info["entities"]
        ]
    return shown
