"""Whose data a page shows, where that is another town than the page's own."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import get_language
from django.utils.translation import gettext as _

#: Between the owner and the station in what tells gauges apart; in no tenant's name.
MARK = ":"


@dataclass(frozen=True, slots=True)
class Owner:
    """Another town that shares its data with this one. code: 団体コード, "" without one."""

    tenant: str
    titles: Mapping[str, str]
    code: str = ""

    @property
    def title(self) -> str:
        """What it is called, in the language of the page."""
        language = get_language() or "ja"
        return self.titles.get(language) or self.titles.get("ja") or self.tenant

    @property
    def label(self) -> str:
        """綾川町提供 or: Provided by Ayagawa."""
        return _("Provided by %(town)s") % {"town": self.title}


def key_of(owner: Owner | None, station: str) -> str:
    """Return what tells a gauge from all others of a page: two towns may have the same codes."""
    return station if owner is None else f"{owner.tenant}{MARK}{station}"
