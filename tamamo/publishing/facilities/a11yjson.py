"""Facilities as A11yJSON (sozialhelden/a11yjson 31), the format of accessibility.cloud, Wheelmap.

A missing member means "unknown" there and here; `null` means that there is none of it. What the
format has no member for (ostomate facilities, survey days) stands in `properties.tags`, whose
values are texts.
"""

from collections.abc import Iterable
from typing import Any, Final

from tamamo.publishing.facilities import osm
from tamamo.publishing.facilities.model import GROUPS, Facility, located

#: Version of the format these documents keep to.
VERSION: Final = "31.1.0"
_GRADES: Final = {"yes": "fully", "limited": "partially", "no": "not"}
#: Kinds as accessibility.cloud names its categories (after OpenStreetMap).
_CATEGORIES: Final = {
    "government": "townhall",
    "community": "community_centre",
    "library": "library",
    "culture": "arts_centre",
    "sports": "sports_centre",
    "welfare": "social_facility",
    "medical": "hospital",
    "school": "school",
    "park": "park",
    "toilet": "toilets",
    "station": "railway_station",
    "parking": "parking",
    "tourism": "attraction",
    "shop": "shop",
}


def collection(facilities: Iterable[Facility], base: str) -> dict[str, Any]:
    """Return a FeatureCollection of those that have a place.

    base: the address of the map's page, with a slash at its end.
    """
    features = [place_info(one, base) for one in located(facilities)]
    return {"type": "FeatureCollection", "featureCount": len(features), "features": features}


def place_info(facility: Facility, base: str) -> dict[str, Any]:
    """Return a facility as a PlaceInfo."""
    page = f"{base}{facility.key}/"
    properties = {
        "name": _texts(facility.text("name"), facility.text("alternateName")),
        "category": _CATEGORIES.get(facility.text("category"), "other"),
        "address": {"text": {"ja": facility.text("address")}, "countryCode": "JPN"},
        "description": _texts(facility.text("accessNote"), ""),
        "phoneNumber": facility.text("telephone"),
        "placeWebsiteUrl": facility.text("website"),
        "infoPageUrl": page,
        "editPageUrl": f"{page}correct/",
        "originalId": facility.id,
        "accessibility": _accessibility(facility),
        "tags": _tags(facility),
    }
    if not facility.text("address"):
        del properties["address"]
    return {
        "type": "Feature",
        "formatVersion": VERSION,
        "geometry": {
            "type": "Point",
            "coordinates": [facility.longitude, facility.latitude],
        },
        "properties": _filled(properties),
    }


def _texts(japanese: str, english: str) -> dict[str, str]:
    return {key: text for key, text in (("ja", japanese), ("en", english)) if text}


def _filled(members: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is unknown: an empty text, list or object; None stays, it means "none"."""
    return {name: value for name, value in members.items() if value not in ("", [], {})}


def _known(**members: Any) -> dict[str, Any]:
    """Return the members that are known: None is "nobody has looked"."""
    return {name: value for name, value in members.items() if value is not None}


def _length(centimetres: Any) -> dict[str, Any] | None:
    return None if centimetres is None else {"value": centimetres, "unit": "cm"}


def _accessibility(facility: Facility) -> dict[str, Any]:
    values = facility.values
    grade = facility.rating
    members = {
        "wheelchairAccessibilityGrade": _GRADES[grade] if grade else "",
        "entrances": _entrances(facility),
        "restrooms": _restrooms(facility),
        "animalPolicy": _known(
            allowsAssistanceDogs=values.get("assistanceDog"),
            allowsGuideDogs=values.get("assistanceDog"),
        ),
        "availableEquipment": [{"category": "elevator"}] if values.get("lift") == "yes" else [],
        "signageSystems": _signage(facility),
        "staff": _staff(facility),
    }
    loop = facility.has("informationSupport", "hearing_loop")
    return _filled(members) | _known(hasInductionLoop=loop) | _parking(facility)


def _entrances(facility: Facility) -> list[dict[str, Any]]:
    values = facility.values
    kind = values.get("entrance")
    told: dict[str, Any] = {}
    if kind is not None:
        told = {"isLevel": kind == "level", "hasFixedRamp": kind == "slope"}
    door = _known(
        width=_length(values.get("entranceWidth")), isAutomatic=values.get("automaticDoor")
    )
    if door:
        told["door"] = door
    return [{"properties": {"isMainEntrance": True, **told}}] if told else []


def _restrooms(facility: Facility) -> list[dict[str, Any]]:
    """Return the toilet, and the nursing room's changing table with it; [] where unknown."""
    values = facility.values
    told = _known(
        isAccessibleWithWheelchair=values.get("wheelchairToilet"),
        hasChangingTableForAdults=facility.has("toiletEquipment", "adult_bed"),
        hasChangingTableForBabies=facility.has("childEquipment", "diaper_table"),
        hasSupportRails=facility.has("toiletEquipment", "handrails"),
    )
    width = _length(values.get("toiletDoorWidth"))
    if width is not None:
        told["entrance"] = {"door": {"width": width}}
    if values.get("wheelchairToilet"):
        told["signIcons"] = ["personInWheelchair"]
    return [told] if told else []


def _parking(facility: Facility) -> dict[str, Any]:
    values = facility.values
    there = values.get("accessibleParking")
    if there is None:
        return {}
    if not there:
        return {"parking": {"forWheelchairUsers": None}}
    told = _known(
        count=values.get("accessibleParkingSpaces"), isLocatedInside=values.get("parkingRoof")
    )
    return {"parking": {"forWheelchairUsers": told}} if told else {}


def _signage(facility: Facility) -> list[dict[str, Any]]:
    told = _known(
        hasBraille=facility.has("informationSupport", "braille"),
        hasTactilePaving=facility.has("informationSupport", "tactile_paving"),
        hasAudio=facility.has("informationSupport", "audio_guide"),
    )
    return [told] if told else []


def _staff(facility: Facility) -> dict[str, Any]:
    """Japanese Sign Language is `jsl` (ISO 639-3), an extended language of BCP 47."""
    return (
        {"languages": ["ja", "jsl"]} if facility.has("informationSupport", "sign_language") else {}
    )


def _tags(facility: Facility) -> dict[str, str]:
    found = osm.tags(facility)
    ostomate = facility.values.get("ostomate")
    if ostomate is not None:
        found["tamamo:ostomate"] = "yes" if ostomate else "no"
    for group in GROUPS:
        on = facility.surveyed_on(group)
        if on is not None:
            found[f"tamamo:survey:{group.id}"] = on.isoformat()
    if facility.simulated:
        found["tamamo:simulated"] = "yes"
    return found
