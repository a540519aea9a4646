"""A facility of the universal design map: what is known of it, by need and by group of fields.

Everything here is pure. A field is True, False or None: None is "nobody has looked", which is
never shown as "no".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal

from tamamo.registers import Row
from tamamo.registers.declaration import Texts

#: The register that holds them (tamamo/projects/universal_design_map/registers).
REGISTER: Final = "facilities"
TYPE: Final = "AccessibleFacility"
#: What was surveyed longer ago is shown as old, and asked for anew.
FRESH_FOR: Final = timedelta(days=3 * 365)
#: Clear width that a wheelchair needs, in cm: 建築物移動等円滑化基準 (政令379号/2006) 第18条.
LEAST_WIDTH: Final = 80

Rating = Literal["yes", "limited", "no"]


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that one division surveys together, and the column with the day it did."""

    id: str
    title: Texts
    columns: tuple[str, ...]
    surveyed: str


GROUPS: Final = (
    Group(
        "entrance",
        Texts("出入口・移動", "Entrance and ways"),
        ("entrance", "entranceWidth", "automaticDoor", "lift", "handrails"),
        "entranceSurveyedOn",
    ),
    Group(
        "toilet",
        Texts("トイレ", "Toilet"),
        ("wheelchairToilet", "toiletDoorWidth", "ostomate", "toiletEquipment"),
        "toiletSurveyedOn",
    ),
    Group(
        "parking",
        Texts("駐車場", "Parking"),
        ("accessibleParking", "accessibleParkingSpaces", "parkingRoof"),
        "parkingSurveyedOn",
    ),
    Group(
        "child",
        Texts("子ども連れ", "With small children"),
        ("nursingRoom", "childEquipment"),
        "childSurveyedOn",
    ),
    Group(
        "support",
        Texts("補助犬・情報の配慮", "Assistance dogs and help"),
        ("assistanceDog", "informationSupport"),
        "supportSurveyedOn",
    ),
)
GROUP_OF: Final = {name: group for group in GROUPS for name in group.columns}


@dataclass(frozen=True, slots=True)
class Facility:
    """One facility. values: by column of the register; what nobody knows is None."""

    id: str
    key: str
    values: Mapping[str, Any]
    longitude: float | None = None
    latitude: float | None = None
    modified_at: str = ""

    def text(self, name: str) -> str:
        """Return a text, "" where there is none."""
        return str(self.values.get(name) or "")

    @property
    def name(self) -> str:
        """What it is called."""
        return self.text("name") or self.key

    def named(self, language: str) -> tuple[str, str]:
        """Return its name and the language that is in: English where there is an English one."""
        english = self.text("alternateName")
        return (english, "en") if language == "en" and english else (self.name, "ja")

    @property
    def simulated(self) -> bool:
        """Whether it is made up (模擬)."""
        return self.values.get("simulated") is True

    def has(self, column: str, value: str) -> bool | None:
        """Whether a list of things holds one; None where nobody has looked."""
        held = self.values.get(column)
        if held is None:
            # Looked at, and nothing of the list was there.
            return False if self.surveyed_on(GROUP_OF[column]) else None
        return value in held

    def surveyed_on(self, group: Group) -> date | None:
        """Return the day on which a group of fields was surveyed."""
        return day(self.values.get(group.surveyed))

    def known(self, group: Group) -> bool:
        """Whether anything of a group is known."""
        return any(self.values.get(name) not in (None, "", []) for name in group.columns)

    @property
    def last_surveyed(self) -> date | None:
        """The last day on which anything was surveyed."""
        return max((d for d in map(self.surveyed_on, GROUPS) if d), default=None)

    def stale(self, group: Group, today: date) -> bool:
        """Whether what is known of a group is old, or nobody noted when it was seen."""
        on = self.surveyed_on(group)
        return self.known(group) and (on is None or today - on > FRESH_FOR)

    @property
    def rating(self) -> Rating | None:
        """How far one gets with a wheelchair; None where the entrance is not known."""
        return rating(self.values)


def rating(values: Mapping[str, Any]) -> Rating | None:
    """Return the grade that OpenStreetMap and Wheelmap use, from what was measured.

    yes: no step (or a ramp), wide enough as far as known, every floor reached. no: steps only.
    limited: in between. It is worked out, never typed in.
    """
    entrance = values.get("entrance")
    if entrance is None:
        return None
    if entrance == "steps":
        return "no"
    width = values.get("entranceWidth")
    wide = width is None or width >= LEAST_WIDTH
    return "yes" if wide and values.get("lift") in ("yes", "not_needed") else "limited"


def day(value: Any) -> date | None:
    """Return a date of the register; None for what is none."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def facility_of(row: Row) -> Facility:
    """Return a row or record of the register as a facility; hidden columns are unknown ones."""
    values = {name: cell.value for name, cell in row.cells.items()}
    key = str(values.get("facilityID") or row.id.rpartition(":")[2])
    modified = max((cell.modified_at or "" for cell in row.cells.values()), default="")
    return Facility(row.id, key, values, row.longitude, row.latitude, modified)


def stale_groups(facility: Facility, today: date) -> list[Group]:
    """Return the groups of fields that should be surveyed again."""
    return [group for group in GROUPS if facility.stale(group, today)]


def located(facilities: Iterable[Facility]) -> list[Facility]:
    """Return those that have a place."""
    return [one for one in facilities if one.longitude is not None and one.latitude is not None]
