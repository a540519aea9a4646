"""A11yJSON as its publisher's own validator takes it; .osm with the wiki's keys and values."""

import json
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from tamamo.publishing.facilities import a11yjson, osm
from tamamo.publishing.facilities.model import Facility
from tests.conftest import ROOT

FULL: dict[str, Any] = {
    "facilityID": "1", "name": "模擬 <市民> センター & 図書館",
    "alternateName": "Centre", "category": "library",
    "address": "香川県高松市番町1", "telephone": "087-000-0000", "website": "https://example.jp/",
    "accessNote": "北側にスロープ", "entrance": "slope", "entranceWidth": 90, "automaticDoor": True,
    "lift": "yes", "handrails": True, "entranceSurveyedOn": "2026-04-01", "wheelchairToilet": True,
    "toiletDoorWidth": 85, "ostomate": True, "toiletEquipment": ["handrails", "adult_bed"],
    "toiletSurveyedOn": "2026-05-02", "accessibleParking": True, "accessibleParkingSpaces": 2,
    "parkingRoof": False, "nursingRoom": True, "childEquipment": ["diaper_table"],
    "assistanceDog": True, "simulated": True,
    "informationSupport": ["hearing_loop", "sign_language", "braille", "tactile_paving"],
}  # fmt: skip
NOTHING: dict[str, Any] = {"facilityID": "2", "name": "何も調べていない施設", "category": "other"}
NONE_OF_IT: dict[str, Any] = {
    "facilityID": "3", "name": "段差のある公衆トイレ", "category": "toilet", "entrance": "steps",
    "lift": "no", "wheelchairToilet": False, "ostomate": False, "accessibleParking": False,
    "nursingRoom": False, "childEquipment": [], "assistanceDog": False, "toiletEquipment": [],
    "informationSupport": [],
}  # fmt: skip


def facilities() -> list[Facility]:
    made = [
        Facility(
            f"urn:ngsi-ld:AccessibleFacility:{v['facilityID']}", v["facilityID"], v, 134.05, 34.3
        )
        for v in (FULL, NOTHING, NONE_OF_IT)
    ]
    return [*made, Facility("urn:x:4", "4", {"name": "位置なし"})]


