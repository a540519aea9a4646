"""No table breaks the checks, whatever its headers and cells are."""

from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamamo.publishing import privacy, standard
from tamamo.publishing.privacy import examine, groups
from tamamo.publishing.standard import Column, Row, check, convert, guess, kinds

#: Headers that mean something to one of the two, and some that mean nothing.
HEADERS = [item.name for kind in kinds() for item in kind.items] + [
    "氏名", "生年月日", "年齢", "性別", "居住地区", "location", "", "　", "a\nb", "マイナンバー",
]  # fmt: skip
CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=40),
    st.sampled_from(["090-0000-0001", "男", "35", "34.3,134.0", "0", "○", "R2.7.21", "1e999"]),
)  # fmt: skip


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[Column], list[Row]]:
    headers = draw(st.lists(st.sampled_from(HEADERS), min_size=1, max_size=8))
    columns = [Column(f"c{n}", header) for n, header in enumerate(headers)]
    cells = st.fixed_dictionaries({column.name: CELLS for column in columns})
    rows = draw(st.lists(cells, max_size=5))
    return columns, [(number, row) for number, row in enumerate(rows, 2)]


@pytest.fixture(autouse=True, scope="module")
def counted_here() -> Iterator[None]:
    """k is counted here: a process for each example would take minutes."""
    original = groups.Groups._ask

    def here(self: groups.Groups, threshold: int) -> object:
        return self._count(threshold), "count"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(groups.Groups, "_ask", here)
        yield
    assert groups.Groups._ask is original


@settings(max_examples=60, deadline=None)
@given(tables(), st.sampled_from([kind.id for kind in kinds()]))
def test_any_table_is_checked_converted_and_examined(
    table: tuple[list[Column], list[Row]], kind: str
) -> None:
    columns, rows = table
    guess(columns)
    report = check(kind, columns, rows)
    assert 0 <= report.score <= 100 and report.right <= report.cells
    for _, values in rows:
        made = convert(kind, columns, values)
        assert list(made) == [item.name for item in standard.kind(kind).items]
        standard.check(kind, [Column(n, n) for n in made], [(1, made)])
    found = examine(columns, rows)
    assert found.rows == len(rows)
    # Kept as JSON with the version.
    for one, shape in ((report, standard.Report), (found, privacy.Report)):
        assert msgspec.json.decode(msgspec.json.encode(one), type=shape) == one
