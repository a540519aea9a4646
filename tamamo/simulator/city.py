"""The simulated stations: on the city's real rivers, at plausible places, with invented thresholds.

Places follow the courses of the base map (approximate). Areas and thresholds are round numbers of
the right size, not those of the river administrators.
"""

from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Gauge:
    """A simulated river gauge and the catchment above it.

    area: km². quick_hours, slow_hours: mean stay of water on and under the ground. runoff: share
    of the rain that runs off quickly. channel: m of stage at 1 m³/s (stage = channel · Q^0.6).
    tidal: how far the sea reaches: 0 not at all, 1 as at the coast. Levels are metres above the
    gauge's zero. troubled: its sensor fails now and then.
    """

    slug: str
    name: str
    river: str
    longitude: float
    latitude: float
    area: float
    quick_hours: float
    channel: float
    start: float
    alert: float
    danger: float
    tidal: float = 0.0
    runoff: float = 0.55
    slow_hours: float = 70.0
    troubled: bool = False


@dataclass(frozen=True, slots=True)
class Station:
    """A simulated station of rain or tide."""

    slug: str
    name: str
    longitude: float
    latitude: float


def _gauge(
    slug: str,
    name: str,
    place: tuple[float, float],
    catchment: tuple[float, float, float],
    levels: tuple[float, float, float],
    **more: Any,
) -> Gauge:
    return Gauge(slug, name, name.split(maxsplit=1)[0], *place, *catchment, *levels, **more)


#: English names, by slug.
ENGLISH: Final = {
    "koto-upper": "Koto River, upper",
    "koto-middle": "Koto River, middle",
    "koto-mouth": "Koto River, mouth",
    "honzu-middle": "Honzu River, middle",
    "honzu-mouth": "Honzu River, mouth",
    "kasuga-middle": "Kasuga River, middle",
    "kasuga-lower": "Kasuga River, lower",
    "shin-middle": "Shin River, middle",
    "shin-lower": "Shin River, lower",
    "yoshida": "Yoshida River",
    "furu": "Furu River",
    "tsumeta": "Tsumeta River",
    "gobo": "Gobo River",
    "somaba": "Somaba River",
    "suribachidani": "Suribachidani River",
    "mure": "Mure River",
    "bancho": "Bancho",
    "shionoe": "Shionoe",
    "konan": "Konan",
    "aji": "Aji",
    "port": "Takamatsu Port",
    "aya-upper": "Aya River, upper",
    "aya-takinomiya": "Aya River, Takinomiya",
    "tomi": "Tomi River",
    "takinomiya": "Takinomiya",
    "saita-middle": "Saita River, middle",
    "saita-mouth": "Saita River, mouth",
    "kunita": "Kunita River",
    "kanonji-rain": "Kan-onji",
    "kanonji-port": "Kan-onji Port",
}

