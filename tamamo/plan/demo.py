"""The demo's years of the plan (模擬): card rates, outreach, saved hours, an owner's entries.

A job, so that the simulator need not know of this part. Nothing in it is an observation: each
value, text and record says that it is simulated, and reports leave it out.
"""

import math
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from tamamo.context.broker import Broker
from tamamo.context.model.entity import Entity
from tamamo.kernel.database import single
from tamamo.kernel.jobs import Run
from tamamo.kernel.time import JST, now, to_text
from tamamo.plan.catalog import the_plan
from tamamo.plan.figures import round_half_up
from tamamo.plan.values import NewValue, ValueStore
from tamamo.plan.values.importing import areas_of, with_series
from tamamo.plan.year import PlanYear, TypedText, TypedValue, overview, texts
from tamamo.plan.year.model import working_year
from tamamo.registers import Register, catalogue
from tamamo.registers.values import instance_for

_BY, _HEAD = "system:demo", "system:demo-head"
_SOURCE: Final = "模擬データ（Tamamo） / simulated (Tamamo)"
_CARD: Final = ("mynumber_card", "issue_rate")
_MONTHS: Final = 24
#: Project, indicator → values of the last years, the newest last; what an owner would have entered.
_VALUES: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("maternal_handbook", "registered_users"): ("6210", "6480", "6755", "6990", "7120"),
    ("school_ict", "understandable_lessons"): ("94", "93", "95", "96", "97"),
    ("school_ict", "teachers_using_ict"): ("78", "83", "88", "90", "92"),
    ("online_procedures", "procedures_online"): ("26", "29", "34", "41", "47"),
    ("council", "study_meetings"): ("8", "9", "12", "11", "12"),
    ("one_stop_counter", "satisfaction"): ("97.5", "98.2", "98.4", "98.1", "98.6"),
    ("farm_ict", "introductions_supported"): ("22", "25", "27", "31", "33"),
}
#: Of these the newest year is confirmed and waits for the head; entered only; not there yet.
_CONFIRMED, _ENTERED, _MISSING = "council", "one_stop_counter", "farm_ict"
_VENUES: Final = (
    ("shopping", "ゆめタウン高松", 2, 88), ("community", "川島コミュニティセンター", 1, 21),
    ("company", "市内の銀行", 1, 34), ("shopping", "イオンモール高松", 3, 131),
    ("community", "香西コミュニティセンター", 1, 17), ("shopping", "瓦町FLAG", 2, 96),
)  # fmt: skip
_TASKS: Final = (
    ("rpa", "税の還付通知の作成", "納税課", 96, 18, "measured", 410),
    ("rpa", "保育所入所申請の入力", "こども保育教育課", 140, 52, "measured", 380),
    ("rpa", "会計伝票の照合", "会計課", 60, 41, "estimated", 240),
    ("ai_ocr", "口座振替依頼書の読取り", "納税課", 210, 74, "measured", 1900),
    ("ai_ocr", "アンケートの集計", "広聴広報・シティプロモーション課", 88, 35, "estimated", 620),
)


async def handle(run: Run) -> dict[str, int]:
    """Make the example where the plan has no values yet."""
    broker: Broker = run.broker
    async with single(broker.pool) as connection:
        if await texts.row(connection, "any_value", {"tenant": run.tenant}):
            return {"values": 0}
    today = now().astimezone(JST).date()
    folder, one = with_series(the_plan(), *_CARD)
    rates = list(card_rates([area.code for area in areas_of(folder, one).area
                             if area.kind in ("municipality", "nation")], today))  # fmt: skip
    store = ValueStore(broker.pool)
    await store.record(run.tenant, _CARD, rates, source=_SOURCE, by=_BY, simulated=True)
    entities = [*_events(today), *_ledger(today)]
    await broker.observations.record(run.tenant, entities)
    entered = await _years(broker, run.tenant, working_year(today))
    return {"values": len(rates) + entered, "records": len(entities)}


