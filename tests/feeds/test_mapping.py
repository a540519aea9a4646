from pathlib import Path

import msgspec
import pytest

from tamamo.feeds import importing, mapping
from tamamo.feeds.quality import UnreadableFile
from tamamo.kernel.errors import SetupError

#: For each recorded file the mapping it is imported with (default: facility) and what comes out:
#: entities and rejects, or the code of the refusal.
FILES = {
    "0002_aed_location.xlsx": ("aed", 450, 0),
    "0008_tourist_facilities.xlsx": ("tourist_facility", 52, 0),
    "0024_bicycle_rental_port.xlsx": ("bicycle_port", 7, 0),
    "0060_evacuation_space.xlsx": ("evacuation_shelter", 195, 0),
    "0064_public_wireless_lan_old_ngsi_header.csv": ("public_wifi", 25, 0),
    "0066_202602.xlsx": ("facility", "no_column", None),
    "0073_shopping_street_2021-2025.csv": ("facility", 15, 60),
    "0074.xlsx": ("facility", "no_column", None),
    "0081_events.xlsx": ("facility", "no_column", None),
    "0082_reservoir_list_new.xlsx": ("reservoir", 831, 0),
    "0083_202604.xlsx": ("facility", "no_column", None),
    "0085_延床面積.xlsx": ("facility", "no_column", None),
    "0085_建築年.xlsx": ("facility", "no_column", None),
    "0099.xlsx": ("facility", "no_column", None),
    "0112.xlsx": ("facility", "no_column", None),
    "awkward/0002_cp932_history.csv": ("aed_2020", 514, 0),
    "awkward/0042_data_1_is_pool.csv": ("facility", 6, 0),
    "awkward/0063_cultural_zero_coords.xlsx": ("cultural_property", 180, 3),
    "awkward/0079_S47_wareki.xlsx": ("nursery", 32, 0),
    "awkward/0081.csv": ("city_event", 943, 0),
    "awkward/0092_2025 .xlsx": ("facility", "no_column", None),
    "awkward/0097_wareki_year.xlsx": ("facility", "no_column", None),
    "awkward/0109_blank_header.csv": ("facility", 9, 0),
    "awkward/0111_template_rows.xlsx": ("facility", 1, 0),
    "awkward/root_0097_zero_bytes.xlsx": ("facility", "file_empty", None),
}


def test_every_recorded_file_has_its_expectation(opendata):
    there = {p.relative_to(opendata).as_posix() for p in opendata.rglob("*.*")} - {"inventory.tsv"}
    assert there == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_every_recorded_file_is_imported_or_clearly_refused(opendata, terms, name):
    chosen, expected, rejects = FILES[name]
    path = opendata / name
    if isinstance(expected, str):
        with pytest.raises(UnreadableFile) as caught:
            importing.read(path, mapping.load(chosen), terms)
        assert caught.value.reason.code == expected
        assert path.name in caught.value.detail
        return
    result = importing.read(path, mapping.load(chosen), terms)
    assert (len(result.entities), len(result.rejects)) == (expected, rejects)
    assert len({entity.id for entity in result.entities}) == expected
    for reject in result.rejects:
        assert reject.row > 1
        assert reject.field
        assert reject.reason.ja
        assert reject.reason.en


def values(entity, terms, *names):
    return [entity.attrs[terms.expand_term(name)][0]["value"] for name in names]


def test_a_shelter(opendata, terms):
    path = opendata / "0060_evacuation_space.xlsx"
    shelter = importing.read(path, mapping.load("evacuation_shelter"), terms).entities[1]
    assert shelter.id == "urn:ngsi-ld:EvacuationShelter:takamatsu-2"
    assert values(shelter, terms, "name", "floodPlanned", "floodLargest", "capacity") == [
        "新番丁小学校", "usable", "partly", 1530
    ]  # fmt: skip
    elevation = shelter.attrs[terms.expand_term("elevation")][0]
    assert elevation == {"type": "Property", "value": 2.9, "unitCode": "MTR"}


def test_japanese_eras_become_dates(opendata, terms):
    path = opendata / "awkward/0079_S47_wareki.xlsx"
    nursery = importing.read(path, mapping.load("nursery"), terms).entities[0]
    assert values(nursery, terms, "foundedOn", "capacity") == ["1972-04-01", 105]


def test_zero_coordinates_are_no_place(opendata, terms):
    path = opendata / "awkward/0063_cultural_zero_coords.xlsx"
    result = importing.read(path, mapping.load("cultural_property"), terms)
    assert result.without_location == 128
    assert terms.expand_term("location") not in result.entities[0].attrs
    assert terms.expand_term("location") in result.entities[1].attrs


def test_template_rows_are_counted_and_not_imported(opendata, terms):
    path = opendata / "awkward/0111_template_rows.xlsx"
    assert importing.read(path, mapping.load("facility"), terms).skipped == 9


def define(**members):
    base = {
        "id": "t",
        "name": {"ja": "表", "en": "Table"},
        "type": "Thing",
        "entity_id": "urn:ngsi-ld:Thing:{no}",
        "attributes": [{"name": "name", "column": "name", "required": True}],
    }
    return msgspec.convert({**base, **members}, mapping.Mapping)


def run(tmp_path: Path, terms, text: str, **members):
    path = tmp_path / "things.csv"
    path.write_text(text, "utf-8")
    return importing.read(path, define(**members), terms)


