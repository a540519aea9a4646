"""Names of operations a context source can be registered for (clause 4.20)."""

from collections.abc import Iterable
from typing import Final

# fmt: off
_PROVISION: Final = (
    "createEntity", "updateEntity", "appendAttrs", "updateAttrs", "deleteAttrs", "deleteEntity",
    "createBatch", "upsertBatch", "updateBatch", "deleteBatch",
    "upsertTemporal", "appendAttrsTemporal", "deleteAttrsTemporal", "updateAttrInstanceTemporal",
    "deleteAttrInstanceTemporal", "deleteTemporal",
    "mergeEntity", "replaceEntity", "replaceAttrs", "mergeBatch", "purgeEntity",
)
_TEMPORAL: Final = ("retrieveTemporal", "queryTemporal")
_DISCOVERY: Final = (
    "retrieveEntityTypes", "retrieveEntityTypeDetails", "retrieveEntityTypeInfo",
    "retrieveAttrTypes", "retrieveAttrTypeDetails", "retrieveAttrTypeInfo",
)
_SUBSCRIPTIONS: Final = (
    "createSubscription", "updateSubscription", "retrieveSubscription",
    "querySubscription", "deleteSubscription",
)
_MAPS: Final = (
    "retrieveEntityMap", "updateEntityMap", "deleteEntityMap", "createEntityMapQueryEntity",
)
_SINGLE: Final = (
    *_PROVISION, "retrieveEntity", "queryEntity", "queryBatch", *_TEMPORAL, *_DISCOVERY,
    *_SUBSCRIPTIONS, *_MAPS, "createEntityMapQueryTemporal", "retrieveContextSourceIdentity",
)
_ASSOCIATION: Final = (
    "retrieveEntity", "queryEntity", "queryBatch", *_DISCOVERY, *_SUBSCRIPTIONS,
    "retrieveContextSourceIdentity",
)

#: Groups and what is in them (table 4.20-2).
GROUPS: Final = {
    "federationOps": frozenset((*_ASSOCIATION, *_MAPS)),
    "associationOps": frozenset(_ASSOCIATION),
    "updateOps": frozenset(("updateEntity", "updateAttrs", "replaceEntity", "replaceAttrs")),
    "retrieveOps": frozenset(("retrieveEntity", "queryEntity")),
    "redirectionOps": frozenset((
        "createEntity", "updateEntity", "appendAttrs", "updateAttrs", "deleteAttrs", "deleteEntity",
        "mergeEntity", "replaceEntity", "replaceAttrs", "retrieveEntity", "queryEntity",
        "purgeEntity", *_DISCOVERY, *_MAPS, "retrieveContextSourceIdentity",
    )),
}
# fmt: on

#: What a registration may name: operations (table 4.20-1) and groups.
OPERATIONS: Final = (*_SINGLE, *GROUPS)

#: All that an auxiliary source may be registered for (clause 5.9.2.4).
READING: Final = frozenset({"retrieveOps", "retrieveEntity", "queryEntity"})


def expand(names: Iterable[str] | None) -> frozenset[str]:
    """Return the single operations of a registration's list; None: those by default (4.20)."""
    if names is None:
        return GROUPS["federationOps"]
    return frozenset().union(*(GROUPS.get(name, frozenset({name})) for name in names))
