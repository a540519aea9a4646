"""Rows of the standard as entities of Smart Data Models.

PointOfInterest (dataModel.PointOfInterest 0.3.1), WifiPointOfInterest (dataModel.WifiNetwork
0.1.0), Event (dataModel.TourismDestinations 0.2.0), under plain names (ADR 0010). What a model has
no member for stays as a property of its own (`attribute` of an item).
"""

from collections.abc import Mapping
from typing import Final, Protocol
from urllib.parse import quote

from tamamo.context.model.entity import Entity, Instance
from tamamo.publishing.standard.kinds import kind
from tamamo.publishing.standard.model import Item, Kind, Scalar

#: Attributes of which a model's member is made: see `_address`, `_contact`.
_PARTS: Final = frozenset({"address", "building", "telephone", "extensionNumber", "contactName",
                           "startDate", "endDate"})  # fmt: skip
_LANGUAGE: Final = frozenset({"有", "無"})


class Terms(Protocol):
    """What of a TermMap is needed: short names to IRIs."""

    def expand_term(self, term: str) -> str:
        """Return the IRI of an attribute name."""

    def expand_type(self, term: str) -> str:
        """Return the IRI of an entity type."""


def entity(
    name: str,
    row: Mapping[str, Scalar],
    *,
    dataset: str,
    key: str,
    terms: Terms,
    provider: str = "",
    simulated: bool = False,
) -> Entity | None:
    """Return the entity of a row of the standard (`convert`), in stored form.

    None where the kind has no place, or the row has none. dataset and key make its id. Raises
    KeyError for a kind there is not.
    """
    one = kind(name)
    point = _point(row)
    if one.model is None or point is None:
        return None
    attrs: dict[str, Instance] = {"location": {"type": "GeoProperty", "value": point}}
    for item in one.items:
        instance = _instance(item, row.get(item.name))
        if instance is not None:
            attrs.setdefault(item.attribute, instance)
    attrs |= _members(one, row)
    if provider:
        attrs["dataProvider"] = _property(provider)
    if simulated:
        attrs["simulated"] = _property(True)
    return Entity(
        f"urn:ngsi-ld:{one.model}:{quote(dataset, safe='')}:{quote(key, safe='')}",
        [terms.expand_type(one.model)],
        {terms.expand_term(term): [instance] for term, instance in attrs.items()},
    )


def _members(one: Kind, row: Mapping[str, Scalar]) -> dict[str, Instance]:
    """Return the members that a Smart Data Model shapes itself."""
    by_attribute = {
        item.attribute: row[item.name]
        for item in one.items
        if item.attribute in _PARTS and row.get(item.name) is not None
    }
    found: dict[str, Instance] = {}
    if one.category:
        found["category"] = _property([one.category])
    address = _address(row, by_attribute)
    if address:
        found["address"] = _property(address)
    contact = {
        member: str(by_attribute[part])
        for member, part in (("name", "contactName"), ("telephone", "telephone"))
        if part in by_attribute
    }
    if contact:
        found["contactPoint"] = _property(contact)
    for day, hour in (("startDate", "開始時間"), ("endDate", "終了時間")):
        if day in by_attribute:
            found[day] = _property(_moment(str(by_attribute[day]), row.get(hour)))
    return found


def _address(row: Mapping[str, Scalar], by_attribute: Mapping[str, Scalar]) -> dict[str, str]:
    """Return schema.org's PostalAddress; the street is what follows the municipality."""
    whole = str(by_attribute.get("address", ""))
    region, city = (str(row.get(name) or "") for name in ("都道府県名", "市区町村名"))
    street = whole.removeprefix(region).removeprefix(city).strip()
    building = str(by_attribute.get("building", ""))
    said = {
        "addressRegion": region,
        "addressLocality": city,
        "streetAddress": " ".join(part for part in (street, building) if part),
    }
    found = {member: text for member, text in said.items() if text}
    return {"addressCountry": "JP"} | found if street or building else {}


def _moment(day: str, hour: Scalar) -> str:
    """Return a day and a time of day in Japan as one moment (RFC 3339); the day without a time."""
    text = str(hour or "")
    if len(day) == 10 and len(text) == 5 and text < "24:00":
        return f"{day}T{text}:00+09:00"
    return day


def _point(row: Mapping[str, Scalar]) -> dict[str, object] | None:
    latitude, longitude = row.get("緯度"), row.get("経度")
    if not isinstance(latitude, float) or not isinstance(longitude, float):
        return None
    return {"type": "Point", "coordinates": [longitude, latitude]}


def _instance(item: Item, value: Scalar) -> Instance | None:
    """Return an item as a property; None where it has no attribute or a member of its own."""
    if value is None or value == "" or not item.attribute or item.attribute in _PARTS:
        return None
    if item.kind == "yes" and value in _LANGUAGE:
        return _property(value == "有")
    if item.kind == "mark" and value == "1":
        return _property(True)
    if item.kind == "list":
        return _property(str(value).split(";"))
    return _property(value, **({"unitCode": item.unit} if item.unit else {}))


def _property(value: object, **members: object) -> Instance:
    return {"type": "Property", "value": value, **members}
