"""The links under the list."""

from django.utils.translation import gettext as _

from tamamo.publishing.facilities.needs import Wish
from tamamo.web.staff.pager import PageLink


def links(wish: Wish, address: str, here: int, pages: int) -> list[PageLink]:
    """Return the links of a list of several pages; none for a single one."""
    if pages <= 1:
        return []
    found = []
    if here > 1:
        previous = address + wish.address(page=here - 1)
        found.append(PageLink(_("Previous"), previous, rel="prev"))
    for page in range(1, pages + 1):
        if page not in (1, pages) and abs(page - here) > 1:
            if abs(page - here) == 2:
                found.append(PageLink())
            continue
        label = _("Page %(n)s") % {"n": page}
        url = "" if page == here else address + wish.address(page=page)
        found.append(PageLink(str(page), url, page == here, label))
    if here < pages:
        found.append(PageLink(_("Next"), address + wish.address(page=here + 1), rel="next"))
    return found
