"""Outreach: the channel table out of events, what is planned, the effect with its interval."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from tamamo.context.broker import open_broker
from tamamo.context.model.entity import Entity
from tamamo.plan.catalog import load_plan
from tamamo.plan.panels import panels_of
from tamamo.plan.report.document import Grid
from tamamo.plan.values.courses import Point
from tamamo.projects.mynumber_card.outreach import (
    Event,
    channels,
    decimals,
    effect,
    event_of,
    planned,
    years,
)
from tamamo.registers.catalogue import declared
from tests.plan.projects.outreach import REPORTED, records

EVENTS = [event for record in records() if (event := event_of(record))]


def test_the_reports_table_of_channels_comes_out_of_the_events():
    found = channels(EVENTS, 2020)
    assert {c.channel: (c.days, c.applications, c.venues) for c in found} == REPORTED
    assert (sum(c.days for c in found), sum(c.applications for c in found)) == (50, 1876)
    assert years(EVENTS) == [2020]
    assert channels(EVENTS, 2021) == []


def test_an_interval_is_written_with_two_figures_of_its_width():
    assert [decimals(width) for width in (0.4, 0.02, 0.0013, 0.0)] == [3, 3, 4, 3]


def test_simulated_events_are_marked_and_never_added_to_real_ones():
    made = [replace(event, simulated=True) for event in EVENTS]
    assert all(c.simulated for c in channels(made, 2020)) and len(channels(made, 2020)) == 3
    (real,) = channels([*made, EVENTS[0]], 2020)
    assert (real.days, real.simulated) == (1, False)


def test_days_of_an_event_and_what_is_not_counted():
    base = {"channel": "shopping", "venue": "A", "status": "held", "startDate": "2021-03-30"}
    long = event_of({**base, "endDate": "2021-04-02"})
    assert long and long.days == 4
    short = event_of({**base, "endDate": "2021-04-02", "days": 2, "applications": 5})
    assert short and short.days == 2
    cancelled = event_of({**base, "status": "cancelled", "applications": 9})
    assert event_of({**base, "startDate": None}) is None
    assert event_of({**base, "channel": "post"}) is None
    (one,) = channels([long, short, cancelled], 2020)
    assert (one.days, one.applications, one.uncounted) == (6, 5, 1)


def test_the_plan_of_the_next_weeks():
    def event(start: str, status: str = "planned", end: str = "") -> Event:
        record = {"channel": "company", "venue": start, "status": status, "startDate": start}
        found = event_of({**record, "endDate": end or start})
        assert found
        return found

    events = [
        event("2021-05-20"), event("2021-05-01", end="2021-05-10"), event("2021-05-08", "held"),
        event("2021-05-05"), event("2021-07-30"),
    ]  # fmt: skip
    found = planned(events, date(2021, 5, 9))
    assert [e.venue for e in found] == ["2021-05-01", "2021-05-20"]


def course(rises: list[float], start: Decimal = Decimal(200_000)) -> list[Point]:
    """Points on the first of months whose rate rises by those points, of a million residents."""
    cards, points = start, []
    for number, rise in enumerate([0.0, *rises]):
        cards += Decimal(str(rise)) * 10_000
        day = date(2020 + number // 12, number % 12 + 1, 1)
        rate = (cards * 100 / 1_000_000).quantize(Decimal("0.1"))
        points.append(Point(day, rate, cards, Decimal(1_000_000), date(2019, 1, 1)))
    return points


def campaign(days: list[int]) -> list[Event]:
    """Events of so many days in each month."""
    return [
        Event("shopping", "A", "held", start, start + timedelta(days=count - 1), count, None)
        for month, count in enumerate(days)
        if count
        for start in [date(2020 + month // 12, month % 12 + 1, 3)]
    ]


DAYS = [0, 5, 1, 8, 0, 12, 3, 9, 0, 6, 2, 10, 4, 0, 7, 1]


def test_an_effect_that_is_there_is_found_with_its_interval():
    noise = np.random.default_rng(7).normal(0, 0.05, len(DAYS))
    ours = [1.0 + 0.03 * d + n for d, n in zip(DAYS, noise, strict=True)]
    found = effect(course(ours), course([1.0] * len(DAYS)), campaign(DAYS))
    assert found
    assert found.low < 0.03 < found.high
    assert abs(found.slope - 0.03) < 0.01
    assert found.shows
    assert found == effect(course(ours), course([1.0] * len(DAYS)), campaign(DAYS))


def test_where_campaigns_change_nothing_the_interval_holds_zero():
    noise = np.random.default_rng(3).normal(0, 0.2, len(DAYS))
    found = effect(course([1 + n for n in noise]), course([1.0] * len(DAYS)), campaign(DAYS))
    assert found and not found.shows


@pytest.mark.parametrize("days", [DAYS[:5], [4] * 16, [0] * 16])
def test_too_little_to_say_anything_says_nothing(days: list[int]) -> None:
    same = course([1.0] * len(days))
    # The same number in each month is a little more a day in February.
    events = campaign(days) if len(set(days)) > 1 else []
    assert effect(same, same, events) is None


async def test_the_projects_page_shows_the_channels(settings):
    register = declared()["outreach_events"]
    async with open_broker(settings) as broker:
        entities = [
            Entity(
                f"urn:ngsi-ld:OutreachEvent:{record['eventID']}",
                [register.type],
                {
                    register.column(name).iri: [{"type": "Property", "value": value}]
                    for name, value in record.items()
                },
            )
            for record in records()
        ]
        await broker.observations.record("default", entities)
        panels = panels_of(load_plan().find("mynumber_card"))
        for language, total in (("ja", "合計"), ("en", "Total")):
            grid, *_ = [
                b for b in await panels(broker, "default", language, None) if isinstance(b, Grid)
            ]
            assert [[cell.text for cell in row[2:]] for row in grid.lines] == [
                ["32", "1,501"], ["10", "216"], ["8", "159"], ["50", "1,876"],
            ]  # fmt: skip
            assert grid.totals[0].text == total
