"""The links under a list of several pages."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class PageLink:
    """One place of the pager; without an address the current page or a gap."""

    text: str = ""
    url: str = ""
    label: str = ""
    rel: str = ""
    current: bool = False


def pager(here: int, pages: int, address: Callable[[int], str]) -> list[PageLink]:
    """Return the links: previous, first, those around, last, next; none for a single page."""
    if pages <= 1:
        return []
    shown = sorted({1, pages, *(page for page in (here - 1, here, here + 1) if 1 <= page <= pages)})
    links = [PageLink(_("Previous"), address(here - 1), rel="prev")] if here > 1 else []
    before = 0
    for page in shown:
        if page > before + 1:
            links.append(PageLink())
        label = _("Page %(n)s") % {"n": f"{page:,}"}
        url = "" if page == here else address(page)
        links.append(PageLink(f"{page:,}", url, label, current=page == here))
        before = page
    if here < pages:
        links.append(PageLink(_("Next"), address(here + 1), rel="next"))
    return links
