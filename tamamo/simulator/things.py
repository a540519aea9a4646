"""What else a simulated city watches: underpasses, portable units, shelters, roads, cameras.

Pure functions of the moment, the storm and the seed. Places are plausible, names invented.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tamamo.kernel.time import JST
from tamamo.simulator import weather
from tamamo.simulator.city import Station
from tamamo.simulator.weather import TIME_SCALE, Storm, chance

#: (注意, 通行止): depth of water on the road, metres.
UNDERPASS_LEVELS: Final = (0.10, 0.30)
#: Rain that drains carry off, mm/h; what is more stands in the underpass.
_DRAINED: Final = 14.0
#: Observation start, danger and flood level of a ditch, metres.
UNIT_LEVELS: Final = (0.6, 0.9, 1.2)
#: Storm hours after which shelters open, and within which people have come.
_OPENS: Final = 1.0
_FILLS: Final = 4.0


@dataclass(frozen=True, slots=True)
class Shelter:
    """A simulated shelter. share: of its capacity that comes in the worst storm."""

    slug: str
    name: str
    longitude: float
    latitude: float
    capacity: int
    share: float


@dataclass(frozen=True, slots=True)
class Road:
    """A simulated stretch of road. busy: vehicles an hour at noon. through: what closes it."""

    slug: str
    name: str
    line: tuple[tuple[float, float], ...]
    busy: int
    through: str = ""


UNDERPASSES: Final = (
    Station("hamakaido", "浜街道アンダー", 134.0555, 34.3450),
    Station("chuo", "中央通りアンダー", 134.0470, 34.3300),
    Station("kita", "木太アンダー", 134.0745, 34.3245),
)
UNITS: Final = (
    Station("unit-1", "御坊川 支川（可搬式）", 134.0622, 34.3080),
    Station("unit-2", "古川 上流（可搬式）", 134.0755, 34.2800),
    Station("unit-3", "摺鉢谷川 暗渠口（可搬式）", 134.0425, 34.3440),
)
SHELTERS: Final = (
    Shelter("S001", "番町小学校（例）", 134.0445, 34.3405, 420, 0.55),
    Shelter("S002", "木太中学校（例）", 134.0790, 34.3215, 650, 0.80),
    Shelter("S003", "一宮コミュニティセンター（例）", 134.0290, 34.2900, 180, 1.20),
    Shelter("S004", "鶴尾会館（例）", 134.0350, 34.3195, 150, 0.35),
    Shelter("S005", "牟礼総合センター（例）", 134.1490, 34.3345, 300, 0.45),
    Shelter("S006", "塩江保健センター（例）", 134.0800, 34.1800, 120, 0.70),
)
ROADS: Final = (
    Road(
        "r11-center", "国道11号 中新町付近", ((134.0440, 34.3345), (134.0490, 34.3330)), 410, "chuo"
    ),
    Road(
        "hamakaido-e", "浜街道 東", ((134.0500, 34.3470), (134.0555, 34.3450), (134.0620, 34.3445)),
        260, "hamakaido",
    ),
    Road("kita-s", "木太線 南", ((134.0745, 34.3290), (134.0745, 34.3200)), 120, "kita"),
    Road("r193-s", "国道193号 仏生山付近", ((134.0480, 34.2900), (134.0470, 34.2780)), 310),
    Road("koto-w", "香東川 右岸線", ((134.0210, 34.3000), (134.0180, 34.2880)), 90),
)  # fmt: skip
#: Slug of a gauge → the camera beside it.
CAMERAS: Final = (
    Station("koto-middle", "香東川 中流 カメラ", 134.0202, 34.2922),
    Station("tsumeta", "詰田川 カメラ", 134.0772, 34.3348),
    Station("port", "高松港 カメラ", 134.0465, 34.3530),
)
ENGLISH: Final = {
    "hamakaido": "Hama-kaido underpass",
    "chuo": "Chuo-dori underpass",
    "kita": "Kita underpass",
    "unit-1": "Branch of Gobo River (portable unit)",
    "unit-2": "Upper Furu River (portable unit)",
    "unit-3": "Suribachidani culvert (portable unit)",
    "S001": "Bancho Elementary School (example)",
    "S002": "Kita Junior High School (example)",
    "S003": "Ichinomiya Community Centre (example)",
    "S004": "Tsuruo Hall (example)",
    "S005": "Mure Centre (example)",
    "S006": "Shionoe Health Centre (example)",
    "r11-center": "Route 11, Nakashin-machi",
    "hamakaido-e": "Hama-kaido, east",
    "kita-s": "Kita line, south",
    "r193-s": "Route 193, Busshozan",
    "koto-w": "Koto River right bank road",
    "koto-middle": "Koto River, middle: camera",
    "tsumeta": "Tsumeta River: camera",
    "port": "Takamatsu Port: camera",
}


def mean_rain(station: Station, at: datetime, seed: int, storm: Storm | None) -> float:
    """Return the mean rain of the last hour (of the storm's own hour while one runs), mm/h."""
    running = storm is not None and storm.strength(at) > 0
    hour = timedelta(hours=1) / (TIME_SCALE if running else 1)
    moments = [at - hour * n / 6 for n in range(6)]
    place = station.longitude, station.latitude
    return sum(weather.rain(*place, moment, seed, storm) for moment in moments) / len(moments)


def depth(underpass: Station, at: datetime, seed: int, storm: Storm | None) -> float:
    """Return the water on the road, metres."""
    over = mean_rain(underpass, at, seed, storm) - _DRAINED
    return round(min(max(0.0, over) * 0.03, 1.2), 2)


def unit_level(unit: Station, at: datetime, seed: int, storm: Storm | None) -> float:
    """Return the level in the ditch of a portable unit, metres."""
    noise = (chance(seed, unit.slug, at) - 0.5) * 0.02
    return round(0.22 + 0.026 * mean_rain(unit, at, seed, storm) + noise, 2)


def battery(unit: Station, at: datetime) -> float:
    """Return what its battery holds, 0…1: charged by the sun each day, a little less each night."""
    local = at.astimezone(JST)
    hours = local.hour + local.minute / 60
    return round(0.72 + 0.12 * (1 - abs(hours - 14) / 14) - 0.03 * UNITS.index(unit), 2)


def shelter_state(shelter: Shelter, at: datetime, storm: Storm | None) -> tuple[str, int]:
    """Return openStatus and how many people are in it."""
    if storm is None or storm.over(at) or storm.hours(at) < _OPENS:
        return "closed", 0
    come = min(1.0, (storm.hours(at) - _OPENS) / _FILLS)
    # By tens: people come in groups, and a count is made now and then.
    people = min(shelter.capacity, int(shelter.capacity * shelter.share * come / 10) * 10)
    return ("full" if people >= shelter.capacity else "open"), people


def passages(road: Road, at: datetime, seed: int, storm: Storm | None) -> int:
    """Return the vehicles of the last 15 minutes; none where the underpass is closed."""
    local = at.astimezone(JST)
    hours = local.hour + local.minute / 60
    daily = 0.08 + max(0.0, 1 - abs(hours - 13) / 9)
    underpass = next((one for one in UNDERPASSES if one.slug == road.through), None)
    closed = underpass and depth(underpass, at, seed, storm) >= UNDERPASS_LEVELS[1]
    if closed:
        return 0
    strength = storm.strength(at) if storm is not None else 0.0
    spread = 0.85 + 0.3 * chance(seed, road.slug, at)
    return int(road.busy * daily * (1 - 0.6 * strength) * spread / 4)


def warning(at: datetime, storm: Storm | None) -> int:
    """Return the level of the warning that stands for heavy rain: 0 none, 2, 3 or 4."""
    if storm is None or not storm.started_at <= at or storm.over(at):
        return 0
    strength, rising = storm.strength(at), storm.hours(at) < storm.peak_hours
    # Warned of before it comes, and lifted late.
    if strength >= 0.85:
        return 4
    if strength >= (0.35 if rising else 0.25):
        return 3
    return 2 if storm.hours(at) > 0.2 else 0
