"""The whole view of the wall in its address: town, area, which panel is large, updates."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from tamamo.kernel.towns.town import is_name

#: The panels and the key of each, in the order they stand on the page.
PANELS: Final[Mapping[str, str]] = {
    "levels": "1",
    "map": "2",
    "gauges": "3",
    "rain": "4",
    "tide": "5",
    "warnings": "6",
    "shelters": "7",
    "calls": "8",
    "sources": "9",
}
WIDE: Final = "wide"
_MOST_TOWNS: Final = 50


@dataclass(frozen=True, slots=True)
class WallState:
    """The parameters of the wall. "" means not set."""

    town: str = ""
    #: "wide": with what other towns share.
    area: str = ""
    #: With "wide": the other towns that are shown, by name; "" all.
    towns: str = ""
    #: The panel that has the page for itself.
    panel: str = ""
    #: "off": nothing moves until somebody says so.
    updates: str = ""

    def pairs(self) -> list[tuple[str, str]]:
        """Return the parameters that are set, in the order they stand in an address."""
        names = ("town", "area", "towns", "panel", "updates")
        return [(name, getattr(self, name)) for name in names if getattr(self, name)]

    def query(self, **changes: Any) -> str:
        """Return "?…" of this view with some parameters changed, or "?" when nothing is set."""
        return "?" + urlencode(replace(self, **changes).pairs(), safe=":/,")

    @property
    def wide(self) -> bool:
        """Whether other towns are shown."""
        return self.area == WIDE

    def shows(self, town: str) -> bool:
        """Whether another town is among those shown."""
        return self.wide and (not self.towns or town in self.towns.split(","))


def parse(parameters: Mapping[str, str]) -> WallState:
    """Read a view from an address; what cannot be is left out: an old link still shows the wall.

    `towns` alone means the wide area, narrowed to these.
    """
    text = {name: parameters.get(name, "").strip() for name in ("town", "area", "towns")}
    names = [name.strip() for name in text["towns"].split(",")][:_MOST_TOWNS]
    towns = ",".join(name for name in names if is_name(name))
    panel = parameters.get("panel", "")
    return WallState(
        town=text["town"],
        area=WIDE if towns or text["area"] == WIDE else "",
        towns=towns,
        panel=panel if panel in PANELS else "",
        updates="off" if parameters.get("updates") == "off" else "",
    )
