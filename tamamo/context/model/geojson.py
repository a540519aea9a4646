"""Entities as GeoJSON Features (clauses 4.5.16, 4.5.17)."""

from collections.abc import Iterable
from typing import Any

from tamamo.context.jsonld.terms import TermMap
from tamamo.context.model.entity import Entity
from tamamo.context.model.represent import DEFAULT_INSTANCE, NORMALIZED, View, represent


def feature(entity: Entity, terms: TermMap, view: View = NORMALIZED) -> dict[str, Any]:
    """Return the entity as a Feature, its members in the view's format, without @context."""
    properties = represent(entity, terms, view)
    properties.pop("id", None)
    return {
        "id": entity.id,
        "type": "Feature",
        "geometry": geometry_of(entity, view),
        "properties": properties,
    }


def feature_collection(
    entities: Iterable[Entity], terms: TermMap, view: View = NORMALIZED
) -> dict[str, Any]:
    """Return a FeatureCollection, without @context."""
    return {
        "type": "FeatureCollection",
        "features": [feature(entity, terms, view) for entity in entities],
    }


def geometry_of(entity: Entity, view: View = NORMALIZED) -> dict[str, Any] | None:
    """Return the geometry of the GeoProperty selected; None without one (clause 4.5.16.1).

    Of several instances the one of the datasetId asked for is taken, else the default one.
    """
    wanted = view.dataset_ids or {DEFAULT_INSTANCE}
    for instance in entity.attrs.get(view.geometry_property, ()):
        if (
            instance.get("type") == "GeoProperty"
            and instance.get("datasetId", DEFAULT_INSTANCE) in wanted
        ):
            geometry: dict[str, Any] = instance["value"]
            return geometry
    return None
