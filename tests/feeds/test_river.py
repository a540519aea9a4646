from datetime import UTC, datetime

import pytest

from tamamo.feeds.quality import UnreadableFile
from tamamo.feeds.readers import river
from tamamo.feeds.readers.river import Reading
from tamamo.feeds.rejects import Reject

HEADER = (
    "hour_path,generated_at,code,name,obs_time,level_m,start_level,warn_level,flood_level,"
    "over,is_warning,is_flood,city,town_code,lat,lon"
)
GOOD = (
    "2026/06/01/00,2026-05-31T15:25:15.898Z,3700000016,木太大橋,2026-06-01T00:20:00+09:00,1.34,"
    "0.91,,1.91,1,False,False,香川県高松市,37201,34.32389,134.07556"
)


def write(tmp_path, *lines, encoding="utf-8"):
    path = tmp_path / "levels.csv"
    path.write_bytes("\n".join([HEADER, *lines, ""]).encode(encoding))
    return path


def test_the_recording_has_89_gauges_and_392_repeats(river_file):
    items = list(river.read(river_file))
    readings = [item for item in items if isinstance(item, Reading)]
    assert len(items) == len(readings) == 5880
    assert len({r.code for r in readings}) == 89
    assert len({(r.code, r.observed_at) for r in readings}) == 5488
    assert sum(r.alert_level is None for r in readings) == 2401
    usido = [r for r in readings if r.name == "牛堂" and r.level >= r.danger_level]
    assert [f"{r.observed_at:%dT%H:%M}" for r in usido] == [
        "25T20:30", "25T21:20", "25T22:20", "25T23:20"
    ]  # fmt: skip


def test_a_row_becomes_a_gauge(tmp_path, terms):
    (reading,) = river.read(write(tmp_path, GOOD))
    assert reading.observed_at == datetime(2026, 5, 31, 15, 20, tzinfo=UTC)
    assert (reading.region, reading.locality) == ("香川県", "高松市")
    entity = river.entity(reading, terms)
    assert entity.id == "urn:ngsi-ld:FloodMonitoring:3700000016"
    assert entity.types == [terms.expand_type("FloodMonitoring")]
    level = entity.attrs[terms.expand_term("currentLevel")]
    assert level == [
        {
            "type": "Property",
            "value": 1.34,
            "unitCode": "MTR",
            "observedAt": "2026-05-31T15:20:00Z",
        }
    ]
    point = entity.attrs[terms.expand_term("location")][0]["value"]
    assert point == {"type": "Point", "coordinates": [134.07556, 34.32389]}
    assert terms.expand_term("alertLevel") not in entity.attrs
    assert entity.attrs[terms.expand_term("dangerLevel")][0]["value"] == 1.91


@pytest.mark.parametrize("mark", ["−", "***", "欠測", "", "－"])
def test_a_missing_level_is_missing_and_told(tmp_path, terms, mark):
    reading, reject = river.read(write(tmp_path, GOOD.replace(",1.34,", f",{mark},")))
    assert reading.level is None
    assert (reject.row, reject.field, reject.reason.code) == (2, "level_m", "missing")
    attrs = river.entity(reading, terms).attrs
    assert terms.expand_term("currentLevel") not in attrs
    assert attrs[terms.expand_term("currentLevelStatus")][0]["value"] == "missing"


@pytest.mark.parametrize(
    ("old", "new", "field", "code"),
    [
        (",1.34,", ",abc,", "level_m", "not_a_number"),
        (",1.34,", ",NaN,", "level_m", "not_finite"),
        (",1.34,", ",99999,", "level_m", "out_of_range"),
        (",1.91,", ",高い,", "flood_level", "not_a_number"),
        ("2026-06-01T00:20:00+09:00", "1899-06-01T00:20:00+09:00", "obs_time", "too_early"),
        ("2026-06-01T00:20:00+09:00", "2026-06-01T00:20:00", "obs_time", "no_zone"),
        ("2026-06-01T00:20:00+09:00", "2027-06-01T00:20:00+09:00", "obs_time", "in_future"),
        ("2026-06-01T00:20:00+09:00", "", "obs_time", "required"),
        ("34.32389,134.07556", "134.07556,34.32389", "lon", "outside_japan"),
        ("34.32389,134.07556", ",134.07556", "lat", "required"),
        ("木太大橋", "木太\0大橋", "", "nul"),
        ("3700000016", "", "code", "bad_code"),
        ("3700000016", "a b/c", "code", "bad_code"),
        (",37201,34.32389,134.07556", "", "town_code", "too_few_columns"),
        ("134.07556", "134.07556,1", "", "too_many_columns"),
    ],
)
def test_a_wrong_row_is_rejected_with_row_field_and_reason(tmp_path, old, new, field, code):
    bad = GOOD.replace(old, new)
    first, reject, last = river.read(write(tmp_path, GOOD, bad, GOOD))
    assert isinstance(first, Reading)
    assert isinstance(last, Reading)
    assert isinstance(reject, Reject)
    assert (reject.row, reject.field, reject.reason.code) == (3, field, code)
    assert ",".join(reject.original) == bad.replace("\0", "�")


def test_without_a_publication_time_this_machines_clock_bounds_the_reading(tmp_path):
    unpublished = GOOD.replace("2026-05-31T15:25:15.898Z", "")
    far = unpublished.replace("2026-06-01T00:20", "9998-06-01T00:20")
    past = unpublished.replace("2026-06-01T00:20", "2020-06-01T00:20")
    reading, reject = river.read(write(tmp_path, past, far))
    assert reading.observed_at.year == 2020
    assert reject.reason.code == "in_future"


def test_a_row_number_is_the_line_even_behind_a_line_break_in_a_cell(tmp_path):
    broken = GOOD.replace("木太大橋", '"木太\n大橋"')
    items = list(river.read(write(tmp_path, broken, "too,few")))
    assert [item.row for item in items] == [2, 4]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"code,name\n1,2\n", "no_column"),
        (HEADER.encode() + "\n木太".encode("cp932"), "not_utf8"),
        ((HEADER + '\n"open').encode(), "broken_csv"),
    ],
)
def test_a_file_that_is_no_recording_is_refused(tmp_path, content, code):
    path = tmp_path / "levels.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile) as caught:
        list(river.read(path))
    assert caught.value.reason.code == code
    assert "levels.csv" in caught.value.detail


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UnreadableFile, match=r"gone\.csv"):
        list(river.read(tmp_path / "gone.csv"))
