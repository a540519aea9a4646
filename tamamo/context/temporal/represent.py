"""Temporal evolutions to JSON: normalized, concise, simplified (clauses 4.5.6 to 4.5.9)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tamamo.context.acting import shown
from tamamo.context.jsonld import TermMap
from tamamo.context.model.entity import Instance
from tamamo.context.model.kinds import VALUE_MEMBER
from tamamo.context.model.language import choose
from tamamo.context.model.represent import View, is_shown, represent_instance, represent_types
from tamamo.context.temporal.request import Form
from tamamo.context.temporal.rows import INSTANCE_PREFIX, SCOPE
from tamamo.context.temporal.window import Found
from tamamo.kernel.time import to_text

#: Member of the simplified representation, by the member of the value (clause 4.5.9).
_PLURAL: Final = {
    "value": "values",
    "object": "objects",
    "languageMap": "languageMaps",
    "vocab": "vocabs",
    "json": "jsons",
    "valueList": "valueLists",
    "objectList": "objectLists",
}
#: Values that stay wrapped in an object of their member (4.5.9, examples 2, 4 and 5).
_WRAPPED: Final = frozenset({"languageMap", "vocab", "json"})


@dataclass(frozen=True, slots=True)
class Evolution:
    """The head of an entity's temporal evolution."""

    id: str
    types: list[str]
    scopes: list[str]
    created_at: datetime
    modified_at: datetime
    deleted_at: datetime | None


def head(evolution: Evolution, terms: TermMap, view: View) -> dict[str, Any]:
    """Return id, type and times, as far as the view keeps them; it counts as shown."""
    shown(evolution.id, evolution.types)
    out: dict[str, Any] = {
        "id": evolution.id,
        "type": represent_types(evolution.types, terms),
    }
    if view.sys_attrs:
        out["createdAt"] = to_text(evolution.created_at)
        out["modifiedAt"] = to_text(evolution.modified_at)
        if evolution.deleted_at is not None:
            out["deletedAt"] = to_text(evolution.deleted_at)
    if view.pick is not None:
        out = {name: value for name, value in out.items() if name in view.pick}
    return {name: value for name, value in out.items() if name not in view.omit}


def represent(
    evolution: Evolution,
    series: dict[str, list[Found]],
    terms: TermMap,
    view: View,
    form: Form,
) -> dict[str, Any]:
    """Return an entity with the instances found, oldest first, without @context."""
    out = head(evolution, terms, view)
    if SCOPE not in series and evolution.scopes and _shows_scope(view):
        # Never changed since it was given: no evolution to show.
        out["scope"] = evolution.scopes[0] if len(evolution.scopes) == 1 else evolution.scopes
    for attr, found in series.items():
        if attr == SCOPE:
            if _shows_scope(view):
                out["scope"] = _scope(found, terms, view, form)
        elif is_shown(attr, view):
            name = terms.compact_iri(attr)
            if form == "temporalValues":
                out[name] = _simplified(found, terms, view)
            else:
                out[name] = [_instance(one, terms, view) for one in found]
    return out


def _shows_scope(view: View) -> bool:
    if view.pick is not None:
        return "scope" in view.pick
    return "scope" not in view.omit


def _instance(found: Found, terms: TermMap, view: View) -> dict[str, Any]:
    shown = represent_instance(found.instance, terms, view)
    if type(shown) is not dict or shown is found.instance.get("value"):
        shown = {"value": shown}
    out = {**shown, "instanceId": _instance_id(found)}
    if "deletedAt" in found.instance:
        out["deletedAt"] = found.instance["deletedAt"]
    return out


def _instance_id(found: Found) -> str:
    """Return the URI of an instance; other sources make theirs as they like."""
    own = ":" not in found.instance_id
    return INSTANCE_PREFIX + found.instance_id if own else found.instance_id


def _scope(found: list[Found], terms: TermMap, view: View, form: Form) -> Any:
    found = [one._replace(instance=_one_scope(one.instance)) for one in found]
    if form == "temporalValues":
        return _simplified(found, terms, view)
    instances = []
    for one in found:
        shown = _instance(one, terms, view)
        # A scope carries nothing but times (4.5.6).
        shown.pop("instanceId")
        instances.append(shown)
    return instances


def _one_scope(instance: Instance) -> Instance:
    value = instance["value"]
    return {**instance, "value": value[0]} if len(value) == 1 else instance


def _simplified(found: list[Found], terms: TermMap, view: View) -> Any:
    """Return one object a datasetId, or that object alone when there is one (4.5.9)."""
    groups: dict[str | None, list[Found]] = {}
    for one in found:
        groups.setdefault(one.instance.get("datasetId"), []).append(one)
    if not groups:
        return {"type": "Property", "values": []}
    objects = []
    for dataset, members in groups.items():
        kind = members[-1].instance["type"]
        member = VALUE_MEMBER[kind]
        pairs = [
            [_value(one.instance, terms, view), to_text(one.at)]
            for one in members
            if VALUE_MEMBER[one.instance["type"]] == member
        ]
        if kind == "LanguageProperty" and view.lang is not None:
            kind, member = "Property", "value"
        shown: dict[str, Any] = {"type": kind}
        if dataset is not None:
            shown["datasetId"] = dataset
        objects.append({**shown, _PLURAL[member]: pairs})
    return objects[0] if len(objects) == 1 else objects


def _value(instance: Instance, terms: TermMap, view: View) -> Any:
    member = VALUE_MEMBER[instance["type"]]
    value = instance[member]
    if member == "languageMap" and view.lang is not None:
        return choose(value, view.lang)[1]
    if member == "vocab":
        value = terms.compact_vocab_value(value)
    return {member: value} if member in _WRAPPED else value
