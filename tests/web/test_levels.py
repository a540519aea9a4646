"""What the authorities say and what we estimate never look alike; the gravest comes first."""

from datetime import timedelta
from typing import Any

from django.test import AsyncClient

from tamamo.context.model.entity import DEFAULT_VOCABULARY, Entity
from tamamo.kernel import time
from tamamo.web.portal.levels import official, own
from tests.web.city_data import MemorySource, prop

NOW = time.now()


def told(code: str, name: str, level: int | None, **more: Any) -> Entity:
    """A WeatherAlert as the feed writes it."""
    values: dict[str, Any] = {
        "name": name, "areaName": "高松市", "status": "issued", "kindCode": code,
        "series": "warning", "areaKind": "municipality", "issuingOffice": "高松地方気象台",
        "dateIssued": time.to_text(NOW - timedelta(minutes=5)),
    }  # fmt: skip
    if level is not None:
        values["level"] = level
    values |= more
    attrs = {DEFAULT_VOCABULARY + key: prop(value) for key, value in values.items()}
    name_ = f"urn:ngsi-ld:WeatherAlert:jma:{values['areaKind']}:{code}"
    return Entity(name_, [DEFAULT_VOCABULARY + "WeatherAlert"], attrs)


def estimated(rule: str, severity: str, state: str = "firing") -> Entity:
    """An Alert as a rule makes it."""
    values = {"description": "木太大橋の水位が1.40m", "severity": severity, "state": state,
              "dateIssued": time.to_text(NOW)}  # fmt: skip
    attrs = {DEFAULT_VOCABULARY + key: prop(value) for key, value in values.items()}
    return Entity(f"urn:ngsi-ld:Alert:{rule}:1", [DEFAULT_VOCABULARY + "Alert"], attrs)


def test_the_highest_level_first_and_what_is_over_gone() -> None:
    found = official(
        [
            told("10", "大雨注意報", 2),
            told("03", "レベル３大雨警報", 3),
            told("48", "レベル４高潮危険警報", 4),
            told("15", "強風注意報", None),
            told("05", "暴風警報", 3, status="lifted"),
            told("19", "高潮注意報", 2, validTo=time.to_text(NOW - timedelta(minutes=1))),
        ],
        NOW,
    )
    assert [(one.level, one.name, one.shape) for one in found] == [
        (4, "レベル４高潮危険警報", "4"),
        (3, "レベル３大雨警報", "3"),
        (2, "大雨注意報", "2"),
        (None, "強風注意報", "none"),
    ]
    assert found[0].office == "高松地方気象台"


def test_one_warning_for_several_areas_stands_there_once() -> None:
    areas = [told("03", "レベル３大雨警報", 3, areaKind=kind, areaName=kind)
             for kind in ("prefecture", "part", "municipality")]  # fmt: skip
    heat = told("1", "熱中症警戒アラート", None, series="heat", areaKind="prefecture")
    rivers = [told(str(n), "氾濫警戒情報", 3, areaKind="river", series="river") for n in (1, 2)]
    found = official([*areas, heat, *rivers], NOW)
    assert sorted(one.area for one in found) == ["municipality", "高松市", "高松市", "高松市"]


def test_estimates_that_go_on_and_matter() -> None:
    found = own([
        estimated("a", "medium"), estimated("b", "critical", "recovering"),
        estimated("c", "low"), estimated("d", "high", "normal"), estimated("e", "high", "noData"),
    ])  # fmt: skip
    assert [(one.severity, one.easing) for one in found] == [("critical", True), ("medium", False)]
    assert len(own([estimated("c", "low")], least=0)) == 1


async def test_they_never_look_alike(client: AsyncClient, source: MemorySource) -> None:
    source.items = [told("03", "レベル３大雨警報", 3), estimated("a", "critical")]
    for path in ("/", "/en/"):
        html = (await client.get(path)).content.decode()
        there = html.index('id="levels"')
        authority = html.index("official-level--3", there)
        ours = html.index("own-estimate--critical", there)
        assert there < authority < ours < html.index('id="now"'), "levels first"
        block = html[ours : html.index("</article>", ours)]
        assert "official-level" not in block and "警報" not in block
        assert ("推定" if path == "/" else "Estimate") in block
