"""Request bodies to entities and fragments in stored form (clauses 4.5, 5.4, 5.5.4).

Every function raises BadRequestData with `field`, a JSON pointer into the body.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from tamamo.context.errors import BadRequestData
from tamamo.context.jsonld.terms import TermMap
from tamamo.context.model.entity import Attributes, Entity, Instance
from tamamo.context.model.instances import Reader, attribute_iri, check_members
from tamamo.context.model.kinds import DELETED, GEO_ATTRIBUTES, NOT_ATTRIBUTES, VALUE_MEMBERS
from tamamo.context.model.members import Rules
from tamamo.context.model.sameness import repeats
from tamamo.context.model.values import (
    NGSI_NULL,
    Fault,
    check_moment,
    check_number,
    check_scopes,
    check_uri,
    is_name,
    read_json,
)

__all__ = [
    "APPEND",
    "ENTITY_MEMBERS",
    "MERGE",
    "MERGE_SIMPLIFIED",
    "PARTIAL",
    "UPDATE",
    "Fragment",
    "parse_attribute",
    "parse_entity",
    "parse_fragment",
    "parse_received",
    "parse_temporal",
    "read_json",
    "unwrapped",
]

#: Attributes that need not be read again, by IRI.
_Known = Mapping[str, list[Instance]]
_NOTHING: Final[_Known] = MappingProxyType({})
_SYSTEM: Final = frozenset({"createdAt", "modifiedAt", "deletedAt"})
_PLAIN: Final = Rules()
_SIMPLIFIED: Final = Rules(simplified=True)
_TEMPORAL: Final = Rules(repeated=True)
_RECEIVED: Final = Rules(received=True)
_RECEIVED_TEMPORAL: Final = Rules(repeated=True, received=True)

#: What a body may hold, by operation. Append Attributes (5.6.3) and Replace (5.6.18, 5.6.19)
#: know no NGSI-LD Null; Update Attributes and Partial Update (5.5.8) delete by it; Merge (5.5.12)
#: also inside values, and lets an attribute name only what changes.
APPEND: Final = _PLAIN
UPDATE: Final = Rules(nulls=True)
PARTIAL: Final = Rules(nulls=True, partial=True)
MERGE: Final = Rules(nulls=True, nested_nulls=True, partial=True)
MERGE_SIMPLIFIED: Final = Rules(nulls=True, nested_nulls=True, partial=True, simplified=True)


@dataclass(slots=True)
class Fragment:
    """An Entity Fragment (clause 5.4): what an operation adds, changes or deletes.

    attrs: instances as in Entity, and deletions: {"@deleted": True} with a datasetId where the
    instance has one. scopes: None when not mentioned, empty to delete. expires_at: None when not
    mentioned, NGSI_NULL to delete.
    """

    id: str | None = None
    types: list[str] = field(default_factory=list)
    attrs: Attributes = field(default_factory=dict)
    scopes: list[str] | None = None
    expires_at: str | None = None


def parse_entity(
    body: Any,
    terms: TermMap,
    *,
    simplified: bool = False,
    known: _Known = _NOTHING,
) -> Entity:
    """Return the whole entity of a create, replace or upsert, normalized or concise.

    simplified: the body is in simplified representation (clause 4.5.4). known: attributes as they
    are stored, which were read once; one that the body gives to the letter is that very list in
    the result.
    """
    fragment = _parse(body, terms, _SIMPLIFIED if simplified else _PLAIN, known)
    if fragment.id is None:
        raise Fault("an entity needs an id", "id").problem()
    if not fragment.types:
        raise Fault("an entity needs a type", "type").problem()
    return Entity(
        fragment.id,
        fragment.types,
        fragment.attrs,
        fragment.scopes or [],
        expires_at=fragment.expires_at,
    )


def parse_fragment(
    body: Any, terms: TermMap, rules: Rules, *, entity_id: str | None = None
) -> Fragment:
    """Return the fragment of an operation on a known entity. rules: APPEND, UPDATE or MERGE.

    entity_id: the entity of the request's path; an `id` in the body must equal it.
    """
    fragment = _parse(body, terms, rules)
    if entity_id is not None and fragment.id not in {None, entity_id}:
        raise Fault(f"is not the entity addressed, {entity_id}", "id").problem()
    return fragment


def parse_attribute(body: Any, terms: TermMap, rules: Rules, attr: str) -> Instance:
    """Return the Attribute Fragment of Partial Update (PARTIAL) or Replace Attribute (APPEND).

    attr: the IRI of the attribute addressed. For Replace Attribute, see `unwrapped`.
    """
    try:
        if type(body) is not dict:
            raise Fault("an attribute is a JSON object")
        plain = {name: value for name, value in body.items() if name != "@context"}
        if not rules.partial:
            plain = unwrapped(plain, terms, attr)
        instance = Reader(terms, rules).fragment(plain)
        _check_geo(attr, [instance])
        return instance
    except Fault as fault:
        raise fault.problem() from None


def unwrapped(body: dict[str, Any], terms: TermMap, attr: str) -> dict[str, Any]:
    """Return an Attribute Fragment, also of an Entity Fragment that holds this attribute alone.

    As a whole attribute such a body would have no value, so it can only mean the other.
    """
    if len(body) == 1:
        ((name, value),) = body.items()
        if type(value) is dict and name not in _ALONE and terms.expand_term(name) == attr:
            return value
    return body


def parse_temporal(body: Any, terms: TermMap, *, whole: bool = True) -> Entity:
    """Return the temporal evolution in a body: each attribute with its instances over time.

    whole: id and type are required (5.6.11); False for Add Attributes (5.6.12), where a missing
    id is "" and missing types are empty. Several instances may share a datasetId here.
    """
    fragment = _parse(body, terms, _TEMPORAL)
    if whole and fragment.id is None:
        raise Fault("an entity needs an id", "id").problem()
    if whole and not fragment.types:
        raise Fault("an entity needs a type", "type").problem()
    return Entity(fragment.id or "", fragment.types, fragment.attrs, fragment.scopes or [])


def parse_received(body: Any, terms: TermMap, *, temporal: bool = False) -> Entity:
    """Return an entity that another context source answered, with the times it says.

    temporal: its evolution, with the instances of each attribute over time.
    """
    fragment = _parse(body, terms, _RECEIVED_TEMPORAL if temporal else _RECEIVED)
    if fragment.id is None or not fragment.types:
        raise Fault("an entity needs an id and a type").problem()
    created, modified = (_moment(body, name) for name in ("createdAt", "modifiedAt"))
    return Entity(
        fragment.id,
        fragment.types,
        fragment.attrs,
        fragment.scopes or [],
        created,
        modified,
        fragment.expires_at,
    )


def _moment(body: dict[str, Any], name: str) -> str | None:
    try:
        return check_moment(body[name], name) if name in body else None
    except Fault as fault:
        raise fault.problem() from None


def parse_types(value: Any, terms: TermMap, *path: str) -> list[str]:
    """Return the expanded types of a `type` member."""
    known = terms.types.get(value) if type(value) is str else None
    if known is not None:
        return [known]
    types: list[str] = []
    check_number(value, *path)
    for name in value if type(value) is list else [value]:
        if type(name) is not str or not is_name(name) or name in _NO_TYPES:
            raise Fault("a type is a name: letters, numbers and _, a letter first", *path)
        iri = terms.remember_type(name)
        if iri not in types:
            types.append(iri)
    if not types:
        raise Fault("names no type", *path)
    return types


#: JSON-LD keywords under their core names, and the Null.
_NO_TYPES: Final = frozenset({"id", "type", NGSI_NULL})


def _parse(body: Any, terms: TermMap, rules: Rules, known: _Known = _NOTHING) -> Fragment:
    if type(body) is not dict:
        raise BadRequestData("An entity is a JSON object", field="")
    fragment = Fragment()
    attrs = fragment.attrs
    reader = Reader(terms, rules)
    try:
        check_members(body)
        for name, value in body.items():
            if name in ENTITY_MEMBERS:
                _read_member(fragment, name, value, terms, rules)
                continue
            try:
                iri = attribute_iri(name, terms)
                instances = known.get(iri)
                if instances is None or not _is_same(value, instances):
                    instances = reader.attribute(name, value)
                if iri in attrs:
                    raise Fault("names the same attribute as another member")
                if iri in GEO_ATTRIBUTES:
                    _check_geo(iri, instances)
                attrs[iri] = instances
            except Fault as fault:
                raise fault.under(name) from None
    except Fault as fault:
        raise fault.problem() from None
    return fragment


def _is_same(value: Any, stored: list[Instance]) -> bool:
    return len(stored) == 1 and type(value) is dict and repeats(value, stored[0])


#: Members that can make up an attribute by themselves, or name none.
_ALONE: Final = NOT_ATTRIBUTES | VALUE_MEMBERS
#: Members of an entity that are no attributes.
ENTITY_MEMBERS: Final = (
    frozenset({"id", "@id", "type", "@type", "scope", "expiresAt", "@context"}) | _SYSTEM
)


def _read_member(fragment: Fragment, name: str, value: Any, terms: TermMap, rules: Rules) -> None:
    if name in {"id", "@id"}:
        fragment.id = check_uri(value, name)
    elif name in {"type", "@type"}:
        fragment.types = parse_types(value, terms, name)
    elif name == "scope":
        fragment.scopes = _scopes(value, rules)
    elif name == "expiresAt":
        deleted = value == NGSI_NULL and rules.nulls
        fragment.expires_at = NGSI_NULL if deleted else check_moment(value, name)


def _scopes(value: Any, rules: Rules) -> list[str]:
    if rules.nulls and value in (NGSI_NULL, [NGSI_NULL]):
        return []
    if rules.repeated and value and _is_evolution(value):
        # The temporal representation reifies the scope (clause 4.5.6): the last one counts.
        value = value[-1]["value"] if type(value) is list else value["value"]
    return check_scopes(value, "scope")


def _is_evolution(value: Any) -> bool:
    items = value if type(value) is list else [value]
    return all(type(item) is dict and "value" in item for item in items)


def _check_geo(iri: str, instances: list[Instance]) -> None:
    if iri in GEO_ATTRIBUTES:
        for instance in instances:
            if DELETED not in instance and instance.get("type") not in {"GeoProperty", None}:
                raise Fault("can only be a GeoProperty", "type")
