"""Temporal evolutions in request bodies (clauses 5.2.20, 4.5.6 to 4.5.9).

The model reads attribute instances; here is what only an evolution may hold: deletions, the
simplified form with its pairs of value and time, and scopes with their times.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from tamamo.context.jsonld import TermMap
from tamamo.context.model import parse
from tamamo.context.model.entity import Instance
from tamamo.context.model.instances import attribute_iri
from tamamo.context.model.kinds import (
    KIND_BY_MEMBER,
    VALUE_MEMBER,
    VALUE_MEMBERS,
    is_null,
    null_of,
)
from tamamo.context.model.values import Fault, check_moment, check_scopes, check_uri
from tamamo.context.temporal.rows import SCOPE

#: Member of the simplified form → member of an instance (clause 4.5.9).
_SINGULAR: Final = {
    "values": "value",
    "objects": "object",
    "languageMaps": "languageMap",
    "vocabs": "vocab",
    "jsons": "json",
    "valueLists": "valueList",
    "objectLists": "objectList",
}
_WRAPPED: Final = frozenset({"languageMap", "vocab", "json"})


@dataclass(slots=True)
class EvolutionBody:
    """What a body says of an evolution.

    instances: (attribute IRI, instance), the reified scopes among them. scopes: those given
    without times, None when none were.
    """

    id: str = ""
    types: list[str] = field(default_factory=list)
    scopes: list[str] | None = None
    instances: list[tuple[str, Instance]] = field(default_factory=list)


def read_evolution(body: Any, terms: TermMap, *, whole: bool) -> EvolutionBody:
    """Return the evolution in a body. whole: it must have an id and a type (5.6.11).

    Raises BadRequestData naming the field.
    """
    found = EvolutionBody()
    try:
        if isinstance(body, dict):
            body = {name: _unfold(name, value) for name, value in body.items()}
            if "scope" in body and _has_times(body["scope"]):
                found.instances += _read_scopes(body.pop("scope"))
            for name in list(body):
                found.instances += _take_deletions(body, name, terms)
    except Fault as fault:
        raise fault.problem() from None
    entity = parse.parse_temporal(body, terms, whole=whole)
    found.id, found.types = entity.id, entity.types
    found.scopes = entity.scopes or None
    found.instances += [(attr, i) for attr, items in entity.attrs.items() for i in items]
    return found


def read_single(body: Any, terms: TermMap, attr: str) -> Instance:
    """Return the one instance of `attr` that a fragment holds (5.6.14). Raises BadRequestData.

    The instance may also be the body itself, as the attribute is named in the path already.
    """
    if isinstance(body, dict) and (body.get("type") in VALUE_MEMBER or VALUE_MEMBERS & set(body)):
        body = {attr: [body]}
    found = read_evolution(body, terms, whole=False)
    if len(found.instances) != 1 or found.instances[0][0] != attr:
        raise Fault("a fragment with exactly one instance of the attribute is needed").problem()
    return found.instances[0][1]


def _unfold(name: str, value: Any) -> Any:
    """Return an attribute in simplified form as instances; anything else as it is."""
    items = value if isinstance(value, list) else [value]
    if not items or not all(isinstance(item, dict) for item in items):
        return value
    if not any(plural in item for item in items for plural in _SINGULAR):
        return value
    try:
        return [instance for item in items for instance in _pairs(item)]
    except Fault as fault:
        raise fault.under(name) from None


def _pairs(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for plural, singular in _SINGULAR.items():
        if plural not in item:
            continue
        kind = item.get("type", KIND_BY_MEMBER[singular])
        dataset = {"datasetId": item["datasetId"]} if "datasetId" in item else {}
        if not isinstance(item[plural], list):
            raise Fault("is not an array of pairs of value and time", plural)
        for index, pair in enumerate(item[plural]):
            if not isinstance(pair, list) or len(pair) != 2:
                raise Fault("is not a pair of value and time", plural, index)
            value, moment = pair
            if singular in _WRAPPED and isinstance(value, dict) and value.keys() == {singular}:
                value = value[singular]
            yield {"type": kind, singular: value, "observedAt": moment, **dataset}


def _has_times(value: Any) -> bool:
    items = value if isinstance(value, list) else [value]
    return bool(items) and all(isinstance(item, dict) for item in items)


def _read_scopes(value: Any) -> Iterator[tuple[str, Instance]]:
    for index, item in enumerate(value if isinstance(value, list) else [value]):
        place = ("scope", index)
        if item.get("type", "Property") != "Property" or "value" not in item:
            raise Fault("is not a Property with a scope as its value", *place)
        instance: Instance = {"type": "Property"}
        instance["value"] = check_scopes(item["value"], *place, "value")
        for time in ("observedAt", "deletedAt"):
            if time in item:
                instance[time] = check_moment(item[time], *place, time)
        yield SCOPE, instance


def _take_deletions(
    body: dict[str, Any], name: str, terms: TermMap
) -> Iterator[tuple[str, Instance]]:
    """Take out of an attribute the instances that record a deletion (clause 4.5.7)."""
    value = body[name]
    items = value if isinstance(value, list) else [value]
    deletions = [item for item in items if isinstance(item, dict) and _is_deletion(item)]
    if not deletions:
        return
    for item in deletions:
        try:
            yield attribute_iri(name, terms), _deletion(item)
        except Fault as fault:
            raise fault.under(name) from None
    kept = [item for item in items if not any(item is gone for gone in deletions)]
    if kept:
        body[name] = kept
    else:
        del body[name]


def _is_deletion(item: dict[str, Any]) -> bool:
    return any(member in item and is_null(member, item[member]) for member in KIND_BY_MEMBER)


def _deletion(item: dict[str, Any]) -> Instance:
    member = next(m for m in KIND_BY_MEMBER if m in item and is_null(m, item[m]))
    kind = item.get("type", KIND_BY_MEMBER[member])
    if VALUE_MEMBER.get(kind) != member:
        raise Fault(f"is no kind of attribute with the member {member}", "type")
    instance: Instance = {"type": kind, member: null_of(kind)}
    for time in ("observedAt", "deletedAt"):
        if time in item:
            instance[time] = check_moment(item[time], time)
    if item.get("datasetId", "@none") != "@none":
        instance["datasetId"] = check_uri(item["datasetId"], "datasetId")
    return instance
