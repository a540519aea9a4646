"""The feeds of what else a simulated city watches, each a source of its own, all marked 模擬."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from tamamo.context.broker import Broker
from tamamo.context.jsonld import TermMap
from tamamo.context.model.entity import DEFAULT_TENANT, Entity, Instance
from tamamo.feeds.coordinator import Clock, Feed
from tamamo.feeds.status import Declaration
from tamamo.kernel.time import to_text
from tamamo.simulator import entities, things, weather
from tamamo.simulator.city import RAIN, Station
from tamamo.simulator.portable import Raw, Units
from tamamo.simulator.weather import TIME_SCALE, Storm

#: How the storm is asked for.
StormOf = Callable[[], Awaitable[Storm | None]]
Make = Callable[[datetime, Storm | None], Iterable[Entity]]
#: JMA's code of the town, and what stands at each level: name and code of the warning.
_WARNED: Final = ("3720100", "高松市")
_TOWN_CODE: Final = "372013"
_WARNINGS: Final = {
    2: ("レベル２大雨注意報", "10"),
    3: ("レベル３大雨警報", "03"),
    4: ("レベル４大雨危険警報", "43"),
}
_HEADLINES: Final = {
    0: "大雨の峠は越えました。",
    2: "大雨による低い土地の浸水に注意してください。",
    3: "低い土地の浸水、河川の増水に警戒してください。",
    4: "重大な浸水のおそれがあります。危険な場所から避難してください。",
}
_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class _Source:
    """A simulated source. rare: no news is normal."""

    id: str
    ja: str
    en: str
    seconds: int
    kind: str
    rare: bool = False

    def declaration(self, tenant: str) -> Declaration:
        every = timedelta(seconds=self.seconds)
        return Declaration(
            id=f"sim_{self.id}",
            name_ja=f"{self.ja}（模擬）",
            name_en=f"{self.en} (simulated)",
            source=entities.SOURCE,
            licence="Apache-2.0",
            interval=every,
            tenant=tenant,
            fresh_for=None if self.rare else max(6 * every, timedelta(minutes=3)),
            kinds=(self.kind,),
            simulated=True,
        )


_SOURCES: Final = (
    _Source("units", "可搬式水位計", "Portable level units", 30, "water_level"),
    _Source("underpasses", "アンダーパス冠水", "Underpass flooding", 15, "inundation"),
    _Source("shelters", "避難所の開設・混雑", "Shelters", 30, "shelter", rare=True),
    _Source("roads", "道路通行実績", "Road passage", 60, "road_passage"),
    _Source("cameras", "カメラ静止画", "Cameras", 60, "camera"),
    _Source("nowcast", "降水ナウキャスト", "Rain nowcast", 60, "rain_nowcast"),
    _Source("warnings", "気象警報", "Weather warnings", 15, "weather_warning", rare=True),
)


class Watch:
    """The simulated things of the first town, as feeds."""

    def __init__(
        self,
        broker: Broker,
        terms: TermMap,
        clock: Clock,
        storm: StormOf,
        *,
        seed: int,
        base: str,
    ) -> None:
        """base: the address this installation is reached at, for the pictures."""
        self._broker, self._terms, self._clock = broker, terms, clock
        self._seed, self._storm, self._base = seed, storm, base
        self._told: dict[str, object] = {}
        #: The level of the warning in force; None: not looked up yet.
        self._warned: int | None = None

    def feeds(self, tenant: str) -> list[Feed]:
        """Return the feeds, each with its own interval."""
        makes: dict[str, Make] = {
            "underpasses": self._underpasses,
            "shelters": self._shelters,
            "roads": self._roads,
            "cameras": self._cameras,
            "nowcast": self._nowcast,
            "warnings": self._warnings,
        }
        found = [
            self._feed(one.declaration(tenant), makes[one.id])
            for one in _SOURCES
            if one.id in makes
        ]
        return [self._units(tenant), *found]

    def _units(self, tenant: str) -> Feed:
        units = Units(self._broker, self._terms, self._seed)

        async def fetch() -> Raw:
            at, storm = self._clock.now().replace(microsecond=0), await self._storm()
            return Raw(at, storm, await units.standing(at, storm))

        return Feed(_SOURCES[0].declaration(tenant), fetch, units.read)

    def _feed(self, declared: Declaration, make: Make) -> Feed:
        async def fetch() -> tuple[datetime, Storm | None]:
            if self._warned is None:
                self._warned = await self._known_warning()
            return self._clock.now().replace(microsecond=0), await self._storm()

        def read(raw: tuple[datetime, Storm | None]) -> Iterable[Entity]:
            return make(*raw)

        return Feed(declared, fetch, read)

    def _entity(self, kind: str, entity_id: str, attrs: dict[str, Instance]) -> Entity:
        return entities.made(self._terms, kind, entity_id, attrs)

    def _place(
        self, place: Station | things.Shelter, described: dict[str, Any]
    ) -> dict[str, Instance]:
        point = {"type": "Point", "coordinates": [place.longitude, place.latitude]}
        named = {
            "name": f"{place.name}（模擬）",
            "alternateName": f"{things.ENGLISH[place.slug]} (simulated)",
            "address": {
                "addressCountry": "JP",
                "addressRegion": "香川県",
                "addressLocality": "高松市",
            },
        }
        attrs = {name: _property(value) for name, value in (named | described).items()}
        return attrs | {"location": {"type": "GeoProperty", "value": point}}

    def _underpasses(self, at: datetime, storm: Storm | None) -> Iterator[Entity]:
        alert, danger = things.UNDERPASS_LEVELS
        for one in things.UNDERPASSES:
            level = things.depth(one, at, self._seed, storm)
            attrs = self._place(one, {"category": "underpass", "stationID": f"sim-{one.slug}"})
            attrs |= {
                "alertLevel": _property(alert, unitCode="MTR"),
                "dangerLevel": _property(danger, unitCode="MTR"),
                "currentLevel": _observed(level, at, "MTR"),
                "roadClosed": _observed(level >= danger, at),
            }
            yield self._entity(
                "FloodMonitoring", f"urn:ngsi-ld:FloodMonitoring:sim-underpass-{one.slug}", attrs
            )

    def _shelters(self, at: datetime, storm: Storm | None) -> Iterator[Entity]:
        for one in things.SHELTERS:
            state = things.shelter_state(one, at, storm)
            if self._told.get(one.slug) == state:
                continue  # what staff say meanwhile stands
            self._told[one.slug] = state
            described = {"shelterID": f"sim-{one.slug}", "capacity": one.capacity}
            attrs = self._place(one, described) | {
                "openStatus": _observed(state[0], at),
                "occupancy": _observed(state[1], at, "C62"),
            }
            entity_id = f"urn:ngsi-ld:EvacuationShelter:sim-{one.slug}"
            yield self._entity("EvacuationShelter", entity_id, attrs)

    def _roads(self, at: datetime, storm: Storm | None) -> Iterator[Entity]:
        for road in things.ROADS:
            count = things.passages(road, at, self._seed, storm)
            line = {"type": "LineString", "coordinates": [list(pair) for pair in road.line]}
            attrs: dict[str, Instance] = {
                "name": _property(f"{road.name}（模擬）"),
                "alternateName": _property(f"{things.ENGLISH[road.slug]} (simulated)"),
                "location": {"type": "GeoProperty", "value": line},
                "passageCount": _observed(count, at, "C62"),
            }
            if count:
                attrs["lastPassedAt"] = _observed(to_text(at - 7 * _SECOND), at)
            yield self._entity("RoadSegment", f"urn:ngsi-ld:RoadSegment:sim-{road.slug}", attrs)

    def _cameras(self, at: datetime, storm: Storm | None) -> Iterator[Entity]:
        for one in things.CAMERAS:
            address = f"{self._base}/simulated/camera/{one.slug}.svg"
            attrs = self._place(one, {}) | {"imageUrl": _observed(address, at)}
            yield self._entity("Camera", f"urn:ngsi-ld:Camera:sim-{one.slug}", attrs)

    def _nowcast(self, at: datetime, storm: Storm | None) -> Iterator[Entity]:
        running = storm is not None and storm.strength(at) > 0
        ahead = timedelta(hours=1) / (TIME_SCALE if running else 1)
        for one in RAIN:
            place = one.longitude, one.latitude
            rain = round(weather.rain(*place, at + ahead, self._seed, storm), 1)
            point = {"type": "Point", "coordinates": list(place)}
            attrs: dict[str, Instance] = {
                "name": _property(f"{one.name} 1時間後の雨（模擬）"),
                "location": {"type": "GeoProperty", "value": point},
                "validFrom": _property(to_text(at)),
                "validTo": _property(to_text(at + ahead)),
                "precipitation": _observed(rain, at, "H67"),
            }
            yield self._entity(
                "WeatherForecast", f"urn:ngsi-ld:WeatherForecast:sim-{one.slug}", attrs
            )

    async def _known_warning(self) -> int:
        """Return the level that is in force from an earlier run."""
        status = self._terms.expand_term("status")
        for level, (_, code) in sorted(_WARNINGS.items(), reverse=True):
            entity_id = f"urn:ngsi-ld:WeatherAlert:jma:{_WARNED[0]}:{code}"
            known = await self._broker.entities.find(DEFAULT_TENANT, entity_id)
            for instance in known.attrs.get(status, []) if known else []:
                if instance.get("value") in {"issued", "continued"}:
                    return level
        return 0

    def _warnings(self, at: datetime, storm: Storm | None) -> Iterable[Entity]:
        level = things.warning(at, storm)
        if level == self._warned:
            return []
        before, self._warned = self._warned or 0, level
        return self._told_by_jma(at, level, before)

    def _told_by_jma(self, at: datetime, level: int, before: int) -> list[Entity]:
        # With lxml, which only a storm needs.
        from tamamo.feeds.jma.areas import areas_of  # noqa: PLC0415
        from tamamo.feeds.jma.entities import entities as alerts  # noqa: PLC0415
        from tamamo.feeds.jma.simulated import Kind, Place, telegram  # noqa: PLC0415
        from tamamo.feeds.jma.words import Words  # noqa: PLC0415
        from tamamo.feeds.readers.jma_xml import read  # noqa: PLC0415

        place = Place(*_WARNED)

        def said(number: int) -> dict[Place, list[Kind]]:
            return {place: [Kind(*_WARNINGS[number])]} if number else {}

        def hear(moment: datetime, now: int, was: int) -> None:
            body = telegram(moment, "大雨", said(now), said(was), headline=_HEADLINES[now])
            words.hear(read(body))

        words = Words(areas_of(_TOWN_CODE))
        if before:
            hear(at - _SECOND, before, 0)
            words.tell(at - _SECOND)
        hear(at, level, before)
        return alerts(words.tell(at), self._terms)


def _property(value: object, **members: object) -> Instance:
    return {"type": "Property", "value": value, **members}


def _observed(value: object, at: datetime, unit: str = "") -> Instance:
    instance = _property(value, observedAt=to_text(at))
    return instance | {"unitCode": unit} if unit else instance
