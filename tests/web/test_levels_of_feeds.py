"""What the feed of JMA and the rules write is what pages read: one set of names."""

from datetime import timedelta

from tamamo.context.jsonld.resolve import default_map
from tamamo.context.model.entity import Entity
from tamamo.feeds.jma.areas import areas_of
from tamamo.feeds.jma.entities import entities
from tamamo.feeds.jma.simulated import Kind, Place, telegram
from tamamo.feeds.jma.words import Words
from tamamo.feeds.readers.jma_xml import read
from tamamo.kernel import time
from tamamo.kernel.time import to_text
from tamamo.web.portal.gauges import _CORE
from tamamo.web.portal.levels import official, own

NOW = time.now()
TERMS = default_map().terms


def test_a_warning_of_the_feed_is_shown_and_gone_when_it_is_lifted() -> None:
    place, kind = Place("3720100", "高松市"), Kind("レベル３大雨警報", "03")
    words = Words(areas_of("372013"))
    words.hear(read(telegram(NOW, "大雨", {place: [kind]}, headline="警戒してください。")))
    (shown,) = official(entities(words.tell(NOW), TERMS), NOW)
    assert (shown.name, shown.area, shown.level, shown.simulated) == (
        "レベル３大雨警報（模擬）", "高松市", 3, True
    )  # fmt: skip
    assert shown.headline == "【模擬】警戒してください。" and shown.office == "Tamamo 模擬"
    later = NOW + timedelta(minutes=5)
    words.hear(read(telegram(later, "大雨", {}, {place: [kind]}, headline="解除します。")))
    assert official(entities(words.tell(later), TERMS), later) == ()


def test_an_estimate_shows_its_description() -> None:
    values = {"description": "水位が高い", "severity": "high", "state": "firing"}
    attrs = {
        TERMS.expand_term(name): [{"type": "Property", "value": value}]
        for name, value in (values | {"dateIssued": to_text(NOW)}).items()
    }
    alert = Entity("urn:ngsi-ld:Alert:river:1", [TERMS.expand_type("Alert")], attrs)
    assert [one.description for one in own([alert])] == ["水位が高い"]


def test_the_names_of_the_core_context_are_as_it_says() -> None:
    assert {name: TERMS.expand_term(name) for name in _CORE} == _CORE
