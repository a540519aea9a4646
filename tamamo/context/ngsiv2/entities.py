"""Whole entities across the two APIs: bodies to stored form, and that to what a client wants."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from tamamo.context import acting
from tamamo.context.jsonld import TermMap
from tamamo.context.model.entity import DEFAULT_VOCABULARY, Attributes, Entity, Instance
from tamamo.context.model.instances import check_members
from tamamo.context.model.parse import Fragment
from tamamo.context.model.values import Fault, check_moment
from tamamo.context.ngsiv2 import attributes, names

#: Simplified representations, by the keyword of `options` (NGSIv2, "Simplified Entity …").
FORMATS: Final = ("keyValues", "values", "unique")
#: Attributes the broker writes that `options` can ask for, too.
DATES: Final = ("dateCreated", "dateModified")


@dataclass(frozen=True, slots=True)
class View:
    """How a client wants to see entities.

    format: one of FORMATS or "normalized". attrs: names in order, with "*" for all of the user's,
    None for these. metadata: the same for metadata.
    """

    format: str = "normalized"
    attrs: tuple[str, ...] | None = None
    metadata: frozenset[str] | None = None


@dataclass(slots=True)
class Draft:
    """An entity, or only attributes, from a body. types: empty when the body names none."""

    uri: str = ""
    types: tuple[str, ...] = ()
    attrs: Attributes | None = None
    expires_at: str | None = None

    def fragment(self) -> Fragment:
        """Return the attributes as what an operation on an entity takes; each time a new one."""
        return Fragment(attrs=self._copies(), expires_at=self.expires_at)

    def entity(self, scopes: list[str]) -> Entity:
        """Return the entity as a new one; without a type it is a Thing."""
        types = list(self.types) or [DEFAULT_VOCABULARY + names.DEFAULT_TYPE]
        return Entity(self.uri, types, self._copies(), list(scopes), expires_at=self.expires_at)

    def _copies(self) -> Attributes:
        # A step may run twice, and what it writes is stamped with its time.
        attrs = self.attrs or {}
        return {iri: [dict(instance) for instance in held] for iri, held in attrs.items()}


def read_entity(body: Any, terms: TermMap, *, plain: bool) -> Draft:
    """Return the entity of a body. plain: in keyValues. Raises Fault with the place."""
    _check_object(body, "an entity")
    if "id" not in body:
        raise Fault("an entity needs an id", "id")
    uri = names.read_id(body["id"], "id")
    types = (names.type_iri(body["type"], terms, "type"),) if "type" in body else ()
    rest = {name: value for name, value in body.items() if name not in {"id", "type"}}
    draft = read_attributes(rest, terms, plain=plain)
    draft.uri, draft.types = uri, types
    return draft


def read_attributes(body: Any, terms: TermMap, *, plain: bool) -> Draft:
    """Return the attributes of a body without id and type. Raises Fault with the place."""
    _check_object(body, "a set of attributes")
    check_members(body)
    attrs: Attributes = {}
    draft = Draft(attrs=attrs)
    for name, value in body.items():
        try:
            if name == "dateExpires":
                draft.expires_at = _expiry(value, plain)
                continue
            iri = attribute_iri(name, terms)
            attrs[iri] = [attributes.write(iri, value, terms, plain=plain)]
        except Fault as fault:
            raise fault.under(name) from None
    return draft


def attribute_iri(name: str, terms: TermMap) -> str:
    """Return the IRI of an attribute a client names. Raises Fault."""
    if name in {"id", "type", "geo:distance", "*"}:
        raise Fault("cannot be the name of an attribute")
    if name in names.BUILTIN_ATTRIBUTES:
        raise Fault("is written by the broker alone")
    return names.attribute(name, terms)


def _expiry(body: Any, plain: bool) -> str:
    value = body if plain else body.get("value") if isinstance(body, dict) else None
    if isinstance(body, dict) and body.get("type", "DateTime") not in {"DateTime", "ISO8601"}:
        raise Fault("is a DateTime", "type")
    return check_moment(attributes.to_utc(value), "value")


def _check_object(body: Any, what: str) -> None:
    if type(body) is not dict:
        raise Fault(f"is not a JSON object: {what} is one")


def represent(entity: Entity, terms: TermMap, view: View, *, head: bool = True) -> Any:
    """Return an entity as NGSIv2 shows it. head: with id and type, where the format has them."""
    acting.shown(entity.id, entity.types)
    shown = _attributes(entity, terms, view)
    if view.format in {"values", "unique"}:
        values = list(shown.values())
        return _unique(values) if view.format == "unique" else values
    out: dict[str, Any] = {}
    if head:
        out = {"id": names.to_id(entity.id), "type": names.name_of(entity.types[0], terms)}
    return out | shown


def _attributes(entity: Entity, terms: TermMap, view: View) -> dict[str, Any]:
    """Return the attributes by name, in the order asked for."""
    users = {
        names.name_of(iri, terms): chosen(instances) for iri, instances in entity.attrs.items()
    }
    if view.attrs is None:
        return {name: _show(instance, terms, view) for name, instance in users.items()}
    builtin = builtin_attributes(entity)
    out: dict[str, Any] = {}
    for name in view.attrs:
        if name == "*":
            for each, instance in users.items():
                out.setdefault(each, _show(instance, terms, view))
        elif name in users:
            out[name] = _show(users[name], terms, view)
        elif name in builtin:
            kind, value = builtin[name]
            normalized = {"type": kind, "value": value, "metadata": {}}
            out[name] = normalized if view.format == "normalized" else value
    return out


def chosen(instances: list[Instance]) -> Instance:
    """Return the instance NGSIv2 shows of several: the one without a datasetId, else the first."""
    return next((item for item in instances if "datasetId" not in item), instances[0])


def builtin_attributes(entity: Entity) -> Mapping[str, tuple[str, Any]]:
    """Return type and value of the attributes that the broker writes, where there are any."""
    times = {
        "dateCreated": entity.created_at,
        "dateModified": entity.modified_at,
        "dateExpires": entity.expires_at,
    }
    found: dict[str, tuple[str, Any]] = {
        name: ("DateTime", moment) for name, moment in times.items() if moment is not None
    }
    found["servicePath"] = ("Text", entity.scopes[0] if entity.scopes else "/")
    return found


def _show(instance: Instance, terms: TermMap, view: View) -> Any:
    if view.format == "normalized":
        return attributes.read(instance, terms, view.metadata)
    return attributes.read_value(instance, terms)[1]


def _unique(values: list[Any]) -> list[Any]:
    seen: dict[bytes, Any] = {}
    for value in values:
        seen.setdefault(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), value)
    return list(seen.values())
