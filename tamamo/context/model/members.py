"""Checks of the member that holds an attribute's value, by kind (clauses 4.5.2-4.5.24)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tamamo.context.jsonld.terms import TermMap
from tamamo.context.model.geometry import check_geometry
from tamamo.context.model.values import NGSI_NULL, Fault, check_json, check_uri

_NO_NULL_HERE = "an NGSI-LD Null can only be given in an update or merge"


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operation at hand allows in its body.

    nulls: NGSI-LD Nulls delete (clauses 5.5.8, 5.5.12). nested_nulls: also inside values (merge).
    simplified: values come bare (clause 4.5.4). partial: an instance may lack type and value.
    repeated: an attribute may have several instances of one datasetId, and a Null as value stands
    for a deletion in the past (temporal evolution, clause 4.5.7). received: another context source
    answered it, so the times it says are kept.
    """

    nulls: bool = False
    nested_nulls: bool = False
    simplified: bool = False
    partial: bool = False
    repeated: bool = False
    received: bool = False


def check_property(value: Any, _terms: TermMap, rules: Rules) -> Any:
    """Any JSON but null; NGSI-LD Nulls inside only in a merge."""
    kind = type(value)
    if kind is str:
        if value == NGSI_NULL:
            raise Fault(_NO_NULL_HERE, "value")
    elif kind is dict or kind is list:
        _check_inside(value, rules.nested_nulls, "value")
    elif value is None:
        raise Fault("null is not a value in NGSI-LD", "value")
    return value


def check_geo(value: Any, _terms: TermMap, _rules: Rules) -> Any:
    """A GeoJSON geometry, or the text of one, which is stored as an object."""
    try:
        return check_geometry(value)
    except Fault as fault:
        raise fault.under("value") from None


def check_object(value: Any, _terms: TermMap, _rules: Rules) -> Any:
    """A URI or an array of URIs."""
    if type(value) is list and value:
        return [_target(item, "object", index) for index, item in enumerate(value)]
    return _target(value, "object")


def check_language_map(value: Any, _terms: TermMap, rules: Rules) -> Any:
    """Language → text or texts (clause 4.6.5)."""
    if type(value) is not dict or not value:
        raise Fault("is not a map from language to text", "languageMap")
    for language, text in value.items():
        if not language:
            raise Fault("a language has no name", "languageMap", language)
        texts = text if type(text) is list else [text]
        if not texts or any(type(item) is not str for item in texts):
            raise Fault("is neither a text nor an array of texts", "languageMap", language)
        if NGSI_NULL in texts and (text is texts or not rules.nested_nulls):
            raise Fault(_NO_NULL_HERE, "languageMap", language)
    return value


def check_vocab(value: Any, terms: TermMap, _rules: Rules) -> Any:
    """A name or names, expanded to IRIs."""
    texts = value if type(value) is list else [value]
    if not texts or any(type(item) is not str or not item for item in texts):
        raise Fault("is neither a text nor an array of texts", "vocab")
    if NGSI_NULL in texts:
        raise Fault(_NO_NULL_HERE, "vocab")
    return terms.expand_vocab_value(value)


def check_raw_json(value: Any, _terms: TermMap, _rules: Rules) -> Any:
    """An object or an array of objects; never interpreted, so null is allowed inside."""
    items = value if type(value) is list else [value]
    if any(type(item) is not dict for item in items):
        raise Fault("is neither a JSON object nor an array of these", "json")
    _check_inside(value, False, "json", raw=True)
    return value


def check_value_list(value: Any, _terms: TermMap, rules: Rules) -> Any:
    """An ordered array of values."""
    if type(value) is not list:
        raise Fault("is not an array", "valueList")
    for index, item in enumerate(value):
        if item is None:
            raise Fault("null is not a value in NGSI-LD", "valueList", index)
        if item == NGSI_NULL:
            raise Fault(_NO_NULL_HERE, "valueList", index)
    _check_inside(value, rules.nested_nulls, "valueList")
    return value


def check_object_list(value: Any, _terms: TermMap, _rules: Rules) -> Any:
    """An ordered array of URIs, each bare or as {"object": URI}; stored bare (clause 4.5.22)."""
    if type(value) is not list:
        raise Fault("is not an array", "objectList")
    return [
        _target(item["object"], "objectList", index, "object")
        if type(item) is dict and item.keys() == {"object"}
        else _target(item, "objectList", index)
        for index, item in enumerate(value)
    ]


def _target(value: Any, *path: str | int) -> str:
    if value == NGSI_NULL:
        raise Fault(_NO_NULL_HERE, *path)
    return check_uri(value, *path)


def _check_inside(value: Any, nulls: bool, member: str, *, raw: bool = False) -> None:
    try:
        check_json(value, nulls, raw=raw)
    except Fault as fault:
        raise fault.under(member) from None


VALUE_CHECKS: Final[dict[str, Callable[[Any, TermMap, Rules], Any]]] = {
    "Property": check_property,
    "Relationship": check_object,
    "GeoProperty": check_geo,
    "LanguageProperty": check_language_map,
    "VocabProperty": check_vocab,
    "JsonProperty": check_raw_json,
    "ListProperty": check_value_list,
    "ListRelationship": check_object_list,
}
