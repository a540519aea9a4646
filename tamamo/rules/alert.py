"""Alerts: one entity for each rule and subject (Smart Data Models, dataModel.Alert)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tamamo.context.entities.write import Apply, Change, HistoryItem, Mutation
from tamamo.context.model.entity import LOCATION, Attributes, Entity, Instance
from tamamo.context.temporal.rows import deletion_instance
from tamamo.kernel.time import JST, from_text, to_text
from tamamo.rules.leaves import default_instance
from tamamo.rules.rule import Rule, iri_of
from tamamo.rules.state import StateName, Transition, to_datetime

ALERT: Final = iri_of("Alert")
STATE: Final = iri_of("state")
RULE: Final = iri_of("rule")
SOURCE: Final = iri_of("alertSource")
NAME: Final = iri_of("name")
_ALTERNATE_NAME: Final = iri_of("alternateName")
_SIMULATED: Final = iri_of("simulated")
_PREFIX: Final = "urn:ngsi-ld:"
_LANGUAGES: Final = ("ja", "en")
#: What states other than firing are called, where nothing but the state is to be told.
_WORDS: Final[dict[str, dict[str, str]]] = {
    "normal": {"ja": "解除", "en": "Over"},
    "pending": {"ja": "確認待ち", "en": "Waiting to be sure"},
    "recovering": {"ja": "回復中", "en": "Recovering"},
    "noData": {"ja": "データなし", "en": "No data"},
    "error": {"ja": "判定できない値", "en": "Value that cannot be judged"},
}
_OTHERWISE: Final = {"ja": "{}：{}（{}）", "en": "{}: {} ({})"}
_COMMA: Final = {"ja": "、", "en": ", "}


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as it stands: texts by language; since: of the state; started_at: the episode's."""

    id: str
    tenant: str
    rule: str
    rule_name: Mapping[str, str]
    subject: str
    subject_name: Mapping[str, str]
    state: StateName
    since: datetime
    severity: str
    category: str
    sub_category: str
    episode: int
    started_at: datetime | None
    value: float | None
    threshold: float | None
    unit: str
    description: Mapping[str, str]
    location: Mapping[str, Any] | None
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    silenced_until: datetime | None


def alert_id(rule: str, subject: str) -> str:
    """Return the id of the alert of a rule and a subject."""
    parts = subject.removeprefix(_PREFIX).split(":", 1)
    rest = parts[1] if subject.startswith(_PREFIX) and len(parts) == 2 else subject
    return f"{_PREFIX}Alert:{rule}:{rest}"


def label(entity: Entity, language: str) -> str:
    """Return what a subject is called in a language: its name, else its id.

    A publisher's English name of a place comes as `alternateName`.
    """
    instance = default_instance(entity, NAME) or {}
    names = instance.get("languageMap")
    named = names if isinstance(names, Mapping) else {}
    found = named.get(language)
    if not found and language == "en":
        found = (default_instance(entity, _ALTERNATE_NAME) or {}).get("value")
    found = found or named.get("ja") or instance.get("value")
    return found if isinstance(found, str) and found else entity.id


def describe(rule: Rule, subject: Entity, moved: Transition) -> dict[str, str]:
    """Return what a transition says of a subject, in both languages: firing, the rule's text."""
    time = to_datetime(moved.at).astimezone(JST).strftime("%Y-%m-%d %H:%M")
    value = "" if moved.value is None else f"{figure(moved.value)}{rule.unit}"
    found = {}
    for language in _LANGUAGES:
        name, title = label(subject, language), rule.name[language]
        if moved.after in _WORDS:
            said = (part for part in (name, value, time) if part)
            words = _WORDS[moved.after][language]
            found[language] = _OTHERWISE[language].format(words, title, _COMMA[language].join(said))
            continue
        found[language] = rule.text[language].format(
            name=name,
            rule=title,
            value=figure(moved.value),
            threshold=figure(moved.threshold),
            unit=rule.unit,
            time=time,
        )
    return found


def figure(value: float | None) -> str:
    """Return a number with at most two decimals; – for none."""
    return "–" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")


