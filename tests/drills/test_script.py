from datetime import timedelta

import pytest

from tamamo import rules
from tamamo.drills.catalogue import scripts
from tamamo.drills.playing import due
from tamamo.drills.script import InvalidScript, read
from tamamo.drills.series import Point, readings
from tamamo.kernel.time import JST

NIGHT = "typhoon-16-2004"
SMALL = """
begins_at = 2004-08-30T15:00:00+09:00
until = "25:30"
title = { ja = "題", en = "Title" }
about = { ja = "説明", en = "About" }
[[place]]
key = "port"
type = "SeaConditions"
name = { ja = "港", en = "Port" }
location = [134.0, 34.3]
[[series]]
place = "port"
attribute = "waterLevel"
points = [["15:00", 0.0], ["15:30", 3.0]]
[[event]]
key = "call"
at = "24:00"
kind = "call"
text = { ja = "電話", en = "Call" }
[[expected]]
key = "act"
by = "25:00"
who = { ja = "当直", en = "Duty" }
text = { ja = "確認", en = "Acknowledge" }
why = { ja = "理由", en = "Because" }
"""


def test_times_are_those_of_the_night_also_after_midnight() -> None:
    script = read(SMALL.encode(), "small")
    assert script.length == 10.5 * 3600
    assert script.events[0].position == 9 * 3600
    assert script.expected[0].position == 10 * 3600
    assert [(r.position, r.value) for r in script.readings] == [
        (0, 0.0), (600, 1.0), (1200, 2.0), (1800, 3.0)
    ]  # fmt: skip


def test_between_two_points_a_line_and_each_point_itself() -> None:
    points = [Point(0, 0.0), Point(90, 0.9), Point(300, 0.9)]
    assert list(readings(points, 60)) == [
        (0, 0.0), (60, 0.6), (90, 0.9), (120, 0.9), (180, 0.9), (240, 0.9), (300, 0.9)
    ]  # fmt: skip
    assert list(readings([], 60)) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('until = "25:30"', 'until = "2530"', "until"),
        ('until = "25:30"', 'until = "24:30"', "after the end"),
        ("begins_at = 2004-08-30T15:00:00+09:00", "begins_at = 2004-08-30T15:00:00", "begins_at"),
        ('place = "port"', 'place = "harbour"', "series 1"),
        ('kind = "call"', 'kind = "shout"', "event 1"),
        ('kind = "call"', 'kind = "call"\nsource = "nowhere"', "no source"),
        ('key = "act"', 'key = "call"', "stand twice"),
        ('by = "25:00"', 'by = "25:00"\nsince = "25:10"', "since"),
        ('text = { ja = "電話", en = "Call" }', 'text = { ja = "電話" }', "text"),
        ("location = [134.0, 34.3]", 'location = "here"', "location"),
        ("[[place]]", "[[place", "line 6"),
    ],
)
def test_a_script_that_is_wrong_is_told_where(old: str, new: str, fault: str) -> None:
    with pytest.raises(InvalidScript, match=fault):
        read(SMALL.replace(old, new, 1).encode(), "small")


def test_what_is_due_comes_once_and_in_order() -> None:
    script = read(SMALL.encode(), "small")
    assert [one.position for one in due(script, -1, 600)] == [0, 600]
    assert [one.position for one in due(script, 600, 36_000)] == [1200, 1800, 32_400]
    assert list(due(script, 36_000, 36_000)) == []


class TestTheNightOf2004:
    script = scripts()[NIGHT]

    def test_the_tide_is_highest_when_and_as_high_as_it_was(self) -> None:
        tide = [one for one in self.script.readings if one.place == "port"]
        peak = max(tide, key=lambda one: one.value)
        at = (self.script.begins_at + timedelta(seconds=peak.position)).astimezone(JST)
        assert (peak.value, f"{at:%Y-%m-%d %H:%M}") == (2.46, "2004-08-30 22:42")
        # What was reached at the peak was never reached before or after.
        assert [one.value for one in tide].count(2.46) == 1

    def test_what_is_on_record_names_where(self) -> None:
        sources = {source.key for source in self.script.sources}
        named = {event.source for event in self.script.events} - {""}
        assert named <= sources
        assert all(source.url or source.key == "plan" for source in self.script.sources)

    def test_whatever_has_no_source_says_that_it_is_invented(self) -> None:
        invented = [event for event in self.script.events if not event.source]
        assert invented
        for event in invented:
            assert "想定" in event.text.ja, event.key
            assert "invented" in event.text.en, event.key

    def test_its_rules_can_be_kept(self) -> None:
        for document in self.script.rules:
            rules.parse(document)

    def test_the_record_falls_before_the_peak(self) -> None:
        above = [one for one in self.script.readings if one.place == "port" and one.value > 1.94]
        news = self.script.event("record-broken")
        assert news is not None
        assert abs(above[0].position - news.position) <= 600
