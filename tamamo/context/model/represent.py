"""Entities to JSON: normalized, concise, simplified (clauses 4.5.1-4.5.4, 4.5.15-4.5.24).

On the hot path of every read: values are handed through, never copied.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from tamamo.context.acting import shown
from tamamo.context.errors import BadRequestData
from tamamo.context.jsonld.terms import TermMap
from tamamo.context.model.entity import LOCATION, Entity, Instance
from tamamo.context.model.geometry import looks_like_geometry
from tamamo.context.model.instances import attribute_iri, looks_like_instances
from tamamo.context.model.kinds import META_MEMBERS, VALUE_MEMBER, VALUE_MEMBERS
from tamamo.context.model.language import choose
from tamamo.context.model.values import Fault

Format = Literal["normalized", "concise", "simplified"]

_SYSTEM: Final = frozenset({"createdAt", "modifiedAt", "deletedAt", "expiresAt"})
_ENTITY_MEMBERS: Final = frozenset({"id", "type", "scope", "createdAt", "modifiedAt", "expiresAt"})
#: The datasetId that means the instance without one (clause 4.5.5).
DEFAULT_INSTANCE: Final = "@none"


@dataclass(frozen=True, slots=True)
class View:
    """How a client wants to see entities.

    pick, omit: members to keep or leave out: `id`, `type`, `scope`, times, or attribute IRIs
    (clause 4.21). attrs: attribute IRIs to keep; id, type and scope stay. dataset_ids: instances
    to keep, "@none" for the default one. lang: language filter (clause 4.15). sys_attrs: with
    createdAt, modifiedAt and expiresAt. geometry_property: IRI for GeoJSON (clause 4.5.16.1).
    """

    format: Format = "normalized"
    sys_attrs: bool = False
    lang: str | None = None
    pick: frozenset[str] | None = None
    omit: frozenset[str] = frozenset()
    attrs: frozenset[str] | None = None
    dataset_ids: frozenset[str] | None = None
    geometry_property: str = LOCATION
    #: Whether nothing is left out, so that every check can be skipped.
    whole: bool = field(init=False)

    def __post_init__(self) -> None:
        partial = self.pick is not None or self.omit or self.attrs is not None
        object.__setattr__(self, "whole", not partial and self.dataset_ids is None)


NORMALIZED: Final = View()


def projection(names: str, terms: TermMap, parameter: str) -> frozenset[str]:
    """Return the members that `pick`, `omit` or `attrs` names, separated by "," or "|".

    Raises BadRequestData naming the parameter; linked entities ({…}) need a join, which this
    broker does not do yet.
    """
    members: set[str] = set()
    for name in names.replace("|", ",").split(","):
        if name in _ENTITY_MEMBERS:
            members.add(name)
            continue
        try:
            members.add(attribute_iri(name, terms))
        except Fault as fault:
            detail = f"{parameter}: {name!r} {fault.reason}"
            raise BadRequestData(detail, field=parameter) from None
    return frozenset(members)


def represent(entity: Entity, terms: TermMap, view: View = NORMALIZED) -> dict[str, Any]:
    """Return the entity as JSON, without @context; it counts as shown to whoever asks."""
    shown(entity.id, entity.types)
    out = _head(entity, terms, view)
    write = _WRITERS[view.format]
    compact = terms.compact_iri
    if view.whole:
        plain = view.format == "normalized" and view.lang is None and not view.sys_attrs
        for iri, instances in entity.attrs.items():
            found = _as_stored(instances) if plain else None
            out[compact(iri)] = write(instances, terms, view) if found is None else found
        return out
    for iri, instances in entity.attrs.items():
        if is_shown(iri, view):
            kept = select(instances, view)
            if kept:
                out[compact(iri)] = write(kept, terms, view)
    return out


def is_shown(iri: str, view: View) -> bool:
    """Whether the view keeps this attribute."""
    if view.pick is not None and iri not in view.pick:
        return False
    if view.attrs is not None and iri not in view.attrs:
        return False
    return iri not in view.omit


def select(instances: list[Instance], view: View) -> list[Instance]:
    """Return the instances of the datasets the view keeps."""
    if view.dataset_ids is None:
        return instances
    return [
        instance
        for instance in instances
        if instance.get("datasetId", DEFAULT_INSTANCE) in view.dataset_ids
    ]


def represent_instance(instance: Instance, terms: TermMap, view: View = NORMALIZED) -> Any:
    """Return one attribute instance in the view's format."""
    if view.format == "simplified":
        return _simplified(instance, terms, view)
    if view.format == "concise":
        return _concise(instance, terms, view)
    return _normalized(instance, terms, view)


def represent_types(types: list[str], terms: TermMap) -> str | list[str]:
    """Return a type name, or several in an array."""
    if len(types) == 1:
        return terms.compact_iri(types[0])
    return [terms.compact_iri(iri) for iri in types]


