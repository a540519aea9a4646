"""All that the OGC API shows: entity types, registers, and published datasets."""

from functools import cache

from tamamo.publishing.features.datasets import PublishedDatasets
from tamamo.registers.features import EntityTypes, Features, RegisterLists


@cache
def features() -> Features:
    """Return the features of this process: one, because it keeps tiles made a moment ago."""
    return Features((PublishedDatasets(), RegisterLists(), EntityTypes()))
