"""Entities for clients of an earlier version of the standard (clause 4.3.6.8)."""

from dataclasses import replace
from typing import Any, Final

from tamamo.context.jsonld import TermMap
from tamamo.context.model.entity import Entity, Instance

Version = tuple[int, int]

#: Kind → (version that introduced it, kind before, its member, member before).
KINDS: Final = {
    "LanguageProperty": ((1, 4), "Property", "languageMap", "value"),
    "JsonProperty": ((1, 8), "Property", "json", "value"),
    "VocabProperty": ((1, 8), "Property", "vocab", "value"),
    "ListProperty": ((1, 8), "Property", "valueList", "value"),
    "ListRelationship": ((1, 8), "Relationship", "objectList", "object"),
}
#: Member of an instance → version that introduced it.
MEMBERS: Final = {
    "datasetId": (1, 3),
    "observedAt": (1, 3),
    "unitCode": (1, 3),
    "objectType": (1, 8),
    "expiresAt": (1, 9),
    "valueType": (1, 9),
}


def amend(entity: Entity, version: Version, terms: TermMap) -> Entity:
    """Return the entity as this version knew it, by tables 4.3.6.8-1 to -3.

    The entity given is returned when there is nothing to amend.
    """
    amended = replace(
        entity,
        types=entity.types if version >= (1, 3) else entity.types[:1],
        scopes=entity.scopes if version >= (1, 4) else [],
        expires_at=entity.expires_at if version >= (1, 9) else None,
        attrs={
            attr: _instances(instances, version, terms) for attr, instances in entity.attrs.items()
        },
    )
    return entity if amended == entity else amended


def _instances(instances: list[Instance], version: Version, terms: TermMap) -> list[Instance]:
    if version < (1, 3):
        default = next((item for item in instances if "datasetId" not in item), instances[0])
        instances = [default]
    return [_instance(instance, version, terms) for instance in instances]


def _instance(instance: Instance, version: Version, terms: TermMap) -> Instance:
    introduced, kind, member, earlier = KINDS.get(
        instance["type"], ((0, 0), instance["type"], "", "")
    )
    reformat = version < introduced
    out: dict[str, Any] = {}
    for name, value in instance.items():
        if ":" in name:  # a sub-attribute
            out[name] = _instances(value, version, terms)
        elif reformat and name == "type":
            out[name] = kind
        elif reformat and name == member:
            out[earlier] = terms.compact_vocab_value(value) if name == "vocab" else value
        elif version >= MEMBERS.get(name, (0, 0)):
            out[name] = value
    return out
