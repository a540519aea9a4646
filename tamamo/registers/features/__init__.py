"""OGC API: features and vector tiles of entity types, registers and datasets."""

from typing import Literal
from urllib.parse import quote

from tamamo.kernel.towns import DEFAULT
from tamamo.registers.features.entities import EntityTypes
from tamamo.registers.features.lists import RegisterLists
from tamamo.registers.features.service import Features

__all__ = ["EntityTypes", "Features", "RegisterLists", "collection_address"]


def collection_address(
    kind: Literal["type", "register", "dataset"], name: str, town: str = DEFAULT
) -> str:
    """Return the path of a collection. name: of an entity type in short, else an id."""
    root = "" if town == DEFAULT else f"/t/{town}"
    prefix = "" if kind == "type" else f"{kind}."
    return f"{root}/ogc/collections/{quote(prefix + name, safe='')}"
