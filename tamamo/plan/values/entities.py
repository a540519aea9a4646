"""The plan's indicators as NGSI-LD entities: KeyPerformanceIndicator of the Smart Data Models.

https://github.com/smart-data-models/dataModel.KeyPerformanceIndicator. Each value is a measurement
(observedAt: the day it is as of, midnight in Japan), so history and API come with it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Protocol

from msgspec import structs

from tamamo.context.model.entity import Entity, Instance
from tamamo.kernel.time import JST, to_text
from tamamo.plan.catalog import Plan
from tamamo.plan.figures import judge_in
from tamamo.plan.loading import Folder
from tamamo.plan.model import Indicator, Recorded
from tamamo.plan.values.areas import Areas
from tamamo.plan.values.importing import areas_of
from tamamo.plan.values.model import Kept

TYPE: Final = "KeyPerformanceIndicator"
#: UN/CEFACT codes of the units there are; others are counts.
_UNITS: Final = {"%": "P1", "hours": "HUR"}
#: What is a measurement of each value.
MEASURED: Final = (
    "kpiValue", "numerator", "denominator", "denominatorDate", "simulated", "currentStanding",
)  # fmt: skip
#: The model's words for how an indicator stands.
_STANDING: Final = {"met": "good", "not_met": "bad"}


class Terms(Protocol):
    """What of a TermMap is needed: short names to IRIs."""

    def expand_term(self, term: str) -> str:
        """Return the IRI of an attribute name."""

    def expand_type(self, term: str) -> str:
        """Return the IRI of an entity type."""


def entity_id(project: str, indicator: str, area: str = "") -> str:
    """Return the id of an indicator's entity, in one area or the town as a whole."""
    return ":".join(("urn:ngsi-ld", TYPE, project, indicator, *([area] if area else [])))


@dataclass(frozen=True, slots=True)
class _Measure:
    """A value to be written: kept, or printed by a report."""

    at: date
    value: Decimal
    source: str
    year: int
    kept: Kept | None = None

    @property
    def area(self) -> str:
        return self.kept.area if self.kept else ""


def measured(
    plan: Plan, folder: Folder, indicator: Indicator, values: Iterable[Kept], terms: Terms
) -> Iterator[Entity]:
    """Yield an entity for each value of an indicator, of its area; the oldest first.

    What a report printed stays until a person entered another value of that day. simulated is
    measured with the value where any of them is: each day tells whether it is real.
    """
    found = _measures(plan, indicator, list(values))
    areas = areas_of(folder, indicator) if indicator.series else None
    told = any(one.kept is not None and one.kept.simulated for one in found)
    newest = {one.area: one for one in found}
    for one in found:
        attrs = _described(folder, indicator)
        attrs["kpiValue"] = _value(one.value, indicator, one.at)
        attrs["source"] = _property(one.source)
        if one.kept is not None:
            attrs |= _parts(indicator, one.kept)
        if told:
            simulated = one.kept is not None and one.kept.simulated
            attrs["simulated"] = _measured(simulated, one.at)
        if one.area:
            attrs |= _of_area(one.area, areas)
        if one is newest[one.area] and one.area in ("", indicator.series and indicator.series.area):
            attrs |= _standing(indicator, one)
        yield _entity(folder, indicator, one.area, attrs, terms)


def _measures(plan: Plan, indicator: Indicator, values: list[Kept]) -> list[_Measure]:
    entered = {one.at for one in values if not one.area and one.basis == "entered"}
    found = []
    for one in indicator.recorded:
        at = date(one.year + 1, 3, 31)
        if one.value is not None and at not in entered:
            title = plan.source_title(one.source)
            found.append(_Measure(at, one.value, f"{title.ja} / {title.en}", one.year))
    printed = {one.at for one in found}
    found += [
        _Measure(one.at, one.value, one.source, one.year, one)
        for one in values
        if one.area or one.at not in printed
    ]
    return sorted(found, key=lambda one: (one.at, one.area))


def _parts(indicator: Indicator, one: Kept) -> dict[str, Instance]:
    if indicator.surveyed and one.part is None and one.whole:  # answers; the value is their share
        return {"denominator": _measured(float(one.whole), one.at)}
    if one.part is None or one.whole is None or one.whole_at is None:
        return {}
    return {
        "numerator": _measured(float(one.part), one.at),
        "denominator": _measured(float(one.whole), one.at),
        "denominatorDate": _measured(one.whole_at.isoformat(), one.at),
    }


def _standing(indicator: Indicator, one: _Measure) -> dict[str, Instance]:
    """Return how the newest value stands to the target; nothing where there is no number of it."""
    recorded = Recorded(year=one.year, source="kept", printed="-", value=one.value)
    newest = structs.replace(indicator, recorded=[recorded])
    standing = _STANDING.get(judge_in(newest, one.year).outcome)
    return {"currentStanding": _measured(standing, one.at)} if standing else {}


def _entity(
    folder: Folder, indicator: Indicator, area: str, attrs: dict[str, Instance], terms: Terms
) -> Entity:
    return Entity(
        entity_id(folder.manifest.id, indicator.id, area),
        [terms.expand_type(TYPE)],
        {terms.expand_term(name): [instance] for name, instance in attrs.items()},
    )


def _described(folder: Folder, indicator: Indicator) -> dict[str, Instance]:
    manifest, target = folder.manifest, indicator.target
    attrs = {
        "name": _property(indicator.name.ja),
        "alternateName": _property(indicator.name.en),
        "description": _property(indicator.note.ja if indicator.note else manifest.purpose.ja),
        "category": _property(["quantitative"]),
        "process": _property(manifest.id),
        "organization": _property({"name": manifest.owner}),
        "calculationMethod": _property("semiautomatic" if indicator.query else "manual"),
        "calculationFormula": _property(indicator.shape),
    }
    if target and target.value is not None:
        attrs["targetValue"] = _property(float(target.value), **_unit(indicator))
    return attrs


def _of_area(code: str, areas: Areas | None) -> dict[str, Instance]:
    area = areas.find(code) if areas else None
    name = {"ja": area.ja, "en": area.en} if area else {"ja": code, "en": code}
    return {
        "areaCode": _property(code),
        "areaName": {"type": "LanguageProperty", "languageMap": name},
    }


def _value(value: Decimal, indicator: Indicator, at: date) -> Instance:
    whole = value == value.to_integral_value()
    return _property(
        int(value) if whole else float(value), observedAt=_moment(at), **_unit(indicator)
    )


def _unit(indicator: Indicator) -> dict[str, str]:
    return {"unitCode": _UNITS.get(indicator.unit.en, "C62")}


def _measured(value: object, at: date) -> Instance:
    return _property(value, observedAt=_moment(at))


def _property(value: object, **members: Any) -> Instance:
    return {"type": "Property", "value": value, **members}


def _moment(at: date) -> str:
    """A day's value is as of its end; one of the first of a month as of its beginning."""
    start = datetime(at.year, at.month, at.day, tzinfo=JST)
    return to_text(start if at.day == 1 else start + timedelta(hours=23, minutes=59))
