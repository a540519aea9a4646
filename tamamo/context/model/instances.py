"""Reading attribute instances: normalized, concise and simplified input to stored form.

On the hot path of every write: no copies of values, no exceptions unless something is wrong.
"""

from collections.abc import Callable
from typing import Any, Final

from tamamo.context.jsonld.terms import TermMap
from tamamo.context.model.entity import Instance
from tamamo.context.model.geometry import check_geometry, looks_like_geometry
from tamamo.context.model.kinds import (
    BARE,
    DELETED,
    KIND_BY_MEMBER,
    META_MEMBERS,
    NOT_ATTRIBUTES,
    OUTPUT_ONLY,
    PROOF,
    SEALED_MEMBERS,
    SYSTEM_MEMBERS,
    TEMPORAL_MEMBER,
    UNITLESS,
    VALUE_MEMBER,
    VALUE_MEMBERS,
    is_null,
)
from tamamo.context.model.members import VALUE_CHECKS, Rules
from tamamo.context.model.values import (
    NGSI_NULL,
    Fault,
    check_json,
    check_moment,
    check_uri,
    is_name,
)

#: How deep sub-attributes may nest.
MAX_ATTRIBUTE_DEPTH: Final = 16
#: Members of an entity in a body, and of an attribute in it.
MAX_MEMBERS: Final = 20_000

#: Names of members: an attribute whose IRI compacts to one would hide it.
_TAKEN: Final = NOT_ATTRIBUTES | VALUE_MEMBERS | SYSTEM_MEMBERS | {"scope", "expiresAt"}
_SCALARS: Final = frozenset({str, int, float, bool})


def check_members(body: dict[str, Any]) -> None:
    """Check how many members an entity or attribute has: each takes time and memory at once."""
    if len(body) > MAX_MEMBERS:
        raise Fault(f"has more than {MAX_MEMBERS} members")


def attribute_iri(name: str, terms: TermMap) -> str:
    """Return the IRI of an attribute name; raise Fault when it cannot be a name (4.5.1, 4.6.2)."""
    iri = terms.attributes.get(name)
    if iri is not None:
        return iri
    if name in NOT_ATTRIBUTES:
        raise Fault("is a term of NGSI-LD itself and cannot name an attribute")
    if not is_name(name):
        raise Fault("is not a valid attribute name: letters, numbers and _, a letter first")
    if terms.compact_iri(terms.expand_term(name)) in _TAKEN and ":" in name:
        raise Fault("stands for a term of NGSI-LD itself and cannot name an attribute")
    return terms.remember_attribute(name)


def looks_like_instances(values: list[Any]) -> bool:
    """Whether an array holds instances; other arrays are values of a Property (clause 4.5.2.3)."""
    if not values or type(values[0]) is not dict:
        return False
    kind = values[0].get("type")
    if type(kind) is str and kind in VALUE_MEMBER:
        return True
    return not VALUE_MEMBERS.isdisjoint(values[0])


