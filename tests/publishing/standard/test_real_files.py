"""What Takamatsu publishes, read by our importer, against the standard and the privacy gate."""

from pathlib import Path

import pytest

from tamamo.publishing.privacy import examine
from tamamo.publishing.standard import Column, Row, check, converter, entity, guess, kind
from tamamo.registers import intake
from tests.publishing.standard.tables import TOWN
from tests.publishing.standard.test_entities import Terms

#: File → its kind, and columns the privacy gate has to flag.
FILES = {
    "0002_aed_location.xlsx": ("aed", {}),
    "0008_tourist_facilities.xlsx": ("tourism", {"description": "free_text"}),
    "0024_bicycle_rental_port.xlsx": ("facilities", {}),
    "0060_evacuation_space.xlsx": ("evacuation_sites", {}),
    "awkward/0063_cultural_zero_coords.xlsx": ("cultural_properties", {"owner": "name"}),
    "awkward/0079_S47_wareki.xlsx": ("childcare", {"Establisher": "name",
                                                   "telephoneNumber": "phone"}),
    "awkward/0109_blank_header.csv": ("facilities", {}),
    "0073_shopping_street_2021-2025.csv": ("", {}),
    "awkward/0097_wareki_year.xlsx": ("", {}),
}  # fmt: skip


def read(path: Path) -> tuple[list[Column], list[Row]]:
    recipe = intake.settle(intake.profile(path, path.name))
    used = [one for one in recipe.columns if one.use]
    headers = {one.name: one.source for one in used}
    columns = [
        Column(one.name, headers.get(one.name, ""), one.label, one.kind) for one in recipe.fields()
    ]
    rows = intake.rows(path, path.name, recipe)
    return columns, [(row.number, row.values) for row in rows if not row.rejected]


@pytest.mark.parametrize("name", FILES)
def test_a_real_file(shared_data: Path, name: str) -> None:
    expected, personal = FILES[name]
    columns, rows = read(shared_data / "opendata" / name)
    found = [one.kind for one in guess(columns) if one.confidence >= 0.5]
    assert found[:1] == ([expected] if expected else [])

    report = examine(columns, rows)
    by_header = {column.name: column.header or column.name for column in columns}
    serious = {by_header[one.column]: one.kind for one in report.flags if one.level == "serious"}
    flagged = {by_header[one.column]: one.kind for one in report.flags}
    assert personal.items() <= flagged.items()
    assert serious.keys() <= personal.keys()
    if not expected:
        return

    convert = converter(expected, columns, TOWN)
    made = [(number, convert(values)) for number, values in rows]
    again = [Column(item.name, item.name) for item in kind(expected).items]
    left = check(expected, again, made, TOWN)
    # What remains is for people: nothing that a program could mend.
    assert [one for one in left.fixes if one.should is not None] == []
    assert left.score > check(expected, columns, rows, TOWN).score

    placed = [row for _, row in made if row["緯度"] is not None and row["経度"] is not None]
    entities = [
        entity(expected, row, dataset="x", key=str(number), terms=Terms()) for number, row in made
    ]
    assert len([one for one in entities if one is not None]) == len(placed) > 0
