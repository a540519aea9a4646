"""Whatever a file holds, a reader answers with rows, rejects, or one clear refusal."""

import io

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tamamo.feeds.quality import UnreadableFile
from tamamo.feeds.readers import river, table
from tamamo.feeds.readers.river import Reading
from tamamo.feeds.rejects import Reject
from tests.feeds.test_river import GOOD, HEADER

same_folder = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None
)


@pytest.fixture(scope="module")
def workbook() -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["name", "latitude"])
    book.active.append(["高松駅", 34.35])
    book.active.merge_cells("A2:A3")
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def read_table(path):
    try:
        read = table.read(path, wanted=[["name"]])
    except UnreadableFile as error:
        assert path.name in error.detail
    else:
        assert read.rows or read.rejects


@same_folder
@given(content=st.binary(max_size=400))
def test_any_bytes_as_a_table(tmp_path, content):
    for name, prefix in (("a.csv", b""), ("b.csv", b"name,latitude\n"), ("c.xlsx", b"PK\x03\x04")):
        path = tmp_path / name
        path.write_bytes(prefix + content)
        read_table(path)


@same_folder
@given(data=st.data())
def test_a_spoilt_workbook(tmp_path, workbook, data):
    content = bytearray(workbook)
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "spoilt.xlsx"
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    read_table(path)


@same_folder
@given(rows=st.lists(st.text(max_size=60), max_size=5))
def test_any_text_as_a_table(tmp_path, rows):
    path = tmp_path / "a.csv"
    path.write_text("name,latitude\n" + "\n".join(rows), "utf-8", errors="ignore")
    read_table(path)


@same_folder
@given(
    spoilt=st.lists(
        st.tuples(st.integers(0, 15), st.text(max_size=20) | st.floats().map(str)), max_size=4
    )
)
def test_any_cell_in_a_recording(tmp_path, spoilt):
    cells = GOOD.split(",")
    for place, text in spoilt:
        cells[place] = text
    path = tmp_path / "levels.csv"
    path.write_text("\n".join([HEADER, ",".join(cells)]), "utf-8", errors="ignore")
    try:
        items = list(river.read(path))
    except UnreadableFile as error:
        assert error.reason.code == "broken_csv"
        return
    assert all(isinstance(item, Reading | Reject) for item in items)
    assert items