class Reader:
    """Reads the attributes of one body, under one @context and the rules of one operation."""

    __slots__ = ("rules", "terms")

    def __init__(self, terms: TermMap, rules: Rules) -> None:
        self.terms = terms
        self.rules = rules

    def attribute(self, name: str, value: Any, depth: int = 0) -> list[Instance]:
        """Return the instances of an attribute, given as one value, one object, or an array."""
        if name == PROOF:
            return [self._proof(value, depth)]
        kind = type(value)
        if kind is dict:
            if self.rules.repeated and depth == 0:
                simplified = self._evolution(value)
                if simplified is not None:
                    return simplified
            if self.rules.simplified and value.keys() == {"dataset"}:
                return self._datasets(value["dataset"], depth)
            return [self.instance(value, depth)]
        if kind is list and not self.rules.simplified and looks_like_instances(value):
            return self._several(value, depth)
        return [self._bare(value)]

    def fragment(self, body: dict[str, Any]) -> Instance:
        """Return the instance of an Attribute Fragment, which is never a bare value."""
        kind = self._kind(body)
        if kind is None and not self.rules.partial:
            raise Fault("has neither a value nor an object")
        return self._read(body, kind or "", 0)

    def instance(self, body: dict[str, Any], depth: int = 0) -> Instance:
        """Return one instance in stored form."""
        if depth > MAX_ATTRIBUTE_DEPTH:
            raise Fault(f"sub-attributes nest more than {MAX_ATTRIBUTE_DEPTH} levels deep")
        given = body.get("type")
        if type(given) is str and given in VALUE_MEMBER and not self.rules.simplified:
            return self._read(body, given, depth)
        kind = self._kind(body)
        return self._bare(body) if kind is None else self._read(body, kind, depth)

    def _read(self, body: dict[str, Any], kind: str, depth: int) -> Instance:
        member = VALUE_MEMBER.get(kind)
        check_members(body)
        out: Instance = {"type": kind} if kind else {}
        for name, value in body.items():
            if name == member:
                if self.rules.nulls and is_null(name, value):
                    return self._deletion(body)
                out[name] = self._value(kind, name, value)
            elif name == "observedAt":
                out[name] = self._nullable(check_moment, value, name)
            elif name == "unitCode" and type(value) is str and kind not in UNITLESS:
                out[name] = self._nullable(_check_text, value, name)
            elif name != "type":
                self._member(out, kind, name, value, depth)
        if member and member not in out and not self.rules.partial:
            raise Fault(f"a {kind} needs the member {member}")
        return out

    def _value(self, kind: str, name: str, value: Any) -> Any:
        if self.rules.repeated and is_null(name, value):
            return value  # a deletion in the past
        return VALUE_CHECKS[kind](value, self.terms, self.rules)

    def _member(self, out: Instance, kind: str, name: str, value: Any, depth: int) -> None:
        """Read any member but the type, the value and observedAt."""
        if name == "unitCode":
            if kind in UNITLESS:
                raise Fault(f"a {kind} has no unit", name)
            out[name] = self._nullable(_check_text, value, name)
        elif name == "datasetId":
            if value != "@none":
                out[name] = _dataset(value)
        elif name in SYSTEM_MEMBERS:
            if self.rules.received:
                check = check_uri if name == "instanceId" else check_moment
                out[name] = check(value, name)
        elif name == "@type":
            return
        elif name == "expiresAt":
            out[name] = self._nullable(check_moment, value, name)
        elif name in {"objectType", "valueType"}:
            out[name] = self._typed(kind, name, value)
        elif name in _PROHIBITED:
            raise Fault(_PROHIBITED[name].format(kind=kind or "an attribute"), name)
        else:
            try:
                out[attribute_iri(name, self.terms)] = self.attribute(name, value, depth + 1)
            except Fault as fault:
                raise fault.under(name) from None

    def _typed(self, kind: str, name: str, value: Any) -> Any:
        """Read the type of objects or of values."""
        if kind and (name == "objectType") != kind.endswith("Relationship"):
            raise Fault(f"a {kind} has no {name}", name)
        if kind == "LanguageProperty" and value != "langString":
            raise Fault("can only be langString for a LanguageProperty", name)
        return self._nullable(self._types, value, name)

    def _kind(self, body: dict[str, Any]) -> str | None:
        """Return the kind of an object, "" when a fragment leaves it open, None for a value."""
        given = body.get("type")
        if given is None:
            given = body.get("@type")
        if self.rules.simplified:
            return _simplified_kind(body)
        if given is not None:
            if type(given) is str and given in VALUE_MEMBER:
                return given
            return self._odd_kind(given, body)
        for name, value in body.items():
            if name in KIND_BY_MEMBER:
                geometry = name == "value" and looks_like_geometry(value)
                return "GeoProperty" if geometry else KIND_BY_MEMBER[name]
        if self.rules.partial and (not body or not META_MEMBERS.isdisjoint(body)):
            return ""
        if not META_MEMBERS.isdisjoint(body):
            raise Fault("has neither a value nor an object")
        return None

    def _odd_kind(self, given: Any, body: dict[str, Any]) -> str | None:
        if looks_like_geometry(body):
            return None
        if type(given) is str and ":" in given:
            local = self.terms.expand_term(given).rpartition("/")[2]
            if local in VALUE_MEMBER:
                return local
        known = ", ".join(VALUE_MEMBER)
        raise Fault(f"is not a kind of attribute; these are {known}", "type")

    def _bare(self, value: Any) -> Instance:
        """Return a value without its kind as a Property or GeoProperty (clause 4.5.2.3)."""
        kind = type(value)
        if value is None:
            raise Fault("null is not a value in NGSI-LD")
        if kind is str and value == NGSI_NULL:
            if self.rules.nulls:
                return {DELETED: True}
            raise Fault("an NGSI-LD Null can only be given in an update or merge")
        if looks_like_geometry(value):
            return {"type": "GeoProperty", "value": check_geometry(value)}
        if kind not in _SCALARS:
            check_json(value, self.rules.nested_nulls)
        if self.rules.nulls:
            return {"type": "Property", "value": value, BARE: True}
        return {"type": "Property", "value": value}

    def _several(self, values: list[Any], depth: int) -> list[Instance]:
        instances: list[Instance] = []
        for index, value in enumerate(values):
            try:
                if type(value) is not dict:
                    raise Fault("is not an attribute instance")
                instances.append(self.instance(value, depth))
            except Fault as fault:
                raise fault.under(index) from None
        if not self.rules.repeated or depth:
            _check_datasets(instances)
        return instances

    def _datasets(self, values: Any, depth: int) -> list[Instance]:
        """Return the instances of a simplified multi-attribute (clause 4.5.4)."""
        if type(values) is not dict or not values:
            raise Fault("is not a map from datasetId to value", "dataset")
        instances: list[Instance] = []
        for dataset, value in values.items():
            try:
                instance = self.instance(value, depth) if type(value) is dict else self._bare(value)
                if dataset != "@none":
                    instance["datasetId"] = _dataset(dataset)
            except Fault as fault:
                raise fault.under("dataset", dataset) from None
            instances.append(instance)
        return instances

    def _evolution(self, body: dict[str, Any]) -> list[Instance] | None:
        """Return the instances of a simplified temporal representation (clause 4.5.9)."""
        kind = body.get("type")
        member = TEMPORAL_MEMBER.get(kind) if type(kind) is str else None
        if kind is None or member is None or type(body.get(member)) is not list:
            return None
        value_member = VALUE_MEMBER[kind]
        instances: list[Instance] = []
        for index, pair in enumerate(body[member]):
            try:
                if type(pair) is not list or len(pair) != 2:
                    raise Fault("is not an array of a value and a time")
                value = pair[0]
                if type(value) is dict and value.keys() == {value_member}:
                    value = value[value_member]
                one = {"type": kind, value_member: value, "observedAt": pair[1]}
                if "datasetId" in body:
                    one["datasetId"] = body["datasetId"]
                instances.append(self.instance(one, 0))
            except Fault as fault:
                raise fault.under(member, index) from None
        return instances

    def _proof(self, body: Any, depth: int) -> Instance:
        """Read an ngsildproof (clause 4.5.2.2): its value an object, its sealed members texts."""
        if type(body) is not dict:
            raise Fault("is not a Property with a proof")
        sealed = {name: _check_text(body[name], name) for name in SEALED_MEMBERS if name in body}
        plain = {name: value for name, value in body.items() if name not in sealed}
        out = self.instance(plain, depth)
        if DELETED not in out and type(out.get("value")) is not dict:
            raise Fault("a proof is a JSON object", "value")
        if "entityTypeSealed" in sealed:
            sealed["entityTypeSealed"] = self.terms.expand_type(sealed["entityTypeSealed"])
        return {**out, **sealed}

    def _deletion(self, body: dict[str, Any]) -> Instance:
        dataset = body.get("datasetId", "@none")
        if dataset == "@none":
            return {DELETED: True}
        return {DELETED: True, "datasetId": _dataset(dataset)}

    def _nullable(self, check: Callable[[Any, str], Any], value: Any, name: str) -> Any:
        if value == NGSI_NULL and self.rules.nulls:
            return NGSI_NULL
        return check(value, name)

    def _types(self, value: Any, name: str) -> Any:
        if type(value) is list and value:
            return [self.terms.expand_type(_check_text(item, name)) for item in value]
        return self.terms.expand_type(_check_text(value, name))


