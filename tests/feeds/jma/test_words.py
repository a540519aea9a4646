from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from tamamo.feeds.jma.areas import Areas, areas_of
from tamamo.feeds.jma.entities import entities
from tamamo.feeds.jma.words import Words
from tamamo.feeds.readers.jma_xml import read
from tests.feeds.jma.telegrams import (
    LEVEL_2,
    LEVEL_3,
    OLD,
    SANUKI,
    TAKAMATSU,
    rain,
    telegram,
    warning,
)

LATER = datetime(2026, 7, 2, tzinfo=UTC)
MINE = Areas("37", "37201")


def state(words) -> dict[str, tuple[str, str]]:
    """What the platform knows: of each alert the word with the latest moment."""
    known = {}
    for word in words:
        if word.key not in known or known[word.key].at <= word.at:
            known[word.key] = word
    return {":".join(filter(None, key)): (w.state, w.said.name) for key, w in known.items()}


def told(*telegrams, now=LATER, areas=MINE):
    """All words, the telegrams heard one after another."""
    heard = Words(areas)
    words = []
    for one in telegrams:
        assert heard.hear(one)
        words += heard.tell(now)
    return words


def test_a_warning_is_issued_continued_and_lifted():
    words = told(
        rain(0, (TAKAMATSU, LEVEL_2, "発表"), (SANUKI, LEVEL_2, "発表")),
        rain(10, (TAKAMATSU, LEVEL_2, "継続")),
        rain(20, (TAKAMATSU, LEVEL_2, "解除")),
    )
    assert [w.state for w in words] == ["issued", "continued", "lifted"]
    assert {w.since for w in words} == {words[0].telegram.report_at}
    assert {w.key for w in words} == {("", "3720100", "10")}, "only the town's own areas"


def test_what_a_newer_telegram_no_longer_says_is_lifted():
    words = told(rain(0, (TAKAMATSU, LEVEL_2, "発表")), rain(10, (TAKAMATSU, LEVEL_3, "発表")))
    assert state(words) == {
        "3720100:10": ("lifted", "レベル２大雨注意報"),
        "3720100:03": ("issued", "レベル３大雨警報"),
    }


CASES = {
    "in the order of time": (
        rain(0, (TAKAMATSU, LEVEL_2, "発表")),
        rain(10, (TAKAMATSU, LEVEL_3, "発表")),
        rain(20, (TAKAMATSU, LEVEL_3, "継続")),
    ),
    "a correction of the same time": (
        rain(0, (TAKAMATSU, LEVEL_3, "発表")),
        rain(0, (TAKAMATSU, LEVEL_2, "発表"), info="訂正", second=50),
    ),
    "a correction that comes after the next": (
        rain(0, (TAKAMATSU, LEVEL_3, "発表")),
        rain(0, (TAKAMATSU, LEVEL_2, "発表"), info="訂正", sent="2026-07-01T01:15:00Z"),
        rain(10, (TAKAMATSU, LEVEL_3, "継続")),
    ),
    "a cancelled telegram": (
        rain(0, (TAKAMATSU, LEVEL_2, "発表")),
        rain(10, (TAKAMATSU, LEVEL_3, "発表")),
        rain(15, info="取消"),
    ),
    "a cancelled first telegram": (
        rain(0, (TAKAMATSU, LEVEL_3, "発表")),
        rain(5, info="取消"),
    ),
    "a serial of the same time": (
        rain(0, (TAKAMATSU, LEVEL_3, "発表"), serial="1", second=10),
        rain(0, (TAKAMATSU, LEVEL_3, "継続"), serial="2", second=11),
    ),
}  # fmt: skip


def in_force(words):
    return {key: said for key, said in state(words).items() if said[0] in ("issued", "continued")}


@pytest.mark.parametrize("case", CASES)
def test_the_order_of_arrival_changes_nothing(case):
    telegrams = CASES[case]
    first = in_force(told(*telegrams))
    for order in permutations(telegrams):
        assert in_force(told(*order)) == first


def test_a_cancelled_telegram_was_never_said():
    words = told(*CASES["a cancelled telegram"])
    assert state(words) == {
        "3720100:10": ("issued", "レベル２大雨注意報"),
        "3720100:03": ("cancelled", "レベル３大雨警報"),
    }
    assert state(told(*CASES["a cancelled first telegram"])) == {
        "3720100:03": ("cancelled", "レベル３大雨警報")
    }


def test_a_cancellation_that_comes_first_still_cancels():
    issued, cancelled = CASES["a cancelled first telegram"]
    elsewhere = rain(5, info="取消", name="岡山県大雨警報・注意報", editor="岡山地方気象台")
    heard = Words(MINE)
    assert heard.concerns(cancelled) and not heard.concerns(elsewhere)
    assert in_force(told(cancelled, issued)) == {}