#: Place, then area, quick_hours and channel, then start, alert and danger.
GAUGES: Final = (
    _gauge("koto-upper", "香東川 上流", (134.033, 34.222), (62, 1.6, 0.17), (2.0, 4.0, 5.2)),
    _gauge("koto-middle", "香東川 中流", (134.020, 34.292), (96, 2.4, 0.15), (2.2, 4.2, 6.0)),
    _gauge(
        "koto-mouth", "香東川 河口", (134.009, 34.340), (113, 3.0, 0.12), (2.3, 3.6, 4.6), tidal=0.9
    ),
    _gauge("honzu-middle", "本津川 中流", (133.980, 34.302), (38, 1.8, 0.17), (1.5, 3.0, 4.2)),
    _gauge(
        "honzu-mouth", "本津川 河口", (133.994, 34.342), (53, 2.4, 0.14), (2.2, 2.8, 3.6), tidal=0.9
    ),
    _gauge("kasuga-middle", "春日川 中流", (134.090, 34.266), (42, 1.7, 0.16), (1.5, 2.8, 3.5)),
    _gauge(
        "kasuga-lower",
        "春日川 下流",
        (134.085, 34.334),
        (73, 2.6, 0.14),
        (2.2, 3.1, 3.8),
        tidal=0.8,
    ),
    _gauge("shin-middle", "新川 中流", (134.125, 34.290), (33, 1.6, 0.17), (1.4, 3.4, 4.2)),
    _gauge(
        "shin-lower", "新川 下流", (134.097, 34.334), (57, 2.4, 0.14), (2.2, 3.6, 4.3), tidal=0.8
    ),
    _gauge("yoshida", "吉田川", (134.1075, 34.286), (14, 1.1, 0.22), (1.2, 2.2, 2.7)),
    _gauge("furu", "古川", (134.072, 34.290), (9, 0.9, 0.25), (1.2, 2.1, 3.0)),
    _gauge("tsumeta", "詰田川", (134.077, 34.335), (24, 1.2, 0.16), (2.2, 2.6, 3.2), tidal=0.9),
    _gauge("gobo", "御坊川", (134.059, 34.315), (17, 0.9, 0.20), (1.4, 2.6, 3.3), runoff=0.7),
    _gauge(
        "somaba",
        "杣場川",
        (134.065, 34.338),
        (5, 0.7, 0.24),
        (2.4, 2.7, 3.1),
        tidal=1.0,
        runoff=0.75,
        troubled=True,
    ),
    _gauge(
        "suribachidani", "摺鉢谷川", (134.040, 34.339), (4, 0.6, 0.30), (1.0, 1.8, 2.4), runoff=0.7
    ),
    _gauge("mure", "牟礼川", (134.1508, 34.3394), (8, 0.8, 0.27), (1.0, 2.4, 2.9)),
)

RAIN: Final = (
    Station("bancho", "番町", 134.046, 34.341),
    Station("shionoe", "塩江", 134.075, 34.175),
    Station("konan", "香南", 134.013, 34.235),
    Station("aji", "庵治", 134.128, 34.382),
)

TIDE: Final = Station("port", "高松港", 134.0467, 34.3535)


@dataclass(frozen=True, slots=True)
class Town:
    """The simulated stations of one town, in a tenant of its own."""

    tenant: str
    locality: str
    gauges: tuple[Gauge, ...]
    rain: tuple[Station, ...]
    tides: tuple[Station, ...] = ()

    @property
    def slugs(self) -> list[str]:
        """The slugs of all its stations."""
        slugs = [gauge.slug for gauge in self.gauges]
        return slugs + [station.slug for station in (*self.rain, *self.tides)]


TAKAMATSU: Final = Town("default", "高松市", GAUGES, RAIN, (TIDE,))
AYAGAWA: Final = Town(
    "ayagawa",
    "綾川町",
    (
        _gauge("aya-upper", "綾川 上流", (133.9638, 34.1978), (48, 1.7, 0.17), (1.6, 3.0, 3.8)),
        _gauge("aya-takinomiya", "綾川 滝宮", (133.915, 34.2512), (92, 2.6, 0.15), (1.8, 3.2, 4.2)),
        _gauge("tomi", "富川", (133.938, 34.276), (11, 1.0, 0.24), (1.1, 2.0, 2.6)),
    ),
    (Station("takinomiya", "滝宮", 133.926, 34.249),),
)
KANONJI: Final = Town(
    "kanonji",
    "観音寺市",
    (
        _gauge("saita-middle", "財田川 中流", (133.705, 34.121), (98, 2.5, 0.15), (1.7, 3.1, 4.0)),
        _gauge(
            "saita-mouth",
            "財田川 河口",
            (133.652, 34.129),
            (152, 3.2, 0.11),
            (2.3, 3.3, 4.1),
            tidal=0.9,
        ),
        _gauge("kunita", "柞田川", (133.661, 34.103), (39, 1.7, 0.17), (1.5, 2.8, 3.6)),
    ),
    (Station("kanonji-rain", "観音寺", 133.655, 34.122),),
    (Station("kanonji-port", "観音寺港", 133.640, 34.133),),
)
#: The towns of the demo, the installing one first.
TOWNS: Final = (TAKAMATSU, AYAGAWA, KANONJI)
