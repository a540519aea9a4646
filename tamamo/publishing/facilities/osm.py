"""Facilities as OpenStreetMap tags, and as an .osm file that an editor such as JOSM opens.

Keys and values are those of the OpenStreetMap wiki (Key:wheelchair, Key:toilets:wheelchair, …).
What nobody has looked at gets no tag: a missing tag means unknown there, too. The file is a
proposal for mappers: its nodes are new (negative ids) and marked upload="never", since an import
into OpenStreetMap needs its community's consent and a check against what is there.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from xml.sax.saxutils import quoteattr

from tamamo.publishing.facilities.model import Facility, located

#: Kind of facility → the tag that says what it is; buildings of an office of the town.
KINDS: Final[dict[str, tuple[str, str]]] = {
    "government": ("amenity", "townhall"),
    "community": ("amenity", "community_centre"),
    "library": ("amenity", "library"),
    "culture": ("amenity", "arts_centre"),
    "sports": ("leisure", "sports_centre"),
    "welfare": ("amenity", "social_facility"),
    "medical": ("amenity", "hospital"),
    "school": ("amenity", "school"),
    "park": ("leisure", "park"),
    "toilet": ("amenity", "toilets"),
    "station": ("public_transport", "station"),
    "parking": ("amenity", "parking"),
    "tourism": ("tourism", "attraction"),
}
_LONGEST: Final = 255  # of a value: OpenStreetMap's own limit


def tags(facility: Facility) -> dict[str, str]:
    """Return a facility's tags."""
    values = facility.values
    found: dict[str, str | None] = {
        "name": facility.text("name"),
        "name:en": facility.text("alternateName"),
        "addr:full": facility.text("address"),
        "phone": facility.text("telephone"),
        "website": facility.text("website"),
        "wheelchair": facility.rating,
        "entrance:width": _metres(values.get("entranceWidth")),
        "automatic_door": _yes(values.get("automaticDoor")),
        "ramp:wheelchair": {"slope": "yes"}.get(str(values.get("entrance"))),
        "elevator": {"yes": "yes", "no": "no"}.get(str(values.get("lift"))),
        "toilets:wheelchair": _yes(values.get("wheelchairToilet")),
        "changing_table:adult": _yes(facility.has("toiletEquipment", "adult_bed")),
        "changing_table": _yes(facility.has("childEquipment", "diaper_table")),
        "baby_feeding": _room(values.get("nursingRoom")),
        "capacity:disabled": _spaces(values),
        "hearing_loop": _yes(facility.has("informationSupport", "hearing_loop")),
        "tactile_paving": _yes(facility.has("informationSupport", "tactile_paving")),
        "tactile_writing:braille:ja": _yes(facility.has("informationSupport", "braille")),
        "description": _described(values),
        "survey:date": _date(facility),
        "source": "survey",
    }
    if facility.text("category") == "toilet":
        # The facility is the toilet: what holds for it holds for the whole.
        found["wheelchair"] = found.pop("toilets:wheelchair") or found["wheelchair"]
    kind = KINDS.get(facility.text("category"))
    named = {kind[0]: kind[1]} if kind else {}
    return {**named, **{key: text[:_LONGEST] for key, text in found.items() if text}}


def _described(values: Mapping[str, Any]) -> str:
    """Say what OpenStreetMap has no agreed tag for."""
    said = []
    if values.get("ostomate") is True:
        said.append("オストメイト対応 / ostomate facilities")
    if values.get("assistanceDog") is True:
        said.append("補助犬可 / assistance dogs welcome")
    return "; ".join(said)


def _room(there: bool | None) -> str | None:
    return None if there is None else "room" if there else "no"


def _yes(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


def _metres(centimetres: Any) -> str | None:
    """Return a width as the wiki has it: metres without a unit."""
    return None if centimetres is None else f"{centimetres / 100:g}"


def _spaces(values: Mapping[str, Any]) -> str | None:
    if values.get("accessibleParking") is False:
        return "no"
    count = values.get("accessibleParkingSpaces")
    if count is not None:
        return str(count) if count else "no"
    return _yes(values.get("accessibleParking"))


def _date(facility: Facility) -> str | None:
    last = facility.last_surveyed
    return None if last is None else last.isoformat()


def document(facilities: Iterable[Facility], *, generator: str = "Tamamo") -> bytes:
    """Return an .osm file (API 0.6) of the facilities that have a place."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<osm version="0.6" generator={quoteattr(generator)} upload="never">',
    ]
    for number, one in enumerate(located(facilities), 1):
        place = f'lat="{one.latitude:.7f}" lon="{one.longitude:.7f}"'
        lines.append(f'  <node id="-{number}" action="modify" visible="true" {place}>')
        told = {**tags(one), "ref:tamamo": one.id}
        if one.simulated:
            told["note"] = "模擬データ / simulated: not a real place"
        lines += [f"    <tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in told.items()]
        lines.append("  </node>")
    return ("\n".join([*lines, "</osm>"]) + "\n").encode()
