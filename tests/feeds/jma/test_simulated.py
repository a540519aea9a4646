from datetime import UTC, datetime

from tamamo.feeds.jma.areas import Areas
from tamamo.feeds.jma.entities import entities
from tamamo.feeds.jma.simulated import Kind, Place, telegram
from tamamo.feeds.jma.words import Words
from tamamo.feeds.readers.jma_xml import read

TAKAMATSU = Place("3720100", "高松市")
RAIN_2, RAIN_3 = Kind("レベル２大雨注意報", "10"), Kind("レベル３大雨警報", "03")


def at(minute: int) -> datetime:
    return datetime(2026, 7, 1, 1, minute, tzinfo=UTC)


def test_a_simulated_telegram_goes_through_the_real_reader_and_stays_marked(terms):
    said = [
        telegram(at(0), "大雨", {TAKAMATSU: [RAIN_2]}, headline="警戒してください。"),
        telegram(at(10), "大雨", {TAKAMATSU: [RAIN_3]}, {TAKAMATSU: [RAIN_2]}, headline="厳重に。"),
        telegram(at(20), "大雨", {}, {TAKAMATSU: [RAIN_3]}, headline="解除します。"),
    ]
    heard = Words(Areas("37", "37201"))
    made = []
    for body in said:
        heard.hear(read(body))
        made += entities(heard.tell(at(59)), terms)

    def values(entity, *names):
        return tuple(entity.attrs[terms.expand_term(name)][0]["value"] for name in names)

    own = [e for e in made if ":3720100:" in e.id]
    assert [values(e, "name", "status", "simulated") for e in own] == [
        ("レベル２大雨注意報（模擬）", "issued", True),
        ("レベル２大雨注意報（模擬）", "lifted", True),
        ("レベル３大雨警報（模擬）", "issued", True),
        ("レベル３大雨警報（模擬）", "lifted", True),
    ]
    assert values(own[0], "issuingOffice", "level") == ("Tamamo 模擬", 2)
    assert values(own[0], "headline") == ("【模擬】警戒してください。",)
    assert {e.id.split(":")[4] for e in made} == {"3720100", "370000"}


def test_a_simulated_drill_is_a_drill():
    made = read(telegram(at(0), "高潮", {TAKAMATSU: [RAIN_2]}, headline="", drill=True))
    assert (made.mode, made.simulated) == ("drill", True)
