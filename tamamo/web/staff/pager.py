"""The links under a list: previous, first, those around, last, next."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from tamamo.web.staff.liststate import ListState
from tamamo.web.staff.words import number

#: Pages shown on either side of the current one.
_AROUND = 1


@dataclass(frozen=True, slots=True)
class PageLink:
    """One place of the pager; without an address the current page or a gap."""

    text: str = ""
    url: str = ""
    current: bool = False
    label: str = ""
    rel: str = ""


def pager(state: ListState, address: str, pages: int) -> list[PageLink]:
    """Return the links of a list of several pages; none for a single page."""
    if pages <= 1:
        return []
    here = min(state.page, pages)
    near = range(here - _AROUND, here + _AROUND + 1)
    shown = sorted({1, pages, *(page for page in near if 1 <= page <= pages)})
    links = []
    if here > 1:
        links.append(_step(state, address, here - 1, _("Previous"), "prev"))
    before = 0
    for page in shown:
        if page > before + 1:
            links.append(PageLink())
        links.append(_page(state, address, page, here))
        before = page
    if here < pages:
        links.append(_step(state, address, here + 1, _("Next"), "next"))
    return links


def _step(state: ListState, address: str, page: int, text: str, rel: str) -> PageLink:
    return PageLink(text, address + state.query(page=page), rel=rel)


def _page(state: ListState, address: str, page: int, here: int) -> PageLink:
    label = _("Page %(n)s") % {"n": number(page)}
    if page == here:
        return PageLink(number(page), current=True)
    return PageLink(number(page), address + state.query(page=page), label=label)