def test_a_correction_of_the_same_time_has_a_moment_of_its_own():
    wrong, right = CASES["a correction of the same time"]
    assert wrong.report_at == right.report_at and wrong.at < right.at
    much_later = rain(0, (TAKAMATSU, LEVEL_2, "発表"), info="訂正", sent="2026-07-01T03:00:00Z")
    assert right.at < much_later.at < right.report_at + timedelta(minutes=1)


def test_the_same_telegram_twice_is_one():
    one = rain(0, (TAKAMATSU, LEVEL_2, "発表"))
    heard = Words(MINE)
    assert heard.hear(one) and not heard.hear(one)
    assert len(heard.tell(LATER)) == 1
    assert heard.tell(LATER) == []


def test_a_drill_neither_lifts_nor_follows_what_is_in_earnest(terms):
    words = told(
        rain(0, (TAKAMATSU, LEVEL_3, "発表")),
        rain(5, (TAKAMATSU, LEVEL_2, "発表"), mode="訓練"),
        rain(6, mode="試験", info="取消"),
    )
    made = entities(words, terms)
    assert [e.id for e in made] == [
        "urn:ngsi-ld:WeatherAlert:jma:3720100:03",
        "urn:ngsi-ld:WeatherAlertExercise:jma:3720100:10",
    ]
    name = made[1].attrs[terms.expand_term("name")][0]["value"]
    assert name == "【訓練】レベル２大雨注意報"
    assert made[1].attrs[terms.expand_term("exercise")][0]["value"] is True
    # In a drill's own tenant it is what happens, and still marked.
    within = entities(words[1:], terms, drill=True)[0]
    assert within.id == "urn:ngsi-ld:WeatherAlert:jma:3720100:10"
    assert within.attrs[terms.expand_term("name")][0]["value"] == name


def test_what_ends_by_itself_is_lifted_when_its_time_has_come():
    tornado = read(
        telegram(
            warning((("370000", "香川県"), ("竜巻注意情報", "1"), "発表"),
                    of="竜巻注意情報（一次細分区域等）"),
            title="竜巻注意情報", name="香川県竜巻注意情報", valid="2026-07-01T11:10:00+09:00",
        )
    )  # fmt: skip
    heard = Words(MINE)
    heard.hear(tornado)
    ends = tornado.statements[0].valid_to
    assert [w.state for w in heard.tell(ends - timedelta(seconds=1))] == ["issued"]
    assert [(w.state, w.at) for w in heard.tell(ends)] == [("lifted", ends)]
    assert heard.tell(ends + timedelta(hours=1)) == []


def test_the_new_name_counts_where_both_are_said():
    old = read(
        telegram(warning((TAKAMATSU, ("大雨警報", "03"), "発表"),
                         (TAKAMATSU, ("雷注意報", "14"), "発表")), title=OLD,
                 sent="2026-07-01T01:00:40Z")
    )  # fmt: skip
    both = told(rain(0, (TAKAMATSU, LEVEL_3, "発表")), old)
    assert state(both) == {
        "3720100:03": ("issued", "レベル３大雨警報"), "3720100:14": ("issued", "雷注意報")
    }  # fmt: skip


def test_the_areas_of_a_town():
    assert areas_of("372013") == MINE
    assert areas_of("370002") == Areas("37", "")
    assert areas_of(None).name == "香川県"
    parts = [("370000", "香川県"), ("370010", "香川県"), ("330000", "岡山県")]
    body = warning(*((p, LEVEL_2, "発表") for p in parts), of="気象警報・注意報（一次細分区域等）")
    body += warning((("3720200", "丸亀市"), LEVEL_2, "発表"))
    said = read(telegram(body)).statements
    assert [s.area_code for s in said if MINE.concerns(s)] == ["370000", "370010"]
    assert [s.area_code for s in said if areas_of("370002").concerns(s)] == [
        "370000", "370010", "3720200"
    ]  # fmt: skip


def test_an_entity_says_who_says_it_and_when(terms):
    (made,) = entities(told(rain(0, (TAKAMATSU, LEVEL_3, "発表"))), terms)
    value = {
        name: made.attrs[terms.expand_term(name)][0]
        for name in ("status", "name", "level", "areaName", "issuingOffice", "dateIssued")
    }
    assert value["level"]["value"] == 3 and value["areaName"]["value"] == "高松市"
    assert value["issuingOffice"]["value"] == "高松地方気象台"
    assert value["dateIssued"]["value"] == "2026-07-01T01:00:00Z"
    assert value["status"]["observedAt"] == "2026-07-01T01:00:20Z"
    assert "observedAt" not in value["areaName"]
