"""The same body in the names of another @context (clause 4.3.6.6).

Bodies go to sources as they came: fragments with NGSI-LD Nulls, concise and simplified forms
would lose by being stored and shown again. Where a source is spoken to in another @context than
the request's, only the names are changed; values are never touched.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from tamamo.context.distribution.versions import amend_entity, amend_instance
from tamamo.context.entities.fallback import Version
from tamamo.context.jsonld import TermMap
from tamamo.context.model.instances import looks_like_instances
from tamamo.context.model.kinds import (
    META_MEMBERS,
    PLAIN_MEMBERS,
    SEALED_MEMBERS,
    TEMPORAL_MEMBER,
    VALUE_MEMBER,
    VALUE_MEMBERS,
)
from tamamo.context.model.parse import ENTITY_MEMBERS

#: Members of an instance whose texts are names.
_NAMES: Final = frozenset({"vocab", "objectType", "valueType", "entityTypeSealed"})
_OTHER: Final = PLAIN_MEMBERS | SEALED_MEMBERS | frozenset(TEMPORAL_MEMBER.values())
_TYPE: Final = re.compile(r"[^,|;()]+")


class Translation:
    """From the names of one @context to those of another.

    version: of the standard that the reader knows; None: this one.
    """

    def __init__(self, given: TermMap, wanted: TermMap, version: Version | None = None) -> None:
        self._given = given
        self._wanted = wanted
        self._version = version
        self._same = given is wanted

    def name(self, name: str) -> str:
        """Return the name of an attribute or a type."""
        return name if self._same else self._wanted.compact_iri(self._given.expand_term(name))

    def iri(self, iri: str) -> str:
        """Return the name for the IRI of an attribute or a type."""
        return self._wanted.compact_iri(iri)

    def types(self, selector: str) -> str:
        """Return a selector of entity types (clause 4.17)."""
        return selector if self._same else _TYPE.sub(lambda found: self.name(found[0]), selector)

    def entity(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return an entity or an Entity Fragment; its @context is left out."""
        out: dict[str, Any] = {}
        for name, value in body.items():
            if name == "@context":
                continue
            if name in ENTITY_MEMBERS:
                out[name] = self._names(value) if name in {"type", "@type"} else value
            else:
                out[self.name(name)] = self._attribute(value)
        return out if self._version is None else amend_entity(out, self._version)

    def instance(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return an Attribute Fragment."""
        out = self._instance(body)
        return out if self._version is None else amend_instance(out, self._version)

    def _instance(self, body: Mapping[str, Any]) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for name, value in body.items():
            if name in _NAMES:
                out[name] = self._names(value)
            elif name == "vocabs":
                out[name] = [[self._names(pair[0]), *pair[1:]] for pair in value]
            elif name in _OTHER or name.startswith("@"):
                out[name] = value
            else:
                out[self.name(name)] = self._attribute(value)
        return out

    def _attribute(self, value: Any) -> Any:
        if self._same:
            return value
        if isinstance(value, list) and looks_like_instances(value):
            return [self._instance(item) for item in value]
        if not isinstance(value, dict):
            return value
        if value.keys() == {"dataset"} and isinstance(value["dataset"], dict):
            return {
                "dataset": {name: self._attribute(one) for name, one in value["dataset"].items()}
            }
        return self._instance(value) if _is_instance(value) else value

    def _names(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._names(item) for item in value]
        return self.name(value) if isinstance(value, str) else value


def _is_instance(value: dict[str, Any]) -> bool:
    """Whether an object is an attribute instance; any other is the value of a Property."""
    kind = value.get("type", value.get("@type"))
    if isinstance(kind, str) and (kind in VALUE_MEMBER or ":" in kind):
        return True
    return not VALUE_MEMBERS.isdisjoint(value) or not META_MEMBERS.isdisjoint(value)
