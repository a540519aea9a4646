"""GeoJSON geometries as values of GeoProperties (clause 4.7); tamamo.kernel.geo has the rules."""

from typing import Any

from tamamo.context.model.values import Fault
from tamamo.kernel import geo


def looks_like_geometry(value: Any) -> bool:
    """Whether an object without an attribute type is meant as a geometry."""
    if type(value) is not dict or "coordinates" not in value:
        return False
    kind = value.get("type")
    return type(kind) is str and kind in geo.KINDS


def check_geometry(value: Any) -> dict[str, Any]:
    """Return the geometry as an object; it may come as a JSON text (clause 4.7.2).

    Raises Fault, which names the place, where tamamo.kernel.geo refuses it.
    """
    try:
        return geo.check(value)
    except geo.BadGeometry as error:
        raise Fault(error.reason, *error.path) from None
