"""Names of operations a context source can be registered for (clause 4.20)."""

from typing import Final

# fmt: off
_SINGLE: Final = (
    "createEntity", "updateEntity", "appendAttrs", "updateAttrs", "deleteAttrs", "deleteEntity",
    "createBatch", "upsertBatch", "updateBatch", "deleteBatch",
    "upsertTemporal", "appendAttrsTemporal", "deleteAttrsTemporal", "updateAttrInstanceTemporal",
    "deleteAttrInstanceTemporal", "deleteTemporal",
    "mergeEntity", "replaceEntity", "replaceAttrs", "mergeBatch",
    "purgeEntity", "retrieveEntity", "queryEntity", "queryBatch",
    "retrieveTemporal", "queryTemporal",
    "retrieveEntityTypes", "retrieveEntityTypeDetails", "retrieveEntityTypeInfo",
    "retrieveAttrTypes", "retrieveAttrTypeDetails", "retrieveAttrTypeInfo",
    "createSubscription", "updateSubscription", "retrieveSubscription",
    "querySubscription", "deleteSubscription",
    "retrieveEntityMap", "updateEntityMap", "deleteEntityMap", "createEntityMapQueryEntity",
    "createEntityMapQueryTemporal", "retrieveContextSourceIdentity",
)
# fmt: on

#: Names of groups (table 4.20-2).
GROUPS: Final = ("federationOps", "associationOps", "updateOps", "retrieveOps", "redirectionOps")

#: What a registration may name: operations (table 4.20-1) and groups.
OPERATIONS: Final = (*_SINGLE, *GROUPS)

#: All that an auxiliary source may be registered for (clause 5.9.2.4).
READING: Final = frozenset({"retrieveOps", "retrieveEntity", "queryEntity"})