def test_kinds_units_constants_and_observation_times(tmp_path, terms):
    attributes = [
        {
            "name": "level",
            "column": "level",
            "convert": "number",
            "unit": "MTR",
            "observed_at": "on",
        },
        {
            "name": "refDevice",
            "column": "device",
            "kind": "Relationship",
            "target": "urn:ngsi-ld:Device:{}",
        },
        {"name": "label", "column": "label", "kind": "LanguageProperty"},
        {"name": "kind", "constant": "sensor"},
    ]
    text = "no,level,on,device,label\n1,１．５,令和8年6月26日,d 1,水位計\n"
    (entity,) = run(tmp_path, terms, text, attributes=attributes).entities
    attrs = {
        name: entity.attrs[terms.expand_term(name)][0]
        for name in ("level", "refDevice", "label", "kind")
    }
    assert attrs["level"] == {
        "type": "Property", "value": 1.5, "unitCode": "MTR", "observedAt": "2026-06-25T15:00:00Z"
    }  # fmt: skip
    assert attrs["refDevice"] == {"type": "Relationship", "object": "urn:ngsi-ld:Device:d%201"}
    assert attrs["label"] == {"type": "LanguageProperty", "languageMap": {"ja": "水位計"}}
    assert attrs["kind"]["value"] == "sensor"


def test_rejects_name_row_field_and_reason(tmp_path, terms):
    attributes = [
        {"name": "name", "column": "name", "required": True},
        {"name": "open", "column": "open", "values": {"○": True, "×": False}},
    ]
    location = {"latitude": "lat", "longitude": "lon"}
    text = (
        "no,name,open,lat,lon\n1,A,○,34.3,134.0\n1,B,○,34.3,134.0\n2,,○,34.3,134.0\n"
        "3,C,△,34.3,134.0\n4,D,○,0,0\n,E,○,34.3,134.0\n5,F,−,34.3,134.0\n"
    )
    result = run(tmp_path, terms, text, attributes=attributes, location=location)
    assert [e.id.rpartition(":")[2] for e in result.entities] == ["1", "5"]
    assert [(r.row, r.field, r.reason.code) for r in result.rejects] == [
        (3, "no", "double_id"),
        (4, "name", "required"),
        (5, "open", "unknown_value"),
        (6, "lon", "outside_japan"),
        (7, "no", "required"),
    ]


def test_ids_are_always_uris(tmp_path, terms):
    (entity,) = run(tmp_path, terms, "no,name\n高松 1/2?,A\n").entities
    assert entity.id == "urn:ngsi-ld:Thing:%E9%AB%98%E6%9D%BE%201%2F2%3F"


def test_rows_can_be_passed_over(tmp_path, terms):
    skip = {"when": {"name": ["合計"]}, "when_empty": ["name"]}
    result = run(tmp_path, terms, "no,name\n1,A\n2,合計\n3,\n", skip=skip)
    assert (len(result.entities), result.skipped) == (1, 2)


def test_the_files_own_licence_is_kept_where_the_mapping_has_none(tmp_path, terms):
    text = "#attribution_name,高松市\n#license,CC\n#property,no,name\n1,1,A\n"
    (entity,) = run(tmp_path, terms, text).entities
    assert values(entity, terms, "dataProvider", "license") == ["高松市", "CC"]


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ("typo = 1", "typo"),
        ('[[attributes]]\nname = "a"', "'a': give either column or constant"),
        ('[[attributes]]\nname = "a"\ncolumn = "b"\nconvert = "magic"', "magic"),
        ('[location]\nlatitude = "a"', "latitude and longitude, or column"),
        ("= broken", "mapping"),
    ],
)
def test_a_wrong_mapping_is_told_with_the_member(tmp_path, members, told):
    path = tmp_path / "m.toml"
    path.write_text(
        'id = "t"\nname = { ja = "表", en = "T" }\ntype = "T"\nentity_id = "urn:{no}"\n'
        + ("" if "[[attributes]]" in members else "attributes = []\n")
        + members
    )
    with pytest.raises(SetupError, match="mapping") as caught:
        mapping.load(str(path))
    assert told in str(caught.value)


def test_an_unknown_mapping_names_those_that_ship():
    with pytest.raises(SetupError, match="aed, aed_2020, bicycle_port"):
        mapping.load("shelterz")


def test_every_shipped_mapping_is_whole():
    shipped = mapping.shipped()
    assert len(shipped) >= 10
    for name, texts in shipped.items():
        assert mapping.load(name).id == name
        assert texts.ja != texts.en


def test_the_mapping_in_the_documentation_works(tmp_path, terms):
    page = Path(__file__).parents[2] / "docs" / "howto" / "import-a-table.md"
    toml = page.read_text("utf-8").partition("```toml\n")[2].partition("```")[0]
    (tmp_path / "m.toml").write_text(toml, "utf-8")
    text = "番号,名称,緯度,経度,氾濫水位,洪水\n1,橋,34.3,134.0,２．５,△\n2,合計,,,,\n"
    (tmp_path / "gauges.csv").write_text(text, "cp932")
    result = importing.read(tmp_path / "gauges.csv", mapping.load(str(tmp_path / "m.toml")), terms)
    (gauge,) = result.entities
    assert values(gauge, terms, "name", "dangerLevel", "floodRisk") == ["橋", 2.5, "partly"]
    for name in mapping.shipped():
        assert f"`{name}`" in page.read_text("utf-8")
