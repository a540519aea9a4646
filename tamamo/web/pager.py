"""The links under a list of several pages: previous, first, those around, last, next."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class PageLink:
    """One place of the pager; without an address the current page or a gap."""

    text: str = ""
    url: str = ""
    current: bool = False
    label: str = ""
    rel: str = ""


def pager(here: int, pages: int, address: Callable[[int], str]) -> list[PageLink]:
    """Return the links of a list (pages from 1); none for a single page, the last one past it."""
    if pages <= 1:
        return []
    here = min(here, pages)
    shown = sorted({1, pages, *(page for page in (here - 1, here, here + 1) if 1 <= page <= pages)})
    links = [PageLink(_("Previous"), address(here - 1), rel="prev")] if here > 1 else []
    before = 0
    for page in shown:
        if page > before + 1:
            links.append(PageLink())
        if page == here:
            links.append(PageLink(f"{page:,}", current=True))
        else:
            label = _("Page %(n)s") % {"n": f"{page:,}"}
            links.append(PageLink(f"{page:,}", address(page), label=label))
        before = page
    if here < pages:
        links.append(PageLink(_("Next"), address(here + 1), rel="next"))
    return links
