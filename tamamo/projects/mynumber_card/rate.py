"""The issue rate now: the newest value kept of the town, beside the nation's of the same day."""

from dataclasses import dataclass, replace
from decimal import Decimal

from tamamo.context.broker import Broker
from tamamo.kernel.towns import DEFAULT
from tamamo.plan.live import NoValue
from tamamo.plan.report.series import day_text
from tamamo.plan.values import ValueStore, fiscal_year_of, real_or_all
from tamamo.plan.values.courses import Point, by_area, told_apart

_NAME = ("mynumber_card", "issue_rate")
_TOWN, _NATION = "372013", "00000"


@dataclass(frozen=True, slots=True)
class Figure:
    """The answer of an indicator's query."""

    value: Decimal
    note_ja: str
    note_en: str
    simulated: bool = False
    year: int | None = None


async def newest(broker: Broker) -> Figure:
    """Return the newest rate. Raises NoValue before the ministry's tables are imported."""
    kept = real_or_all(await ValueStore(broker.pool).series(DEFAULT, _NAME, [_TOWN, _NATION]))
    points = by_area(kept)
    if not points.get(_TOWN):
        raise NoValue(
            "国が公表する交付状況がまだ取り込まれていません。",
            "The ministry's tables are not imported yet.",
        )
    found = figure(points[_TOWN], points.get(_NATION, []))
    return replace(found, simulated=any(one.simulated for one in kept))


def figure(town: list[Point], nation: list[Point]) -> Figure:
    """Return the town's newest rate, and how the nation's of that day compares."""
    last = town[-1]
    day = {language: day_text(last.at, language) for language in ("ja", "en")}
    note_ja = f"{day['ja']}現在の交付枚数÷人口（公表された基準日の住民基本台帳人口）。"
    note_en = f"Cards issued by {day['en']} ÷ residents of the published day."
    same = [point for point in nation if point.at == last.at]
    if same:
        ours, theirs = told_apart(last, same[0])
        above = last.exact > same[0].exact
        verb_ja, verb_en = (
            ("上回っています", "is above") if above else ("上回っていません", "is not above")
        )
        note_ja += f"高松市は{ours}%で、全国の{theirs}%を{verb_ja}。"
        note_en += f" {ours}% {verb_en} Japan's {theirs}%."
    return Figure(last.value, note_ja, note_en, year=fiscal_year_of(last.at))
