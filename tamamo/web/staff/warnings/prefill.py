"""What a draft begins with: a template, and the alert or official warning it is made from."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from tamamo import rules
from tamamo.context.access.seen import seen_by
from tamamo.kernel.database import transaction
from tamamo.publishing.warnings import Area, Content, Office, Words
from tamamo.publishing.warnings.setup import Template, filled
from tamamo.publishing.warnings.texts import moment_words
from tamamo.rules.alert import figure
from tamamo.web.portal import gauges as reading
from tamamo.web.portal.levels import OFFICIAL_TYPE, OWN_TYPE
from tamamo.web.staff.desk import Desk

#: An id longer than this is nobody's.
_LONGEST: Final = 2048


@dataclass(frozen=True, slots=True)
class Source:
    """An alert or official warning in words. kind: the type of what it is about."""

    id: str
    title: Words
    kind: str
    facts: dict[str, Words]
    simulated: bool


async def source_of(desk: Desk, entity_id: str) -> Source | None:
    """Return what a draft can be made from; None: there is none that may be seen here."""
    if not entity_id or len(entity_id) > _LONGEST:
        return None
    access = await desk.broker.identity.access(desk.actor, desk.tenant)
    seen = seen_by(desk.broker, access, desk.actor.subject)
    entity = await seen.entities.find(desk.tenant, entity_id)
    if entity is None:
        return None
    simulated = reading.is_simulated(entity)
    if OFFICIAL_TYPE in entity.types:
        name, area = reading.text(entity, "name"), reading.text(entity, "areaName")
        title = Words(f"{area} {name}", f"{area} {name}")
        facts = {"place": Words(area, area)}
        return Source(entity_id, title, "WeatherAlert", facts, simulated)
    if OWN_TYPE not in entity.types:
        return None
    async with transaction(desk.broker.pool) as connection:
        alert = await rules.alert_of(connection, desk.tenant, entity_id)
    if alert is None:
        return None
    # What is estimated of simulated data is as simulated as they are.
    subject = await desk.broker.entities.find(desk.tenant, alert.subject)
    simulated = simulated or (subject is not None and reading.is_simulated(subject))
    return Source(
        entity_id,
        _words(dict(alert.description)),
        alert.subject.removeprefix("urn:ngsi-ld:").partition(":")[0],
        _facts(alert),
        simulated,
    )


def begun(template: Template, office: Office, now: datetime, source: Source | None) -> Content:
    """Return the text a draft begins with."""
    facts = {} if source is None else source.facts
    text = filled(template, now, facts, Area())
    if source is None:
        return text
    return msgspec.structs.replace(text, source=source.id, simulated=source.simulated)


def _facts(alert: rules.Alert) -> dict[str, Words]:
    moment = alert.since
    facts = {
        "place": _words(dict(alert.subject_name)),
        "time": Words(moment_words(moment, "ja"), moment_words(moment, "en")),
    }
    for name in ("value", "threshold"):
        number = getattr(alert, name)
        if number is not None:
            text = f"{figure(number)} {alert.unit}".strip()
            facts[name] = Words(text, text)
    return facts


def _words(texts: dict[str, str]) -> Words:
    ja = texts.get("ja", "")
    return Words(ja, texts.get("en") or ja)
