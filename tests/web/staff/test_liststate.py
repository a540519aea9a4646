"""The view of a register in the address: what is written is read again, what is wrong is left."""

from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st

from tamamo.web.staff.liststate import SIZES, ListState, parse, parse_text

FILTERS = ("town", "level.from", "level.to")
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=30)


def _read(query: str) -> ListState:
    return parse(parse_qsl(query.removeprefix("?")), FILTERS)


@given(
    q=WORDS,
    filters=st.dictionaries(st.sampled_from(FILTERS), WORDS),
    sort=WORDS,
    page=st.integers(1, 100_000),
    size=st.sampled_from(SIZES),
)
def test_what_is_written_is_read_again(
    q: str, filters: dict[str, str], sort: str, page: int, size: int
) -> None:
    state = ListState(q=q, filters=tuple(filters.items()), sort=sort, page=page, size=size)
    assert _read(state.query()) == state


def test_the_plain_list_has_a_plain_address() -> None:
    assert ListState().query() == ""
    assert parse([], FILTERS) == ListState()


def test_what_cannot_be_read_is_left_out() -> None:
    state = _read("?page=x&size=7&map=moon&view=../1&f.colour=red&f.town=&page=²")
    assert state == ListState()
    assert _read("?page=0").page == 1
    assert len(_read("?q=" + "x" * 5000).q) == 100


def test_a_column_is_sorted_up_then_down_then_not() -> None:
    state = ListState(page=3)
    up = _read(state.sorted_by("name"))
    down = _read(up.sorted_by("name"))
    assert (up.sort, down.sort, _read(down.sorted_by("name")).sort) == ("name", "-name", "")
    assert up.page == 1
    assert _read(up.sorted_by("level")).sort == "level"


def test_a_filter_is_taken_out_alone() -> None:
    state = _read("?q=a&f.town=x&f.level.from=1&f.level.to=2&page=4")
    left = _read(state.without("level.from", "level.to"))
    assert left == ListState(q="a", filters=(("town", "x"),))


def test_a_saved_view_holds_no_page() -> None:
    state = _read("?q=a&sort=-name&page=4&view=7")
    assert state.text == "?q=a&sort=-name"
    assert parse_text(state.text, FILTERS) == ListState(q="a", sort="-name")
