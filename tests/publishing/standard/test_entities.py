"""Rows of the standard as entities of Smart Data Models."""

from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from tamamo.context.model.entity import Entity
from tamamo.publishing.standard import convert, entity
from tests.publishing.standard.tables import AED, AED_ROWS, TOWN, columns


class Terms:
    """Names stay what they are."""

    def expand_term(self, term: str) -> str:
        return term

    def expand_type(self, term: str) -> str:
        return term


def made(kind: str, row: dict[str, Any], **more: Any) -> Entity | None:
    return entity(kind, row, dataset="aed", key="1/a", terms=Terms(), **more)


def value(one: Entity, name: str) -> Any:
    return one.attrs[name][0]["value"]


def test_a_defibrillator_is_a_point_of_interest() -> None:
    row = convert("aed", AED, AED_ROWS[0][1], TOWN)
    one = made("aed", row, provider="高松市", simulated=True)
    assert one is not None
    assert (one.id, one.types) == ("urn:ngsi-ld:PointOfInterest:aed:1%2Fa", ["PointOfInterest"])
    assert value(one, "location") == {"type": "Point", "coordinates": [134.05, 34.34]}
    assert one.attrs["location"][0]["type"] == "GeoProperty"
    assert value(one, "category") == ["aed"]
    assert value(one, "address") == {
        "addressCountry": "JP",
        "addressRegion": "香川県",
        "addressLocality": "高松市",
        "streetAddress": "番町一丁目1-1",
    }
    assert value(one, "contactPoint") == {"telephone": "087-000-0001"}
    assert value(one, "equipmentForChildren") is True
    assert value(one, "simulated") is True and value(one, "dataProvider") == "高松市"


def test_without_a_place_there_is_no_entity() -> None:
    assert made("aed", convert("aed", AED, AED_ROWS[2][1], TOWN)) is None
    assert made("population", {"緯度": 34.3, "経度": 134.0}) is None


def test_an_event_has_its_moments_and_wifi_its_own_model() -> None:
    table = columns("イベント名", "開始日", "終了日", "開始時間", "終了時間", "緯度", "経度")
    cells = ("祭", "2026-05-03", "2026-05-04", "9:00", None, 34.3, 134.0)
    row = convert("events", table, {f"c{n}": cell for n, cell in enumerate(cells)})
    one = made("events", row)
    assert one is not None and one.types == ["Event"]
    assert value(one, "startDate") == "2026-05-03T09:00:00+09:00"
    assert value(one, "endDate") == "2026-05-04"
    wifi = made("wifi", {"名称": "駅", "緯度": 34.3, "経度": 134.0, "SSID": "free"})
    assert wifi is not None and wifi.types == ["WifiPointOfInterest"]
    assert value(wifi, "ssid") == "free"


@pytest.mark.parametrize("cell", ["34.3", None, 0])
def test_only_a_coordinate_that_could_be_read_is_a_place(cell: Any) -> None:
    assert made("aed", {"名称": "a", "緯度": cell, "経度": 134.0}) is None


def test_members_are_as_the_smart_data_models_shape_them(shared_data: Path) -> None:
    common = msgspec.json.decode((shared_data / "models" / "common-schema.json").read_bytes())
    one = made("aed", convert("aed", AED, AED_ROWS[0][1], TOWN))
    assert one is not None
    told = {name: value(one, name) for name in ("address", "location", "contactPoint", "name")}
    for shape in ("Location-Commons", "Contact-Commons", "GSMA-Commons"):
        known = common["definitions"][shape]["properties"]
        wanted = {"definitions": common["definitions"], "properties": known}
        assert known.keys() & told.keys()
        jsonschema.validate(told, wanted)