_PROHIBITED: Final = (
    dict.fromkeys(VALUE_MEMBERS, "does not belong to {kind}")
    | dict.fromkeys(OUTPUT_ONLY, "can only appear in answers and notifications")
    | dict.fromkeys(SEALED_MEMBERS, "belongs to ngsildproof alone")
    | {"@context": "a @context can only stand at the top of the document"}
)


def _simplified_kind(body: dict[str, Any]) -> str | None:
    """Simplified values of some kinds are wrapped in an object of one member (clause 4.5.4)."""
    if len(body) == 1:
        name = next(iter(body))
        if name in {"languageMap", "vocab", "json"}:
            return KIND_BY_MEMBER[name]
    return None


def _dataset(value: Any) -> str:
    if value == NGSI_NULL:
        raise Fault("a datasetId cannot be deleted", "datasetId")
    return check_uri(value, "datasetId")


def _check_datasets(instances: list[Instance]) -> None:
    seen: set[str | None] = set()
    for index, instance in enumerate(instances):
        dataset = instance.get("datasetId")
        if dataset in seen:
            what = "without a datasetId" if dataset is None else f"of the datasetId {dataset}"
            raise Fault(f"is a second instance {what}", index, "datasetId")
        seen.add(dataset)


def _check_text(value: Any, name: str) -> str:
    if type(value) is not str or value == NGSI_NULL:
        raise Fault("is not a text", name)
    return value