def _head(entity: Entity, terms: TermMap, view: View) -> dict[str, Any]:
    """Return the members that are no attributes."""
    out: dict[str, Any] = {"id": entity.id, "type": represent_types(entity.types, terms)}
    if entity.scopes:
        out["scope"] = entity.scopes[0] if len(entity.scopes) == 1 else entity.scopes
    if view.sys_attrs:
        times = {
            "createdAt": entity.created_at,
            "modifiedAt": entity.modified_at,
            "expiresAt": entity.expires_at,
        }
        out.update({name: time for name, time in times.items() if time is not None})
    if view.pick is not None:
        out = {name: value for name, value in out.items() if name in view.pick}
    if view.omit:
        out = {name: value for name, value in out.items() if name not in view.omit}
    return out


def _as_stored(instances: list[Instance]) -> dict[str, Any] | None:
    """Return a lone instance of plain members, which most are; None for any other."""
    if len(instances) != 1:
        return None
    out: dict[str, Any] = {}
    for name, value in instances[0].items():
        if name in _AS_STORED:
            out[name] = value
        elif name not in _SYSTEM:
            return None
    return out


def _normalized(instance: Instance, terms: TermMap, view: View) -> dict[str, Any]:
    if view.lang is not None and "languageMap" in instance:
        instance = _in_language(instance, view.lang)
    out: dict[str, Any] = {}
    for name, value in instance.items():
        if name in _AS_STORED:
            out[name] = value
        elif ":" in name:  # only IRIs have one: a sub-attribute
            out[terms.compact_iri(name)] = _write_normalized(value, terms, view)
        elif name in _SYSTEM:
            if view.sys_attrs:
                out[name] = value
        elif name in _COMPACTED:
            out[name] = terms.compact_vocab_value(value)
        elif name == "objectList":
            out[name] = [{"object": uri} for uri in value]
        else:
            out[name] = value
    return out


#: Members of most instances, which are shown as they are.
_AS_STORED: Final = frozenset({"type", "value", "observedAt", "unitCode", "object", "datasetId"})
_COMPACTED: Final = frozenset({"vocab", "objectType", "valueType", "entityTypeSealed"})


def _concise(instance: Instance, terms: TermMap, view: View) -> Any:
    """Return an instance that stands alone: its bare value where that reads the same."""
    out = _concise_members(instance, terms, view)
    if len(out) != 1 or "value" not in out:
        return out
    value = out["value"]
    if instance["type"] == "GeoProperty" or not _reads_otherwise(value):
        return value
    return out


def _concise_members(instance: Instance, terms: TermMap, view: View) -> dict[str, Any]:
    if view.lang is not None and "languageMap" in instance:
        instance = _in_language(instance, view.lang)
    out: dict[str, Any] = {}
    for name, value in instance.items():
        if name == "type":
            # Without its type a geometry would read as a GeoProperty.
            if value == "Property" and looks_like_geometry(instance.get("value")):
                out[name] = value
        elif ":" in name:
            out[terms.compact_iri(name)] = _write_concise(value, terms, view)
        elif name in _SYSTEM:
            if view.sys_attrs:
                out[name] = value
        elif name in _COMPACTED:
            out[name] = terms.compact_vocab_value(value)
        else:
            out[name] = value
    return out


def _reads_otherwise(value: Any) -> bool:
    """Whether a Property's value, standing alone, would be read as something else."""
    if type(value) is dict:
        return "type" in value or not _TELLING.isdisjoint(value)
    return type(value) is list and looks_like_instances(value)


_TELLING: Final = VALUE_MEMBERS | META_MEMBERS | {"@type"}


def _simplified(instance: Instance, terms: TermMap, view: View) -> Any:
    if view.lang is not None and "languageMap" in instance:
        return _in_language(instance, view.lang)["value"]
    member = VALUE_MEMBER[instance["type"]]
    value = instance[member]
    if member == "vocab":
        return {member: terms.compact_vocab_value(value)}
    return {member: value} if member in {"languageMap", "json"} else value


def _in_language(instance: Instance, lang: str) -> Instance:
    """Return a LanguageProperty as a Property in one language (clause 4.15)."""
    tag, text = choose(instance["languageMap"], lang)
    rest = {k: v for k, v in instance.items() if k not in {"type", "languageMap"}}
    return {"type": "Property", "value": text, "lang": tag, **rest}


def _write_normalized(instances: list[Instance], terms: TermMap, view: View) -> Any:
    if len(instances) == 1:
        return _normalized(instances[0], terms, view)
    return [_normalized(instance, terms, view) for instance in instances]


def _write_concise(instances: list[Instance], terms: TermMap, view: View) -> Any:
    if len(instances) == 1:
        return _concise(instances[0], terms, view)
    # Never bare, so that several instances are told from an array that is a value.
    return [_concise_members(instance, terms, view) for instance in instances]


def _write_simplified(instances: list[Instance], terms: TermMap, view: View) -> Any:
    if len(instances) == 1:
        return _simplified(instances[0], terms, view)
    return {
        "dataset": {
            instance.get("datasetId", DEFAULT_INSTANCE): _simplified(instance, terms, view)
            for instance in instances
        }
    }


_Writer = Callable[[list[Instance], TermMap, View], Any]
_WRITERS: Final[dict[str, _Writer]] = {
    "normalized": _write_normalized,
    "concise": _write_concise,
    "simplified": _write_simplified,
}
