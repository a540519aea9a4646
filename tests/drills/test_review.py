from datetime import UTC, datetime, timedelta

import pytest

from tamamo.drills import exports
from tamamo.drills.events import Note
from tamamo.drills.log import Line
from tamamo.drills.review import Verdict, judge
from tamamo.drills.script import Expected, Text
from tamamo.kernel.drills import Clock, Drill, State

T = Text("文", "text")
BY, SINCE = 3600.0, 1200.0
EXPECTED = Expected("ack", BY, T, T, T, SINCE, ("alert.acknowledge",), ("drill-tide",))
BY_HAND = Expected("close", BY, T, T, T)


def act(
    position: float, what: str = "alert.acknowledge", about: str = "urn:A:drill-tide:x"
) -> Line:
    return Line(f"act:{position}", position, "act", what, "", "", "user:7", about)


def verdict(
    expected: Expected, *lines: Line, notes: tuple[Note, ...] = (), at: float = 0
) -> object:
    return judge([expected], lines, notes, at)[0].verdict


@pytest.mark.parametrize(
    ("lines", "at", "result"),
    [
        ([act(3000)], 3000, Verdict.DONE),
        ([act(BY)], BY, Verdict.DONE),
        ([act(3601)], 3601, Verdict.LATE),
        ([], BY, Verdict.OPEN),
        ([], BY + 1, Verdict.MISSED),
        ([act(600)], 4000, Verdict.MISSED),  # before it could have been meant
        ([act(3000, about="urn:A:drill-record:x")], 4000, Verdict.MISSED),
        ([act(3000, what="alert.silence")], 4000, Verdict.MISSED),
        ([act(3000), act(3700)], 4000, Verdict.DONE),  # the first one counts
    ],
)
def test_the_log_shows_what_was_done(lines: list[Line], at: float, result: Verdict) -> None:
    assert verdict(EXPECTED, *lines, at=at) is result


def test_an_alert_is_no_act() -> None:
    line = Line("alert:1", 3000, "alert", "alert.acknowledge", "", "", "", "drill-tide")
    assert verdict(EXPECTED, line, at=4000) is Verdict.MISSED


def test_how_long_it_took() -> None:
    one = judge([EXPECTED], [act(3000)], (), 5000)[0]
    assert (one.margin, one.took, one.by) == (600, 1800, "user:7")


def test_what_somebody_said_goes_before_the_log_and_the_last_word_counts() -> None:
    said = (
        Note("close", "", "user:1", "done", 3700.0),
        Note("close", "it was not", "user:2", "missed"),
    )
    assert verdict(BY_HAND, notes=said[:1], at=5000) is Verdict.LATE
    assert verdict(BY_HAND, notes=said, at=5000) is Verdict.MISSED
    assert (
        verdict(BY_HAND, notes=(Note("close", "only a comment", "user:1"),), at=0) is Verdict.OPEN
    )
    assert verdict(EXPECTED, act(3000), notes=(Note("ack", "", "u", "missed"),)) is Verdict.MISSED


def test_the_file_has_all_in_order_and_no_formulas() -> None:
    begins = datetime(2004, 8, 30, 6, 0, tzinfo=UTC)
    drill = Drill(
        "a-drill", "a", "夜", State.ENDED, Clock(begins), frozenset(), begins + timedelta(days=1)
    )
    lines = [Line("event:x", 4000, "injected", "call", "=1+1", "=1+1", "user:7"), act(3000)]
    judged = judge([EXPECTED], lines, (), 5000)
    notes = [Note("", "good on the whole", "user:7"), Note("act:3000", "quick", "user:7")]
    rows = exports.table(
        drill, lines, judged, notes, names={"user:7": "花子"},
        text_of=lambda line: line.ja, kind_of=lambda line: line.kind, language="ja",
    )  # fmt: skip
    assert [row[0] for row in rows] == [
        "2004-08-30T15:50:00+09:00", "2004-08-30T15:50:00+09:00", "2004-08-30T16:06:40+09:00", ""
    ]  # fmt: skip
    text = exports.to_csv(rows).decode("utf-8-sig").splitlines()
    assert text[0].split(",") == list(exports.COLUMNS)
    assert ",=1+1" not in "\n".join(text)
    assert "quick (花子)" in text[1] + text[2]
    assert "good on the whole (花子)" in text[4]
