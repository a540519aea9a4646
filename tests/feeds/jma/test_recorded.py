"""A telegram of each family, as files in the agency's format: what they say to Takamatsu."""

from datetime import UTC, datetime

from tamamo.feeds.jma import atom
from tamamo.feeds.jma.areas import areas_of
from tamamo.feeds.jma.entities import entities
from tamamo.feeds.jma.replay import telegrams
from tamamo.feeds.jma.words import Words
from tests.feeds.jma.publisher import RECORDED

EVENING = datetime(2026, 7, 1, 2, tzinfo=UTC)


def test_every_family_says_what_it_says(terms):
    words = Words(areas_of("372013", ["999"]))
    heard = [item for item in telegrams(RECORDED / "jma") if isinstance(item, tuple)]
    passed_over = [name for name, _, one in heard if not (words.concerns(one) and words.hear(one))]
    assert passed_over == ["VXKO_river.xml"], "it names Marugame"
    (river,) = [one for name, _, one in heard if name in passed_over]
    assert areas_of("372021").concerns(river.statements[0])
    known = {}
    for made in entities(words.tell(EVENING), terms):
        name, status = (made.attrs[terms.expand_term(n)][0]["value"] for n in ("name", "status"))
        known[made.id.partition("jma:")[2]] = (name, status)
    assert len(heard) == 12
    assert {area: said for area, said in known.items() if not area.startswith("370000")} == {
        "3720100:14": ("雷注意報", "issued"),
        "3720100:10": ("レベル２大雨注意報", "lifted"),
        "3720100:03": ("レベル３大雨警報", "issued"),
        "3720100:08": ("レベル３高潮警報", "cancelled"),
        "3720100:landslide-3": ("レベル４土砂災害危険警報", "issued"),
        "香川県:heat-1": ("熱中症警戒アラート", "issued"),
        "999:tsunami-62": ("津波注意報", "issued"),
        "3720100:33": ("【訓練】レベル５大雨特別警報", "issued"),
    }
    assert known["370000:tornado-1"] == ("竜巻注意情報", "issued")


def test_the_feed_tells_of_a_telegram():
    (entry,) = atom.entries((RECORDED / "jma_extra.xml").read_bytes())
    assert entry.address.endswith("_VPWW55_370000.xml")
    assert (entry.office, entry.title) == ("高松地方気象台", "気象警報・注意報（Ｒ０６）（大雨）")
