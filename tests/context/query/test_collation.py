"""Orders of texts (clause 4.23.3): ICU's, by language tag."""

import pytest

from tamamo.context.errors import BadRequestData
from tamamo.context.model.entity import Entity
from tamamo.context.query import collation, order
from tests.context.query.conftest import Terms

NAME = "https://uri.etsi.org/ngsi-ld/name"


def ordered(names: list[str], tag: str | None, direction: str = "asc") -> list[str]:
    terms = Terms()
    iri = terms.expand_term("name")
    entities = [
        Entity(f"urn:{at}", ["T"], {iri: [{"type": "Property", "value": name}]})
        for at, name in enumerate(names)
    ]
    ordering = order.parse(f"name;{direction}", terms, collation=tag)
    assert ordering is not None
    return [entity.attrs[iri][0]["value"] for entity in ordering.sort(entities)]


@pytest.mark.parametrize("tag", [None, "und", "root"])
def test_root_order_is_the_default(tag: str | None) -> None:
    assert ordered(["b", "á", "A", "a", "B"], tag) == ["a", "A", "á", "b", "B"]


def test_kana_stand_in_the_order_of_their_sounds() -> None:
    names = ["ヤシマ", "やしま", "ガ", "か", "カワ", "がわ", "ー", "ア", "ｱ", "ん"]
    assert ordered(names, None) == [
        "ー",
        "ア",
        "ｱ",
        "か",
        "ガ",
        "カワ",
        "がわ",
        "やしま",
        "ヤシマ",
        "ん",
    ]


def test_japanese_orders_kanji_as_jis_does() -> None:
    # JIS X 0208: 亜 16-1, 屋 18-16, 香 25-65, 高 25-66, 松 30-30. No order knows readings.
    names = ["松", "高松", "香川", "亜", "屋島", "たかまつ", "Takamatsu"]
    assert ordered(names, "ja") == ["Takamatsu", "たかまつ", "亜", "屋島", "香川", "高松", "松"]


def test_german_phone_books_take_umlauts_for_two_letters() -> None:
    assert ordered(["Zebra", "Ähre", "Af"], "de-u-co-phonebk") == ["Ähre", "Af", "Zebra"]
    assert ordered(["Zebra", "Ähre", "Af"], "de") == ["Af", "Ähre", "Zebra"]


def test_numbers_in_texts() -> None:
    assert ordered(["10番", "9番", "1番"], "ja-u-kn-true") == ["1番", "9番", "10番"]


def test_descending_is_the_other_way_round() -> None:
    assert ordered(["á", "b", "a"], "und", "desc") == ["b", "á", "a"]


def test_identifiers_stand_by_code_point_unless_a_collation_is_named() -> None:
    entities = [Entity("urn:b", ["T"], {}), Entity("urn:C", ["T"], {})]
    plain, named = order.parse("id", Terms()), order.parse("id", Terms(), collation="und")
    assert plain is not None
    assert named is not None
    assert [entity.id for entity in plain.sort(entities)] == ["urn:C", "urn:b"]
    assert [entity.id for entity in named.sort(entities)] == ["urn:b", "urn:C"]
    assert plain.sql() is not None
    assert named.sql() is None


@pytest.mark.parametrize(
    "tag",
    ["!!nope", "not a tag", "", "und-u-ks-foo", "de-u-co-nonsense", "a", 5, ["und"], "a-" * 40],
)
def test_what_names_no_collation_is_refused(tag: object) -> None:
    with pytest.raises(BadRequestData) as caught:
        order.parse("name", Terms(), collation=tag)
    assert caught.value.extra["field"] == "collation"


@pytest.mark.parametrize("tag", ["und-u-ks-identic", "und-x-icu", "zh-u-co-stroke", "en-US"])
def test_collations_the_clause_and_rfc_6067_name(tag: str) -> None:
    assert collation.key_of(collation.parse(tag))("a") > b""
