"""The plan as data, outside of any page."""

import csv
import io
from decimal import Decimal

import msgspec

from tamamo.plan.catalog import load_plan
from tamamo.plan.export import COLUMNS, to_csv, to_json

PLAN = load_plan()
#: Decimal keeps 98.0 as it was printed.
DATA = msgspec.json.Decoder(float_hook=Decimal).decode(to_json(PLAN))
ROWS = list(csv.DictReader(io.StringIO(to_csv(PLAN).decode("utf-8-sig"))))


def test_json_holds_all_projects_in_order_and_counts_outcomes() -> None:
    assert DATA["count"] == len(DATA["items"]) == 36
    assert [item["id"] for item in DATA["items"]][:2] == ["elder_watch", "health_promotion"]
    assert DATA["outcomes"] == {
        "met": 9,
        "not_met": 9,
        "no_target": 4,
        "not_comparable": 2,
        "stated": 1,
    }


def test_json_keeps_numbers_as_printed_and_says_they_are_recorded() -> None:
    counter = next(item for item in DATA["items"] if item["id"] == "one_stop_counter")
    indicator = counter["indicators"][0]
    assert str(indicator["recorded"][0]["value"]) == "98.0"
    assert indicator["basis"] == "recorded"
    assert (indicator["outcome"], str(indicator["percent_of_target"])) == ("not_met", "98.0")


def test_json_gives_the_sums_of_the_outreach_table() -> None:
    card = next(item for item in DATA["items"] if item["id"] == "mynumber_card")
    assert card["tables"][0]["totals_computed"] == {"days": 50, "applications": 1876}


def test_json_keeps_the_reports_words() -> None:
    watch = DATA["items"][0]["reports"][0]
    assert watch["state_name"]["ja"] == "見送り"
    assert "事業化は見送られた" in watch["passage"][0]["ja"]


def test_csv_has_a_row_for_each_figure_and_for_each_project_without() -> None:
    assert tuple(ROWS[0]) == COLUMNS
    assert len({row["project_id"] for row in ROWS}) == 36
    assert sum(bool(row["indicator_id"]) for row in ROWS) == 25
    assert len(ROWS) == 25 + 36 - len({r["project_id"] for r in ROWS if r["indicator_id"]})


def test_csv_shows_the_moving_target_and_its_outcome() -> None:
    row = next(row for row in ROWS if row["indicator_id"] == "issue_rate")
    assert (row["value"], row["benchmark"], row["target_value"]) == ("28.8", "28.3", "")
    assert (row["outcome"], row["percent_of_target"]) == ("met", "101.8")


def test_csv_cells_start_no_formula() -> None:
    assert not [cell for row in ROWS for cell in row.values() if cell.startswith(("=", "+", "@"))]
