"""Every document is CAP 1.2, by the schema of OASIS and by what the schema cannot say."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tamamo.kernel.drills import Drill
from tamamo.kernel.towns import Town
from tamamo.publishing.warnings import InvalidDocument, Words, cap, composing, content
from tamamo.publishing.warnings.composing import Office
from tamamo.publishing.warnings.content import Area, Content, check
from tamamo.publishing.warnings.setup import Issuer, Place, Setup, shipped
from tests.publishing.warnings.conftest import NOON, order

_C = {"c": cap.NAMESPACE}
SQUARE = ((134.0, 34.3), (134.1, 34.3), (134.1, 34.4), (134.0, 34.3))
OFFICE = Office(
    Town("default", {"ja": "高松市", "en": "Takamatsu"}, "372013"),
    Setup(
        issuer=Issuer(contact="087-000-0000"),
        places=(Place("yashima", Words("屋島", "Yashima"), SQUARE),),
        templates=shipped().setup.templates,
    ),
    "2.25.7",
    "https://data.example.jp",
)


def sent(text: Content, office: Office = OFFICE, **changes: Any) -> str:
    """Return the document of a text."""
    message = cap.Sending(
        identifier=composing.identifier_of(office, NOON, 3),
        sender=office.sender,
        sent=NOON,
        type="Alert",
        status=composing.status_of(text, office),
        content=composing.resolved(text, office),
        languages=office.languages,
        title=office.title,
        code=office.town.code or "",
        area=composing.area_words(text, office),
        rings=composing.rings_of(text, office),
        whole=composing.is_whole(text),
        web=office.url("/warnings/1/"),
    )
    return cap.document(replace(message, **changes))


def test_a_whole_document() -> None:
    alert = etree.fromstring(sent(order()).encode())
    said = {one: alert.findtext(f"c:{one}", namespaces=_C) for one in
            ("identifier", "sender", "sent", "status", "msgType", "scope")}  # fmt: skip
    assert said == {
        "identifier": "urn:oid:2.25.7.2026.9.10.3.0.0.3",
        "sender": "urn:oid:2.25.7",
        "sent": "2026-09-10T12:00:00+09:00",
        "status": "Actual",
        "msgType": "Alert",
        "scope": "Public",
    }
    ja, en = alert.findall("c:info", _C)
    assert [one.findtext("c:language", namespaces=_C) for one in (ja, en)] == ["ja-JP", "en-US"]
    assert [one.findtext("c:senderName", namespaces=_C) for one in (ja, en)] == [
        "高松市",
        "Takamatsu",
    ]
    assert ja.findtext("c:contact", namespaces=_C) == "087-000-0000"
    assert ja.findtext("c:expires", namespaces=_C) == "2026-09-10T18:00:00+09:00"
    assert ja.findtext("c:web", namespaces=_C) == "https://data.example.jp/warnings/1/"
    area = ja.find("c:area", _C)
    assert area is not None
    assert area.findtext("c:areaDesc", namespaces=_C) == "高松市全域"
    assert area.findtext("c:geocode/c:valueName", namespaces=_C) == "団体コード"
    assert area.findtext("c:geocode/c:value", namespaces=_C) == "372013"


def test_a_part_of_the_town_does_not_carry_the_code_of_the_whole() -> None:
    text = order(area=Area(places=("yashima",), words=Words("海沿い", "along the sea")))
    alert = etree.fromstring(sent(text).encode())
    area = alert.find("c:info/c:area", _C)
    assert area is not None and area.find("c:geocode", _C) is None
    assert area.findtext("c:areaDesc", namespaces=_C) == "屋島、海沿い"
    assert area.findtext("c:polygon", namespaces=_C) == (
        "34.300000,134.000000 34.300000,134.100000 34.400000,134.100000 34.300000,134.000000"
    )
    assert alert.findtext("c:info/c:headline", namespaces=_C) == (
        "警戒レベル4 避難指示：屋島、海沿い"
    )


def test_tries_and_simulated_alerts_are_never_actual() -> None:
    for text in (order(test=True), order(simulated=True)):
        alert = etree.fromstring(sent(text).encode())
        assert alert.findtext("c:status", namespaces=_C) == "Test"


def test_a_drill_is_an_exercise_whatever_was_ticked() -> None:
    drill = cast(Drill, SimpleNamespace(title="台風16号の訓練"))
    office = replace(OFFICE, drill=drill)
    for text in (order(), order(test=True), order(simulated=True)):
        alert = etree.fromstring(sent(text, office).encode())
        assert alert.findtext("c:status", namespaces=_C) == "Exercise"


def test_easy_japanese_is_a_block_of_its_own() -> None:
    easy = {"headline": Words("見出し", "Head", "にげて"),
            "instruction": Words("避難", "Leave", "にげて ください")}  # fmt: skip
    alert = etree.fromstring(sent(order(**easy)).encode())
    blocks = [one.findtext("c:language", namespaces=_C) for one in alert.findall("c:info", _C)]
    assert blocks == ["ja-JP", "en-US", "ja-x-easy"]


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "Real"},
        {"type": "Alarm"},
        {"identifier": "a b"},
        {"sender": ""},
        {"type": "Cancel"},
        {"content": order(urgency="Now")},
        {"content": order(event=Words())},
        {"content": order(description=Words("\x00", "x"))},
    ],
    ids=str,
)
def test_what_is_not_valid_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidDocument):
        sent(order(), **changes)


@pytest.mark.parametrize("template", shipped().setup.templates, ids=lambda one: one.id)
def test_every_shipped_template_makes_a_valid_document(template: Any) -> None:
    from tamamo.publishing.warnings.setup import filled

    facts = {name: Words("春日川", "Kasuga River") for name in
             ("place", "value", "threshold", "time")}  # fmt: skip
    text = filled(template, NOON, facts, Area())
    if template.id == "information":
        text = msgspec.structs.replace(text, description=Words("説明", "About"))
    assert composing.faults_of(text, OFFICE, NOON) == []
    assert "{" not in sent(text)
    assert "警報" not in sent(text), "that word is the Meteorological Agency's"
    for language in ("ja", "en"):
        assert template.name.get(language) and template.instruction.get(language)


@settings(max_examples=60, deadline=None)
@given(
    st.text(min_size=1, max_size=80),
    st.text(min_size=1, max_size=300),
    st.sampled_from(content.LEVELS),
)
def test_whatever_passes_the_check_is_valid(line: str, text: str, level: int) -> None:
    said = order(headline=Words(line, line), description=Words(text, text), level=level)
    if check(said, NOON, ("ja", "en"), ()):
        return
    assert cap.validate(sent(said)) == []


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"headline": Words("", "x")}, "headline_ja", "missing"),
        ({"headline": Words("x", " ")}, "headline_en", "missing"),
        ({"headline": Words("あ" * 201, "x")}, "headline_ja", "long"),
        ({"description": Words("a\x0b", "x")}, "description_ja", "unreadable"),
        ({"level": 6}, "level", "choice"),
        ({"valid_to": None}, "valid_to", "missing"),
        ({"valid_to": NOON}, "valid_to", "past"),
        ({"valid_to": NOON + timedelta(days=15)}, "valid_to", "far"),
        ({"valid_from": NOON + timedelta(hours=7)}, "valid_to", "order"),
        ({"area": Area(places=("nowhere",))}, "places", "choice"),
        ({"area": Area(polygons=(SQUARE[:3],))}, "polygon", "polygon"),
        ({"area": Area(polygons=(((134.0, 95.0), *SQUARE[1:3], (134.0, 95.0)),))}, "polygon",
         "polygon"),
        ({"area": Area(words=Words("川沿い", ""))}, "area_en", "missing"),
        ({"headline": Words("{place}の水位", "x")}, "headline_ja", "gap"),
    ],
)  # fmt: skip
def test_what_cannot_be_so_is_named(changes: dict[str, Any], field: str, code: str) -> None:
    found = composing.faults_of(order(**changes), OFFICE, NOON)
    assert [(one.field, one.code) for one in found] == [(field, code)]