def card_rates(areas: list[str], today: date) -> Iterator[NewValue]:
    """Yield invented rates on the first of each of the last months: the town passes the nation."""
    first = today.replace(day=1)
    for number in range(_MONTHS):
        month = first.year * 12 + first.month - 1 - (_MONTHS - 1 - number)
        at = date(month // 12, month % 12 + 1, 1)
        for place, code in enumerate(areas):
            whole = Decimal(1_000_000 if code == "00000" else 20_000 + 7_000 * place)
            start = 76.0 if code == "00000" else 74.6 + math.sin(place) * 1.5
            rate = start + number * (0.22 if code == "00000" else 0.30) + math.sin(number) * 0.08
            part = (whole * Decimal(repr(round(rate, 4))) / 100).to_integral_value()
            value = round_half_up(part * 100 / whole, 1)
            yield NewValue(code, at, value, part, whole, date(at.year - 1, 1, 1), "模擬")


def _events(today: date) -> Iterator[Entity]:
    """Yield outreach events of the last year, and those planned for the next weeks."""
    register = catalogue.declared()["outreach_events"]
    for number in range(22):
        channel, venue, days, applications = _VENUES[number % len(_VENUES)]
        start = today - timedelta(days=14 + 17 * (21 - number)) if number < 18 else (
            today + timedelta(days=6 + 8 * (number - 18))
        )  # fmt: skip
        held = number < 18
        values: dict[str, Any] = {
            "eventID": f"sim-{number + 1:02}", "venue": f"{venue}（模擬）", "channel": channel,
            "status": "held" if held else "planned", "startDate": start.isoformat(),
            "endDate": (start + timedelta(days=days - 1)).isoformat(), "days": days,
            "simulated": True,
        }  # fmt: skip
        if held:
            values["applications"] = applications + (number * 7) % 23
        yield _entity(register, values, "eventID")


def _ledger(today: date) -> Iterator[Entity]:
    """Yield the ledger of the last two years."""
    register = catalogue.declared()["saved_hours"]
    for age, year in enumerate((working_year(today), working_year(today) - 1)):
        for number, (tool, task, division, before, after, basis, runs) in enumerate(_TASKS):
            values: dict[str, Any] = {
                "entryID": f"sim-{year}-{number + 1:02}", "fiscalYear": year, "tool": tool,
                "task": f"{task}（模擬）", "division": division, "introduced": age == 0,
                "hoursBefore": before, "hoursAfter": after + 6 * age, "basis": basis,
                "runs": runs - 40 * age, "simulated": True,
            }  # fmt: skip
            yield _entity(register, values, "entryID")


def _entity(register: Register, values: dict[str, Any], key: str) -> Entity:
    entity = Entity(register.entity_id(values[key]), [register.type])
    moment = to_text(now())
    for name, value in values.items():
        column = register.column(name)
        instance = instance_for(column, value, None, moment)
        if instance is not None:
            entity.attrs[column.iri] = [instance]
    return entity


async def _years(broker: Broker, tenant: str, newest: int) -> int:
    """Enter, confirm and approve the values as people would; return how many."""
    plan, year = the_plan(), PlanYear(broker.pool)
    states, count = frozenset(plan.words["state"]), 0
    for project in dict.fromkeys(project for project, _ in _VALUES):
        folder = plan.find(project)
        assert folder is not None
        known = {one.id: one for one in overview.indicators(folder)}
        for age in range(4, -1, -1):
            if age == 0 and project == _MISSING:
                continue
            values = [
                (known[name], TypedValue(told[-1 - age], known[name].unit.ja, _SOURCE))
                for (of, name), told in _VALUES.items()
                if of == project
            ]
            of = (tenant, project, newest - age)
            said: dict[Any, TypedText] = {} if age else {
                "narrative": TypedText("模擬の報告です。取組を続け、利用が増えました。")
            }  # fmt: skip
            made = await year.save(of, values, said, _BY, outcomes=states, simulated=True)
            count += len(made)
            await _approved(year, of, project, age)
    return count


async def _approved(year: PlanYear, of: tuple[str, str, int], project: str, age: int) -> None:
    if age == 0 and project == _ENTERED:
        return
    await year.confirm(of, _BY)
    if age == 0 and project == _CONFIRMED:
        return
    sheet = await year.sheet(*of)
    await year.decide(of[0], [i for i in sheet.items if i.waits], _HEAD, "approve")
