"""Bodies for sources of an earlier version of the standard (clauses 4.3.6.6, 4.3.6.8).

The same tables as for answers (`entities.fallback`), for bodies as they came: concise forms,
fragments and NGSI-LD Nulls too.
"""

from collections.abc import Mapping
from typing import Any, Final

from tamamo.context.entities.fallback import KINDS, MEMBERS, Version
from tamamo.context.model.instances import looks_like_instances
from tamamo.context.model.kinds import KIND_BY_MEMBER, PLAIN_MEMBERS
from tamamo.context.model.parse import ENTITY_MEMBERS

#: Members of an entity → version that introduced them.
_ENTITY: Final = {"scope": (1, 4), "expiresAt": (1, 9)}


def amend_entity(body: Mapping[str, Any], version: Version) -> dict[str, Any]:
    """Return an entity or an Entity Fragment as this version knew it."""
    out: dict[str, Any] = {}
    for name, value in body.items():
        if version < _ENTITY.get(name, (0, 0)):
            continue
        if name not in ENTITY_MEMBERS:
            out[name] = _attribute(value, version)
        elif name in {"type", "@type"} and isinstance(value, list) and version < (1, 3):
            out[name] = value[0]
        else:
            out[name] = value
    return out


def amend_instance(body: Mapping[str, Any], version: Version) -> dict[str, Any]:
    """Return an Attribute Fragment as this version knew it."""
    member = next((name for name in body if name in KIND_BY_MEMBER), "")
    kind = body.get("type", KIND_BY_MEMBER.get(member, ""))
    introduced, before, new, old = KINDS.get(kind, ((0, 0), kind, "", ""))
    earlier = version < introduced
    out: dict[str, Any] = {"type": before} if earlier else {}
    for name, value in body.items():
        if earlier and name == "type":
            continue
        if earlier and name == new:
            out[old] = value
        elif name not in PLAIN_MEMBERS and not name.startswith("@"):
            out[name] = _attribute(value, version)
        elif version >= MEMBERS.get(name, (0, 0)):
            out[name] = value
    return out


def _attribute(value: Any, version: Version) -> Any:
    if isinstance(value, list) and looks_like_instances(value):
        if version < (1, 3):
            return amend_instance(_default(value), version)
        return [amend_instance(one, version) for one in value]
    known = isinstance(value, dict) and ("type" in value or not value.keys().isdisjoint(_TELLING))
    return amend_instance(value, version) if known else value


_TELLING: Final = KIND_BY_MEMBER.keys() | MEMBERS.keys()


def _default(instances: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the default instance, without one the first (note 2 of table 4.3.6.8-1)."""
    return next((one for one in instances if "datasetId" not in one), instances[0])
