"""The links under a list."""

from tamamo.web.pager import pager
from tamamo.web.staff.liststate import ListState


def _texts(page: int, pages: int) -> list[str]:
    return [
        f"[{link.text}]" if link.current else link.text or "…"
        for link in pager(page, pages, lambda n: f"/r/?page={n}")
        if not link.rel
    ]


def test_first_last_and_those_around() -> None:
    assert _texts(1, 1) == []
    assert _texts(1, 2) == ["[1]", "2"]
    assert _texts(1, 2000) == ["[1]", "2", "…", "2,000"]
    assert _texts(1000, 2000) == ["1", "…", "999", "[1,000]", "1,001", "…", "2,000"]
    assert _texts(3, 5) == ["1", "2", "[3]", "4", "5"]


def test_steps_lead_to_the_neighbours() -> None:
    state = ListState(q="a", page=2)
    found = pager(2, 3, lambda n: "/r/" + state.query(page=n))
    links = {link.rel: link.url for link in found if link.rel}
    assert links == {"prev": "/r/?q=a", "next": "/r/?q=a&page=3"}


def test_a_page_past_the_end_leads_back() -> None:
    links = pager(9, 3, lambda n: f"/r/?page={n}")
    assert links[0].url == "/r/?page=2"
