"""What a check found, in the words of the page; and what is offered to whom."""

from datetime import UTC, datetime
from typing import Any

from django.utils.translation import override

from tamamo.publishing.datasets import Field, Metadata, Reports, Version, Words
from tamamo.web.staff.datasets import reports

NOW = datetime(2026, 11, 23, tzinfo=UTC)
FIELDS = (Field("no", Words("番号", "Number"), "code", role="key"), Field("tel", Words("電話")))


def version(**told: Any) -> Version:
    """Return a checked version."""
    values: dict[str, Any] = {
        "id": 1, "dataset": "d", "metadata": Metadata(title=Words("表")), "number": 2,
        "state": "checked",
        "filename": "x.csv", "size": 10, "sha256": "", "choice": None, "recipe": None,
        "fields": FIELDS, "counts": {"in": 1200, "out": 1190, "rejected": 10},
        "reports": Reports(), "rows": 1190, "bbox": None, "worked": (), "note": "",
        "reason": None, "done": 0, "total": 0, "job": None, "entities_done": True,
        "created_at": NOW, "created_by": "user:1", "changed_at": NOW, "submitted_at": None,
        "submitted_by": None, "approved_at": None, "approved_by": None, "published_at": None,
        "current": False,
    }  # fmt: skip
    return Version(**(values | told))


def test_figures_compare_only_with_something_public() -> None:
    with override("en"):
        first = reports.figures(version())
        next_ = reports.figures(version(reports=Reports(against=1, added=3, removed=2, changed=1)))
    assert [(one["name"], one["text"]) for one in first] == [
        ("in", "1,200"), ("out", "1,190"), ("rejected", "10"),
    ]  # fmt: skip
    assert [(one["name"], one["text"]) for one in next_[3:]] == [
        ("added", "3"), ("changed", "1"), ("removed", "2"),
    ]  # fmt: skip


def test_what_stops_stands_first_in_the_language_of_the_page() -> None:
    told = Reports(
        differences=[
            {"code": "column_new", "ja": "新しい列", "en": "a new column", "blocking": False},
            {"code": "kind_changed", "ja": "日付です", "en": "is now a date", "blocking": True},
        ]
    )
    with override("en"):
        lines = reports.differences(version(reports=told))
    assert [(one.text, one.grave) for one in lines] == [
        ("is now a date", True), ("a new column", False),
    ]  # fmt: skip


def test_a_fix_names_row_column_now_and_should() -> None:
    told = {
        "kind": "aed", "score": 64, "parts": {"required": 0.5, "names": 1.0, "values": 0.667},
        "counts": {"name": 1, "value": 1200}, "unmatched": ["tel"],
        "fixes": [{"row": None, "column": "tel", "item": "電話番号", "code": "name", "ja": "列名",
                   "en": "the name", "now": "電話", "should": "電話番号"},
                  {"row": 7, "column": "no", "item": "NO", "code": "value", "ja": "値",
                   "en": "the value", "now": "x", "should": None}],
    }  # fmt: skip
    with override("en"):
        shown = reports.standard(version(reports=Reports(standard=told)))
    assert shown is not None
    assert shown["score"] == 64
    assert [share for _label, share in shown["parts"]] == ["50 %", "100 %", "67 %"]
    assert [(x.where, x.column, x.now, x.should) for x in shown["fixes"]] == [
        ("", "電話", "電話", "電話番号"), ("7", "Number", "x", ""),
    ]  # fmt: skip
    assert (shown["more"], shown["unmatched"]) == (1199, ["電話"])


def test_a_serious_report_needs_a_reason_and_names_columns_as_people_do() -> None:
    told = {
        "verdict": "serious", "ja": "電話番号", "en": "There are phones",
        "flags": [{"column": "tel", "kind": "phone", "count": 3, "share": 0.25, "ja": "電話",
                   "en": "looks like phones", "rows": [1], "samples": ["09*****"]}],
        "small_cells": [{"column": "no", "count": 2, "rows": [4, 5]}],
        "quasi_identifiers": ["no", "tel"], "k": 1, "k_by": "pycanon", "below": 9,
        "threshold": 5, "rare": [{"row": 4, "values": {"no": "1"}, "count": 1}],
    }  # fmt: skip
    found = version(reports=Reports(privacy=told))
    with override("en"):
        shown = reports.privacy(found)
    assert reports.serious(found)
    assert not reports.serious(version())
    assert shown is not None
    assert (shown["banner"], shown["text"], shown["quasi"]) == (
        "error", "There are phones", "Number、電話",
    )  # fmt: skip
    assert (shown["flags"][0]["column"], shown["flags"][0]["share"]) == ("電話", "25 %")
    assert shown["rare"][0]["text"] == "Number=1"


def test_what_was_not_looked_at_is_not_shown_as_clear() -> None:
    assert reports.privacy(version()) is None
    assert reports.standard(version()) is None
