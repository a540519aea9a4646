"""A draft made from an alert: its place, value and time filled in; simulated stays simulated."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tamamo import rules
from tamamo.context.model.entity import DEFAULT_VOCABULARY, Entity
from tamamo.kernel.towns import Town
from tamamo.publishing.warnings import Office, composing
from tamamo.publishing.warnings.setup import shipped
from tamamo.rules import Alert
from tests.web.city_data import gauge, prop

NOW = datetime(2026, 9, 10, 3, 0, tzinfo=UTC)
ID = "urn:ngsi-ld:Alert:level:9001"


def _alert() -> Alert:
    return Alert(
        ID, "default", "level", {"ja": "危険水位", "en": "Danger"},
        "urn:ngsi-ld:FloodMonitoring:9001", {"ja": "木太大橋", "en": "Kita Bridge"}, "firing", NOW,
        "high", "", "", 1, NOW, 1.62162, 1.4, "m", {"ja": "水位が1.62m", "en": "Level 1.62 m"},
        None, None, None, None,
    )  # fmt: skip


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A desk on two entities: the alert and its simulated gauge."""
    from tamamo.web.staff.warnings import prefill

    alert = Entity(ID, [DEFAULT_VOCABULARY + "Alert"], {})
    official = Entity("urn:ngsi-ld:WeatherAlert:jma:1:03", [DEFAULT_VOCABULARY + "WeatherAlert"],
                      {DEFAULT_VOCABULARY + "name": prop("レベル３大雨警報"),
                       DEFAULT_VOCABULARY + "areaName": prop("高松市")})  # fmt: skip
    held = {one.id: one for one in (
        alert, official, gauge("9001", "木太大橋", 1.6, NOW, simulated=True),
    )}  # fmt: skip

    async def find(_tenant: str, name: str) -> Entity | None:
        return held.get(name)

    async def access(*_: object) -> None:
        return None

    async def alert_of(*_: object) -> Alert:
        return _alert()

    class Nothing:
        async def __aenter__(self) -> None: ...
        async def __aexit__(self, *_: object) -> None: ...

    broker = SimpleNamespace(entities=SimpleNamespace(find=find), pool=None,
                             identity=SimpleNamespace(access=access))  # fmt: skip
    monkeypatch.setattr(prefill, "seen_by", lambda broker, *_: broker)
    monkeypatch.setattr(prefill, "transaction", lambda _: Nothing())
    monkeypatch.setattr(rules, "alert_of", alert_of)
    return SimpleNamespace(broker=broker, tenant="default",
                           actor=SimpleNamespace(subject="user:1"))  # fmt: skip


async def test_an_alert_fills_the_template(desk: Any) -> None:
    from tamamo.web.staff.warnings import prefill

    source = await prefill.source_of(cast(Any, desk), ID)
    assert source is not None and source.kind == "FloodMonitoring" and source.simulated
    office = Office(Town("default"), shipped().setup, "2.25.1")
    template = office.setup.template("evacuation-order")
    assert template is not None
    text = prefill.begun(template, office, NOW, source)
    assert text.description.ja.startswith(
        "木太大橋の水位が危険な高さになっています（9月10日(木) 12:00 1.62 m、基準 1.4 m）"
    )
    assert "Kita Bridge" in text.description.en and "10 Sep, 12:00 JST" in text.description.en
    assert (text.source, text.simulated) == (ID, True)
    assert composing.faults_of(text, office, NOW) == []
    assert composing.status_of(text, office) == "Test"


async def test_what_the_authorities_say_gives_its_place(desk: Any) -> None:
    from tamamo.web.staff.warnings import prefill

    source = await prefill.source_of(cast(Any, desk), "urn:ngsi-ld:WeatherAlert:jma:1:03")
    assert source is not None and source.title.ja == "高松市 レベル３大雨警報"
    assert source.facts["place"].ja == "高松市"
    for unknown in ("", "urn:ngsi-ld:Alert:none", "urn:ngsi-ld:FloodMonitoring:9001", "x" * 3000):
        assert await prefill.source_of(cast(Any, desk), unknown) is None