def missing(what: str) -> None:
    """Skip with the reason; where all must be there, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}: not installed")
    pytest.skip(f"{what}: not installed")


#: Key → its values by the OpenStreetMap wiki; a number, a date or free text by its pattern.
WIKI = {
    "name": ".+", "name:en": ".+", "addr:full": ".+", "phone": ".+", "website": "https?://.+",
    "description": ".+", "note": ".+", "ref:tamamo": "urn:.+", "source": "survey",
    "amenity": "library|toilets", "wheelchair": "yes|limited|no", "toilets:wheelchair": "yes|no",
    "entrance:width": r"\d+(\.\d+)?", "automatic_door": "yes|no", "ramp:wheelchair": "yes",
    "elevator": "yes|no", "changing_table": "yes|no", "changing_table:adult": "yes|no",
    "baby_feeding": "room|no", "capacity:disabled": r"\d+|yes|no", "hearing_loop": "yes|no",
    "tactile_paving": "yes|no", "tactile_writing:braille:ja": "yes|no",
    "survey:date": r"\d{4}-\d\d-\d\d",
}  # fmt: skip


def test_the_osm_file_has_keys_and_values_of_the_wiki() -> None:
    root = ET.fromstring(osm.document(facilities()))
    assert root.attrib["version"] == "0.6" and root.attrib["upload"] == "never"
    nodes = root.findall("node")
    assert [node.attrib["id"] for node in nodes] == ["-1", "-2", "-3"], "without a place: no node"
    told = [{tag.attrib["k"]: tag.attrib["v"] for tag in node.findall("tag")} for node in nodes]
    for tags in told:
        for key, value in tags.items():
            assert re.fullmatch(WIKI[key], value), (key, value)
    assert told[0] | {"name": "模擬 <市民> センター & 図書館", "entrance:width": "0.9"} == told[0]
    assert (told[0]["wheelchair"], told[0]["capacity:disabled"]) == ("yes", "2")
    # What nobody has looked at has no tag; what is not there says no.
    assert told[1].keys() == {"name", "source", "ref:tamamo"}
    assert (told[2]["wheelchair"], told[2]["capacity:disabled"]) == ("no", "no")
    assert "toilets:wheelchair" not in told[2], "the facility itself is the toilet"


def test_gdal_reads_the_osm_file(tmp_path: Path) -> None:
    if shutil.which("ogr2ogr") is None:
        missing("gdal-bin")
    source = tmp_path / "facilities.osm"
    source.write_bytes(osm.document(facilities()))
    command = ["ogr2ogr", "-f", "GeoJSON", "/vsistdout/", str(source), "points"]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    features = json.loads(answer.stdout)["features"]
    assert [f["geometry"]["coordinates"] for f in features] == [[134.05, 34.3]] * 3
    assert features[0]["properties"]["name"] == FULL["name"]
    assert '"wheelchair"=>"yes"' in features[0]["properties"]["other_tags"]


def test_a11yjson_says_what_is_known_and_nothing_else() -> None:
    made = a11yjson.collection(facilities(), "https://city.example/facilities/")
    assert made["featureCount"] == len(made["features"]) == 3
    full, nothing, none = (one["properties"] for one in made["features"])
    known = full["accessibility"]
    assert known["wheelchairAccessibilityGrade"] == "fully"
    assert known["entrances"][0]["properties"]["door"]["width"] == {"value": 90, "unit": "cm"}
    assert known["parking"]["forWheelchairUsers"] == {"count": 2, "isLocatedInside": False}
    assert known["animalPolicy"]["allowsAssistanceDogs"] is True
    assert known["restrooms"][0]["hasChangingTableForAdults"] is True
    assert full["infoPageUrl"] == "https://city.example/facilities/1/"
    assert full["tags"]["tamamo:ostomate"] == "yes" and full["tags"]["tamamo:simulated"] == "yes"
    assert "accessibility" not in nothing, "unknown is left out, not false"
    assert none["accessibility"]["parking"] == {"forWheelchairUsers": None}
    assert none["accessibility"]["hasInductionLoop"] is False


VALIDATE = """
import { getPlaceInfoSchemaDefinition } from '@sozialhelden/a11yjson';
import * as simple from '@sozialhelden/simpl-schema';
import { readFileSync } from 'node:fs';
const Schema = simple.default.default ?? simple.default;
const schema = new Schema(getPlaceInfoSchemaDefinition());
const told = JSON.parse(readFileSync(0, 'utf-8')).map((place) => {
  const context = schema.newContext();
  context.validate(place);
  return context.validationErrors();
});
console.log(JSON.stringify(told));
"""


@pytest.fixture(scope="module")
def validated() -> Any:
    """Return the errors of each place by the publisher's own schema (npm)."""
    package = ROOT / "node_modules" / "@sozialhelden" / "a11yjson"
    if not package.is_dir():
        missing("the front end's packages")

    def run(places: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
        answer = subprocess.run(
            ["node", "--input-type=module", "-e", VALIDATE],
            input=json.dumps(places), capture_output=True, text=True, check=False, timeout=60,
            cwd=ROOT,
        )  # fmt: skip
        assert answer.returncode == 0, answer.stderr
        found: list[list[dict[str, Any]]] = json.loads(answer.stdout)
        return found

    return run


def test_the_publishers_own_validator_takes_every_place(validated: Any) -> None:
    places = a11yjson.collection(facilities(), "https://city.example/facilities/")["features"]
    for place in places:
        del place["type"]  # GeoJSON's own, around a PlaceInfo
    broken = json.loads(json.dumps(places[0]))
    broken["properties"]["accessibility"]["parking"]["forWheelchairUsers"]["count"] = "two"
    *told, refused = validated([*places, broken])
    assert told == [[], [], []]
    assert refused, "the validator refuses what is wrong"
