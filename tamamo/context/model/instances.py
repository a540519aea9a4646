"""Reading attribute instances: normalized, concise and simplified input to stored form.

On the hot path of every write: no copies of values, no exceptions unless something is wrong.
"""

from dataclasses import dataclass
from typing import Any, Final

from tamamo.context.jsonld.terms import TermMap
from tamamo.context.model.entity import Instance
from tamamo.context.model.geometry import check_geometry, looks_like_geometry
from tamamo.context.model.kinds import (
    BARE,
    DELETED,
    KIND_BY_MEMBER,
    NOT_ATTRIBUTES,
    SYSTEM_MEMBERS,
    UNITLESS,
    VALUE_MEMBER,
    VALUE_MEMBERS,
    is_null,
)
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

#: Members that tell an instance from a bare value, beside the value members.
META_MEMBERS: Final = frozenset(
    {"observedAt", "unitCode", "datasetId", "valueType", "objectType", "expiresAt"}
)
_OUTPUT_ONLY = frozenset(
    {"previousValue", "previousObject", "previousLanguageMap", "previousVocab", "previousJson"}
    | {"previousValueList", "previousObjectList", "entity", "entityList"}
)
_SCALARS = frozenset({str, int, float, bool})


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operation at hand allows in its body.

    nulls: NGSI-LD Nulls delete (clauses 5.5.8, 5.5.12). nested_nulls: also inside values (merge).
    simplified: values come bare (clause 4.5.4). partial: an instance may lack type and value.
    repeated: an attribute may have several instances of one datasetId (temporal evolution).
    """

    nulls: bool = False
    nested_nulls: bool = False
    simplified: bool = False
    partial: bool = False
    repeated: bool = False


def attribute_iri(name: str, terms: TermMap) -> str:
    """Return the IRI of an attribute name; raise Fault when it cannot be a name (4.5.1, 4.6.2)."""
    iri = terms.attributes.get(name)
    if iri is not None:
        return iri
    if not is_name(name):
        raise Fault("is not a valid attribute name: letters, numbers and _, a letter first")
    if name in NOT_ATTRIBUTES or name in VALUE_MEMBERS or name in {"id", "type"}:
        raise Fault("is a term of NGSI-LD itself and cannot name an attribute")
    return terms.remember_attribute(name)


def read_attribute(value: Any, terms: TermMap, rules: Rules, depth: int = 0) -> list[Instance]:
    """Return the instances of an attribute, given as one value, one object, or an array."""
    kind = type(value)
    if kind is dict:
        return [read_instance(value, terms, rules, depth)]
    if kind is list and not rules.simplified and looks_like_instances(value):
        instances = [
            _numbered(index, item, terms, rules, depth) for index, item in enumerate(value)
        ]
        if not rules.repeated:
            _check_datasets(instances)
        return instances
    return [_bare(value, rules)]


def read_instance(body: dict[str, Any], terms: TermMap, rules: Rules, depth: int = 0) -> Instance:
    """Return one instance in stored form."""
    if depth > MAX_ATTRIBUTE_DEPTH:
        raise Fault(f"sub-attributes nest more than {MAX_ATTRIBUTE_DEPTH} levels deep")
    kind = _kind(body, terms, rules)
    if kind is None:
        return _bare(body, rules)
    member = VALUE_MEMBER.get(kind, "")
    out: Instance = {"type": kind} if kind else {}
    for name, value in body.items():
        if name == member:
            if rules.nulls and is_null(name, value):
                return _deletion(body)
            out[name] = _VALUE_CHECKS[kind](value, terms, rules)
        elif name == "type" or name == "@type":
            continue
        elif name == "observedAt" or name == "expiresAt":
            out[name] = _nullable(check_moment, value, rules, name)
        elif name == "unitCode":
            if kind in UNITLESS:
                raise Fault(f"a {kind} has no unit", name)
            out[name] = _nullable(_check_text, value, rules, name)
        elif name == "datasetId":
            if value != "@none":
                out[name] = _dataset(value)
        elif name in SYSTEM_MEMBERS:
            continue
        else:
            _read_other(out, kind, name, value, terms, rules, depth)
    if member and member not in out and not rules.partial:
        raise Fault(f"a {kind} needs the member {member}")
    return out


def _read_other(
    out: Instance, kind: str, name: str, value: Any, terms: TermMap, rules: Rules, depth: int
) -> None:
    """Read a rare member: a type to expand, a sub-attribute, or something prohibited."""
    if name == "objectType" or name == "valueType":
        if (name == "objectType") != kind.endswith("Relationship"):
            raise Fault(f"a {kind} has no {name}", name)
        out[name] = _nullable(lambda v, n: _expanded_types(v, terms, n), value, rules, name)
    elif name in VALUE_MEMBERS:
        raise Fault(f"a {kind or 'attribute of this kind'} has no {name}", name)
    elif name in _OUTPUT_ONLY:
        raise Fault("can only appear in answers and notifications", name)
    elif name in {"entityIdSealed", "entityTypeSealed"}:
        out[name] = _check_text(value, name)
    elif name == "@context":
        raise Fault("a @context can only stand at the top of the document", name)
    else:
        try:
            out[attribute_iri(name, terms)] = read_attribute(value, terms, rules, depth + 1)
        except Fault as fault:
            raise fault.under(name) from None


def _kind(body: dict[str, Any], terms: TermMap, rules: Rules) -> str | None:
    """Return the kind of an object, "" when a fragment leaves it open, None for a bare value."""
    given = body.get("type")
    if given is None:
        given = body.get("@type")
    if given is not None:
        if type(given) is str and given in VALUE_MEMBER and not rules.simplified:
            return given
        return _odd_kind(given, body, terms, rules)
    if rules.simplified:
        return _simplified_kind(body)
    for name in body:
        if name in KIND_BY_MEMBER:
            if name == "value" and looks_like_geometry(body[name]):
                return "GeoProperty"
            return KIND_BY_MEMBER[name]
    if rules.partial and (not META_MEMBERS.isdisjoint(body) or not body):
        return ""
    if not META_MEMBERS.isdisjoint(body):
        raise Fault("has neither a value nor an object")
    return None


def _odd_kind(given: Any, body: dict[str, Any], terms: TermMap, rules: Rules) -> str | None:
    if looks_like_geometry(body) or rules.simplified:
        return None
    if type(given) is str:
        local = terms.expand_term(given).rpartition("/")[2]
        if ":" in given and local in VALUE_MEMBER:
            return local
        if given == NGSI_NULL:
            raise Fault("the type of an attribute cannot be deleted", "type")
    known = ", ".join(VALUE_MEMBER)
    raise Fault(f"is not a kind of attribute; these are {known}", "type")


def _simplified_kind(body: dict[str, Any]) -> str | None:
    """Simplified values of some kinds are wrapped in an object of one member (clause 4.5.4)."""
    if len(body) == 1:
        name = next(iter(body))
        if name in {"languageMap", "vocab", "json"}:
            return KIND_BY_MEMBER[name]
    return None


def _bare(value: Any, rules: Rules) -> Instance:
    kind = type(value)
    if value is None:
        raise Fault("null is not a value in NGSI-LD")
    if kind is str and value == NGSI_NULL:
        if rules.nulls:
            return {DELETED: True}
        raise Fault("an NGSI-LD Null can only be given in an update or merge")
    if looks_like_geometry(value):
        return {"type": "GeoProperty", "value": check_geometry(value)}
    if kind not in _SCALARS:
        check_json(value, rules.nested_nulls)
    if rules.nulls:
        return {"type": "Property", "value": value, BARE: True}
    return {"type": "Property", "value": value}


def _deletion(body: dict[str, Any]) -> Instance:
    dataset = body.get("datasetId", "@none")
    return (
        {DELETED: True} if dataset == "@none" else {DELETED: True, "datasetId": _dataset(dataset)}
    )


def _dataset(value: Any) -> str:
    if value == NGSI_NULL:
        raise Fault("a datasetId cannot be deleted", "datasetId")
    return check_uri(value, "datasetId")


def looks_like_instances(values: list[Any]) -> bool:
    """Whether an array holds instances; other arrays are values of a Property (clause 4.5.2.3)."""
    if not values or type(values[0]) is not dict:
        return False
    first = values[0]
    return first.get("type") in VALUE_MEMBER or not VALUE_MEMBERS.isdisjoint(first)


def _numbered(index: int, value: Any, terms: TermMap, rules: Rules, depth: int) -> Instance:
    try:
        if type(value) is not dict:
            raise Fault("is not an attribute instance")
        return read_instance(value, terms, rules, depth)
    except Fault as fault:
        raise fault.under(index) from None


def _check_datasets(instances: list[Instance]) -> None:
    seen: set[str | None] = set()
    for index, instance in enumerate(instances):
        dataset = instance.get("datasetId")
        if dataset in seen:
            what = "without a datasetId" if dataset is None else f"of the datasetId {dataset}"
            raise Fault(f"is a second instance {what}", index, "datasetId")
        seen.add(dataset)


def _nullable(check: Any, value: Any, rules: Rules, name: str) -> Any:
    if value == NGSI_NULL and rules.nulls:
        return NGSI_NULL
    return check(value, name)


def _check_text(value: Any, name: str) -> str:
    if type(value) is not str or value == NGSI_NULL:
        raise Fault("is not a text", name)
    return value


def _expanded_types(value: Any, terms: TermMap, name: str) -> Any:
    if type(value) is list and value:
        return [terms.expand_type(_check_text(item, name)) for item in value]
    return terms.expand_type(_check_text(value, name))


def _property(value: Any, _terms: TermMap, rules: Rules) -> Any:
    kind = type(value)
    if kind is str:
        if value == NGSI_NULL:
            raise Fault("an NGSI-LD Null can only be given in an update or merge", "value")
    elif kind is dict or kind is list:
        try:
            check_json(value, rules.nested_nulls)
        except Fault as fault:
            raise fault.under("value") from None
    elif value is None:
        raise Fault("null is not a value in NGSI-LD", "value")
    return value


def _geometry(value: Any, _terms: TermMap, _rules: Rules) -> Any:
    try:
        return check_geometry(value)
    except Fault as fault:
        raise fault.under("value") from None


def _object(value: Any, _terms: TermMap, _rules: Rules) -> Any:
    if type(value) is list and value:
        return [_target(item, "object", index) for index, item in enumerate(value)]
    return _target(value, "object")


def _target(value: Any, *path: str | int) -> str:
    if value == NGSI_NULL:
        raise Fault("an NGSI-LD Null can only be given in an update or merge", *path)
    return check_uri(value, *path)


def _language_map(value: Any, _terms: TermMap, rules: Rules) -> Any:
    if type(value) is not dict or not value:
        raise Fault("is not a map from language to text", "languageMap")
    for language, text in value.items():
        if not language:
            raise Fault("a language has no name", "languageMap", language)
        texts = text if type(text) is list else [text]
        if not texts or any(type(item) is not str for item in texts):
            raise Fault("is neither a text nor an array of texts", "languageMap", language)
        if text == NGSI_NULL and not rules.nested_nulls:
            raise Fault("an NGSI-LD Null can only be given in a merge", "languageMap", language)
    return value


def _vocab(value: Any, terms: TermMap, _rules: Rules) -> Any:
    texts = value if type(value) is list else [value]
    if not texts or any(type(item) is not str or not item or item == NGSI_NULL for item in texts):
        raise Fault("is neither a text nor an array of texts", "vocab")
    return terms.expand_vocab_value(value)


def _json(value: Any, _terms: TermMap, _rules: Rules) -> Any:
    items = value if type(value) is list else [value]
    if any(type(item) is not dict for item in items):
        raise Fault("is neither a JSON object nor an array of these", "json")
    try:
        check_json(value, null_allowed=True)
    except Fault as fault:
        raise fault.under("json") from None
    return value


def _value_list(value: Any, _terms: TermMap, rules: Rules) -> Any:
    if type(value) is not list:
        raise Fault("is not an array", "valueList")
    if None in value or (NGSI_NULL in value and not rules.nested_nulls):
        raise Fault("null is not a value in NGSI-LD", "valueList")
    try:
        check_json(value, rules.nested_nulls)
    except Fault as fault:
        raise fault.under("valueList") from None
    return value


def _object_list(value: Any, _terms: TermMap, _rules: Rules) -> Any:
    if type(value) is not list:
        raise Fault("is not an array", "objectList")
    return [
        _target(item["object"], "objectList", index, "object")
        if type(item) is dict and item.keys() == {"object"}
        else _target(item, "objectList", index)
        for index, item in enumerate(value)
    ]


_VALUE_CHECKS: Final = {
    "Property": _property,
    "Relationship": _object,
    "GeoProperty": _geometry,
    "LanguageProperty": _language_map,
    "VocabProperty": _vocab,
    "JsonProperty": _json,
    "ListProperty": _value_list,
    "ListRelationship": _object_list,
}
