"""Declarations: those that ship are right, and each kind of fault is named."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from tamamo.registers import catalogue
from tamamo.registers.commands import register
from tamamo.registers.schema import schema_of
from tests.registers.test_query_properties import DECLARATION


def faults(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "benches.toml"
    file.write_text(text, "utf-8")
    found, wrong = catalogue.read(file)
    assert (found is None) == bool(wrong)
    return [f"{one.member}: {one.text}" for one in wrong]


def test_what_ships_is_right() -> None:
    files = list(catalogue.declared_files())
    registers, wrong = catalogue.read_all(files)
    assert [one.line() for one in wrong] == []
    assert len(registers) == len(files) >= 3
    for one in registers.values():
        placed = any(column.kind == "point" for column in one.columns)
        assert (one.map is not None) == placed
        assert one.key.searched
        assert set(schema_of(one)["properties"]) == {column.name for column in one.form}


@pytest.mark.parametrize(
    ("old", "new", "member"),
    [
        ('id = "benches"', 'id = "seats"', "id"),
        ('en = "Benches"', 'en = "ベンチ"', "title.en"),
        (', en = "Benches" }', " }", "title"),
        ('key = "benchID"', 'key = "nothing"', "key"),
        ("{benchID}", "{name}", "id_pattern"),
        ("urn:ngsi-ld:Bench:{benchID}", "Bench {benchID}", "id_pattern"),
        ('heading = "name"', 'heading = "x"', "heading"),
        ('map = "location"', 'map = "name"', "map"),
        ('{ column = "seats" }', '{ column = "chairs" }', "filters"),
        ('kind = "text" },', 'kind = "range" },', "filters[4].kind"),
        ('name = "seats"', 'name = "sort"', "columns[2].name"),
        ('name = "seats"', 'name = "name"', "columns[2].name"),
        ('kind = "number", edit = {}', 'kind = "number", searched = true', "columns[2].searched"),
        ('kind = "number", edit = {}', 'kind = "text", unit = "MTR"', "columns[2].unit"),
        ('kind = "number", edit = {}', 'kind = "number", unit = "metre"', "columns[2].unit"),
        ('kind = "number", edit = {}', 'kind = "number", live = true', "filters[0].column"),
        ('kind = "number", edit = {}', 'kind = "number", live = true, edit = {}',
         "columns[2].live"),
        ('kind = "number", edit = {}', 'kind = "number", unit = "C62", unit_label = "席"',
         "columns[2].unit_label"),
        ('kind = "number", edit = {}', 'kind = "numbers"', "columns[2].kind"),
        ('kind = "boolean", edit = {}', 'kind = "boolean", edit = { roles = ["boss"] }',
         "columns[5].edit.roles"),
        ('kind = "paragraph", searched', 'kind = "paragraph", sorted', "columns[7].sorted"),
        ('value = "broken"', 'value = "good"', "columns[3].choices"),
        ('kind = "choice", edit', 'kind = "text", edit', "columns[3].choices"),
        ("columns = [", 'form = { required = ["note"] }\ncolumns = [', "form.required"),
        ("columns = [", 'form = { properties = { name = { minLength = "a" } } }\ncolumns = [',
         "form.properties.name.minLength"),
        ("columns = [", 'form = { properties = { name = { type = "string" } } }\ncolumns = [',
         "form.properties.name.type"),
        ("columns = [", 'form = { x-rising = [["name", "seats"]] }\ncolumns = [', "form.x-rising"),
        ("columns = [", 'colour = "red"\ncolumns = [', ""),
    ],
)  # fmt: skip
def test_each_fault_is_named(tmp_path: Path, old: str, new: str, member: str) -> None:
    assert old in DECLARATION
    assert faults(tmp_path, DECLARATION) == []
    wrong = faults(tmp_path, DECLARATION.replace(old, new, 1))
    assert any(one.startswith(f"{member}: ") for one in wrong), wrong


def test_a_section_names_each_field_once(tmp_path: Path) -> None:
    section = '[[sections]]\ntitle = { ja = "甲", en = "A" }\ncolumns = ["name"]\n'
    assert faults(tmp_path, DECLARATION + section) == [
        "sections: must name each field that can be edited once"
    ]


def test_too_many_orders(tmp_path: Path) -> None:
    more = "".join(
        f'  {{ name = "c{n}", label = {{ ja = "甲", en = "A" }}, kind = "text" }},\n'
        for n in range(11)
    )
    (wrong,) = faults(tmp_path, DECLARATION.replace("columns = [\n", f"columns = [\n{more}"))
    assert wrong.startswith("columns: 17 can be sorted by, at most 16")


def test_a_register_is_declared_once(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "benches.toml").write_text(DECLARATION, "utf-8")
    _, wrong = catalogue.read_all(sorted(tmp_path.glob("*/benches.toml")))
    assert [one.member for one in wrong] == ["id"]


def test_the_command_checks_files(tmp_path: Path) -> None:
    assert CliRunner().invoke(register, ["check"]).output.endswith("registers: no fault.\n")
    file = tmp_path / "benches.toml"
    file.write_text(DECLARATION.replace("x", "x"), "utf-8")
    assert CliRunner().invoke(register, ["check", str(file)]).exit_code == 0
    file.write_text(DECLARATION.replace('key = "benchID"', 'key = "x"'), "utf-8")
    result = CliRunner().invoke(register, ["check", str(file)])
    assert (result.exit_code, "benches.toml: key" in result.output) == (1, True)
    assert "river_gauges" in CliRunner().invoke(register, ["list"]).output
