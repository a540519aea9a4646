"""The kinds hold what the standard's published lists of items say."""

from pathlib import Path

import msgspec
import pytest

from tamamo.publishing.standard import kind, kinds
from tamamo.publishing.standard.matching import folded


def test_there_are_fourteen_kinds_numbered_as_in_the_standard() -> None:
    assert [one.number for one in kinds()] == list(range(1, 15))
    assert len({one.id for one in kinds()}) == 14
    assert all(one.ja and one.en and one.items for one in kinds())


def test_only_kinds_without_a_place_have_no_model() -> None:
    assert [one.id for one in kinds() if not one.geographic] == ["population", "catalogue"]
    for one in kinds():
        placed = {"緯度", "経度"} <= {item.name for item in one.items}
        assert placed == one.geographic


def test_no_two_items_of_a_kind_have_one_name_and_choices_have_values() -> None:
    for one in kinds():
        names = [folded(item.name) for item in one.items]
        assert len(set(names)) == len(names), one.id
        assert all(item.choices for item in one.items if item.kind == "choice"), one.id


def test_population_has_men_and_women_of_eighteen_ages() -> None:
    ages = [item.name for item in kind("population").items if "歳" in item.name]
    assert len(ages) == 36
    assert ages[0] == "0-4歳の男性" and ages[-1] == "85歳以上の女性"


def test_an_unknown_kind_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        kind("bridges")


def test_items_are_those_of_the_published_models(shared_data: Path) -> None:
    """Order, required items and values, against NEC's data models of the standard."""
    for one in kinds():
        folder = next((shared_data / "models" / "cio").glob(f"{one.number:02}_*"))
        model = msgspec.yaml.decode((folder / "model.yaml").read_bytes())
        ((title, said),) = model["components"]["schemas"].items()
        properties = {name: of for name, of in said["properties"].items() if name != "location"}
        assert one.ja == title
        assert [item.name for item in one.items] == list(properties)
        assert {item.name for item in one.items if item.required} == set(said["required"])
        for item in one.items:
            values = properties[item.name].get("enum")
            if item.kind == "yes":
                assert values == ["有", "無"]
            elif item.kind == "mark":
                assert values == ["1", ""]
            else:
                assert list(item.choices) == (values or [])