def mutation(
    tenant: str, rule: Rule, subject: Entity, moved: Transition, silenced: datetime | None
) -> Mutation:
    """Return the change of the alert's entity that tells of a transition."""
    at = to_text(to_datetime(moved.at))
    said: dict[str, Instance] = {
        STATE: _property(moved.after, at),
        RULE: _property(rule.id) | {NAME: [_texts(rule.name)]},
        SOURCE: {"type": "Relationship", "object": subject.id}
        | {NAME: [_texts({one: label(subject, one) for one in _LANGUAGES})]},
        iri_of("category"): _property(rule.category),
        iri_of("severity"): _property(rule.severity),
        iri_of("episode"): _property(moved.episode),
    }
    if moved.value is not None:
        said[iri_of("value")] = _number(moved.value, rule.unit, at)
    if moved.threshold is not None:
        said[iri_of("threshold")] = _number(moved.threshold, rule.unit, at)
    location = default_instance(subject, LOCATION)
    if location is not None:
        said[LOCATION] = {"type": "GeoProperty", "value": location.get("value")}
    if (default_instance(subject, _SIMULATED) or {}).get("value") is True:
        said[_SIMULATED] = _property(True)
    if moved.begins or not moved.episode:
        said[iri_of("dateIssued")] = _property(at)
    if moved.begins or moved.after in ("pending", "noData", "error"):
        said[iri_of("description")] = _texts(describe(rule, subject, moved))
    gone = {iri_of("acknowledgedBy"), iri_of("acknowledgedAt")} if moved.begins else set()
    if silenced is None:
        gone.add(iri_of("silencedUntil"))
    else:
        said[iri_of("silencedUntil")] = _property(to_text(silenced))
    if rule.sub_category:
        said[iri_of("subCategory")] = _property(rule.sub_category)
    else:
        gone.add(iri_of("subCategory"))
    identifier = alert_id(rule.id, subject.id)
    return Mutation(tenant, identifier, change(identifier, said, gone))


def change(
    identifier: str, said: Mapping[str, Instance], gone: set[str] | frozenset[str] = frozenset()
) -> Apply:
    """Return the function that sets attributes of an alert and takes others away."""

    def apply(before: Entity | None, now: str) -> Change | None:
        old: Attributes = {} if before is None else before.attrs
        kept = {attr: instances for attr, instances in old.items() if attr not in gone}
        changed = [attr for attr in old if attr in gone]
        history = [HistoryItem(attr, deletion_instance(old[attr][0], now)) for attr in changed]
        for attr, instance in said.items():
            current = old.get(attr, [{}])[0]
            if "observedAt" not in instance and _same(current, instance):
                continue
            created = current.get("createdAt", now)
            written = {**instance, "createdAt": created, "modifiedAt": now}
            kept[attr] = [written]
            changed.append(attr)
            history.append(HistoryItem(attr, written))
        created_at = now if before is None else before.created_at
        scopes = [] if before is None else list(before.scopes)
        entity = Entity(identifier, [ALERT], kept, scopes, created_at, now)
        return Change(after=entity, history=history, changed=changed)

    return apply


def read(tenant: str, identifier: str, attrs: Attributes) -> Alert | None:
    """Return the alert of an entity, None where it is none that a rule made."""
    state, rule, source = (attrs.get(name, [{}])[0] for name in (STATE, RULE, SOURCE))
    if not rule.get("value") or not source.get("object") or "observedAt" not in state:
        return None

    def get(name: str) -> Any:
        return attrs.get(iri_of(name), [{}])[0].get("value")

    def when(name: str) -> datetime | None:
        text = get(name)
        return from_text(text) if isinstance(text, str) else None

    value = attrs.get(iri_of("value"), [{}])[0]
    location = attrs.get(LOCATION, [{}])[0].get("value")
    return Alert(
        id=identifier,
        tenant=tenant,
        rule=rule["value"],
        rule_name=_named(rule),
        subject=source["object"],
        subject_name=_named(source),
        state=state["value"],
        since=from_text(state["observedAt"]),
        severity=get("severity"),
        category=get("category"),
        sub_category=get("subCategory") or "",
        episode=get("episode") or 0,
        started_at=when("dateIssued"),
        value=value.get("value"),
        threshold=get("threshold"),
        unit=value.get(iri_of("unit"), [{}])[0].get("value", ""),
        description=attrs.get(iri_of("description"), [{}])[0].get("languageMap", {}),
        location=location,
        acknowledged_by=get("acknowledgedBy"),
        acknowledged_at=when("acknowledgedAt"),
        silenced_until=when("silencedUntil"),
    )


def acknowledgement(actor: str, at: datetime) -> dict[str, Instance]:
    """Return the attributes that say who has taken note."""
    return {
        iri_of("acknowledgedBy"): _property(actor),
        iri_of("acknowledgedAt"): _property(to_text(at)),
    }


def silenced(until: datetime) -> dict[str, Instance]:
    """Return the attributes that say until when nobody is called."""
    return {iri_of("silencedUntil"): _property(to_text(until))}


NOT_SILENCED: Final = frozenset({iri_of("silencedUntil")})


def _named(instance: Instance) -> Mapping[str, str]:
    names: Mapping[str, str] = instance.get(NAME, [{}])[0].get("languageMap", {})
    return names


def _property(value: Any, at: str | None = None) -> Instance:
    instance: Instance = {"type": "Property", "value": value}
    return instance if at is None else {**instance, "observedAt": at}


def _number(value: float, unit: str, at: str) -> Instance:
    instance = _property(value, at)
    return instance | {iri_of("unit"): [_property(unit)]} if unit else instance


def _texts(texts: Mapping[str, str]) -> Instance:
    return {"type": "LanguageProperty", "languageMap": dict(texts)}


def _same(current: Instance, instance: Instance) -> bool:
    return {k: v for k, v in current.items() if k not in ("createdAt", "modifiedAt")} == instance
