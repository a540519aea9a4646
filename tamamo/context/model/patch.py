"""Merging one attribute instance into another (clause 5.5.12, RFC 7396 with NGSI-LD Nulls)."""

from typing import Any, Final

from tamamo.context.jsonld.terms import TermMap
from tamamo.context.model.entity import Instance
from tamamo.context.model.kinds import BARE, DELETED, VALUE_MEMBER
from tamamo.context.model.language import NO_LANGUAGE
from tamamo.context.model.members import VALUE_CHECKS, Rules
from tamamo.context.model.values import NGSI_NULL, Fault


def patch_instance(
    before: Instance,
    part: Instance,
    attr: str,
    *,
    terms: TermMap,
    lang: str | None = None,
    observed_at: str | None = None,
) -> Instance:
    """Return `before` with `part` merged in. Neither is altered, but `part` may be shared.

    Raises BadRequestData when the value does not suit the kind.
    """
    if BARE in part:
        part = _of_kind(before, part["value"], attr, terms, lang)
    kind = part.get("type") or before["type"]
    if kind != before["type"]:
        return settle(
            part, attr, nested_nulls=True
        )  # another kind: nothing of the old value can be kept
    merged = dict(before)
    for name, value in part.items():
        if value == NGSI_NULL:
            merged.pop(name, None)
        elif ":" in name:
            instances = _patch_instances(merged.get(name, []), value, name, terms, lang)
            if instances:
                merged[name] = instances
            else:
                merged.pop(name, None)
        elif name in {"value", "languageMap", "json"} and kind != "GeoProperty":
            merged[name] = _patched(merged.get(name), value)
        else:
            merged[name] = value
    if merged.get("languageMap") == {}:
        raise Fault("no language would be left; delete the attribute instead", attr).problem()
    merged["type"] = kind
    if observed_at is not None and "observedAt" in before and "observedAt" not in part:
        merged["observedAt"] = observed_at
    return merged


def settle(instance: Instance, attr: str, nested_nulls: bool = False) -> Instance:
    """Return a fragment's instance as it can be stored: no markers, no Nulls, a value.

    nested_nulls: there may be Nulls inside the value. Raises BadRequestData without a value.
    """
    settled: Instance = {}
    for name, value in instance.items():
        if name == BARE or value == NGSI_NULL:
            continue
        if ":" in name:
            kept = [settle(part, name, nested_nulls) for part in value if DELETED not in part]
            if kept:
                settled[name] = kept
        elif nested_nulls and name in {"value", "languageMap"} and type(value) is dict:
            settled[name] = _patched({}, value)
        else:
            settled[name] = value
    member = VALUE_MEMBER.get(settled.get("type", ""), "")
    if member not in settled or (member == "languageMap" and not settled[member]):
        raise Fault("the attribute is not there yet and needs a value", attr).problem()
    return settled


def _patch_instances(
    before: list[Instance], parts: list[Instance], attr: str, terms: TermMap, lang: str | None
) -> list[Instance]:
    """Merge sub-attribute instances, dataset by dataset."""
    merged = {instance.get("datasetId"): instance for instance in before}
    for part in parts:
        dataset = part.get("datasetId")
        if DELETED in part:
            merged.pop(dataset, None)
        elif dataset in merged:
            merged[dataset] = patch_instance(merged[dataset], part, attr, terms=terms, lang=lang)
        else:
            merged[dataset] = settle(part, attr, nested_nulls=True)
    return list(merged.values())


def _patched(target: Any, patch: Any) -> Any:
    """Apply a JSON merge patch whose null is the NGSI-LD Null."""
    if type(patch) is not dict:
        return patch
    result = dict(target) if type(target) is dict else {}
    for name, value in patch.items():
        if value == NGSI_NULL:
            result.pop(name, None)
        elif type(value) is dict:
            result[name] = _patched(result.get(name), value)
        else:
            result[name] = value
    return result


def _of_kind(before: Instance, value: Any, attr: str, terms: TermMap, lang: str | None) -> Instance:
    """Return a bare value as an instance of the kind the attribute already has (5.6.17.4)."""
    kind = before["type"]
    if kind == "LanguageProperty" and type(value) is not dict:
        value = {lang or NO_LANGUAGE: value}
    try:
        return {"type": kind, VALUE_MEMBER[kind]: VALUE_CHECKS[kind](value, terms, _IN_MERGE)}
    except Fault as fault:
        raise Fault(f"the attribute is a {kind}, and {fault.reason}", attr).problem() from None


_IN_MERGE: Final = Rules(nulls=True, nested_nulls=True, partial=True)
