"""The saved-hours ledger: the report's table out of entries, claims kept as claims."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from tamamo.context.broker import open_broker
from tamamo.kernel.identity import INSTALLATION, unlimited
from tamamo.plan import live, panels
from tamamo.plan.catalog import load_plan
from tamamo.plan.panels import as_shown, panels_of, shown
from tamamo.plan.report.document import Bullets, Grid
from tamamo.projects.ai_rpa.ledger import Entry, Figure, entry_of, ledger
from tamamo.registers import Registers, Visitor, catalogue
from tamamo.registers.projection import sync

WHOLE = load_plan()
FOLDER = WHOLE.find("ai_rpa")
PLAN = replace(WHOLE, folders=[FOLDER])
LEDGER = Path(__file__).with_name("ledger_2020.csv")


def entry(id_: str, **members: object) -> Entry:
    base = {"entryID": id_, "fiscalYear": 2021, "tool": "rpa", "task": id_, "basis": "measured"}
    found = entry_of({**base, **members})
    assert found
    return found


def test_hours_are_before_less_after_and_the_rate_is_rounded_half_up():
    one = entry("1", hoursBefore=8, hoursAfter=0.5)
    assert (one.saved, one.rate) == (Decimal("7.5"), Decimal("93.8"))  # 93.75
    assert entry("2", hoursBefore=0, hoursAfter=0).rate is None
    assert entry("3", hoursSaved=414, basis="estimated").saved == 414


def test_a_claim_saves_nothing_even_where_hours_are_entered_and_other_years_stay_out():
    found = ledger(
        [
            entry("1", hoursBefore=10, hoursAfter=4),
            entry("2", basis="claimed", hoursSaved=1000, claim="a quarter"),
            entry("3", fiscalYear=2020, hoursBefore=99, hoursAfter=0),
        ],
        2021,
    )
    assert [(s.tool, s.hours) for s in found.saved] == [("rpa", 6)]
    assert [c.claim for c in found.claims] == ["a quarter"]
    assert entry_of({"task": "without a year"}) is None


def test_simulated_hours_are_marked_and_never_added_to_real_ones():
    made = entry("1", hoursBefore=10, hoursAfter=4, simulated=True)
    (alone,) = ledger([made], 2021).saved
    assert (alone.hours, alone.simulated) == (6, True)
    (real,) = ledger([made, entry("2", hoursBefore=3, hoursAfter=1)], 2021).saved
    assert (real.hours, real.simulated, len(real.tasks)) == (2, False, 1)


async def test_the_reports_table_comes_out_of_the_file_staff_import(settings):
    async with open_broker(settings) as broker:
        (rpa, _) = await live.rows(broker, PLAN, "ai_rpa", "ja")
        assert (rpa.state, rpa.value) == ("none", "—")  # nothing yet, and not 0
        await sync(broker.pool, catalogue.declared())
        imports = Registers(broker).imports
        who = Visitor("default", INSTALLATION, unlimited("default"))
        begun = await imports.begin(who, "saved_hours", LEDGER.name, LEDGER.read_bytes())
        assert None not in begun.matching.values()
        previewed = await imports.preview(who, begun.id, begun.matching)
        assert (previewed.new, previewed.rejected_sample) == (7, ())
        batch = await imports.apply(who, begun.id)
        assert (batch.created, batch.refused) == (7, 0)

        blocks = await panels_of(FOLDER)(broker, "default", "ja", None)
        robots, scans = (block for block in blocks if isinstance(block, Grid))
        assert [[c.text for c in row[2:5]] for row in robots.lines] == [
            ["42", "37", "88.1%"],
            ["280", "164", "58.6%"],
            ["40", "18", "45.0%"],
            ["12", "11.5", "95.8%"],
            ["8", "7.5", "93.8%"],
            ["382", "238", "62.3%"],
        ]
        assert "うち、この年度に新しく導入した業務の削減時間は19時間です。" in [
            getattr(block, "text", "") for block in blocks
        ]
        assert [row[3].text for row in scans.rows] == ["約414"]
        (claims,) = (block for block in blocks if isinstance(block, Bullets))
        assert claims.items == ["AI議事録: AI議事録（14課）: 4分の1以上の削減"]
        assert len(as_shown(blocks)) == len(blocks)
        assert await panels.years(broker, "default", FOLDER) == [2020]
        assert await panels_of(FOLDER)(broker, "default", "ja", 2019) == []

        rpa, scanned = await live.rows(broker, PLAN, "ai_rpa", "en")
        assert (rpa.value, scanned.value) == ("238 hours", "414 hours")
        assert rpa.note.startswith("Hours before less hours after: 5 entries")


async def test_what_fails_is_said_with_the_last_value_kept(settings, monkeypatch, plain_log):
    async with open_broker(settings) as broker:

        async def counted(_):
            return live_figure

        live_figure = Figure(Decimal(12), "数", "count", simulated=True)
        monkeypatch.setattr("tamamo.projects.ai_rpa.ledger.rpa_hours", counted)
        assert await live.keep(broker, PLAN) == []

        async def broken(_):
            raise RuntimeError("the query is wrong")

        monkeypatch.setattr("tamamo.projects.ai_rpa.ledger.rpa_hours", broken)
        monkeypatch.setattr("tamamo.projects.ai_rpa.ledger.ocr_hours", broken)
        kept, never = await live.rows(broker, PLAN, "ai_rpa", "ja")
        assert (kept.state, kept.value, kept.as_of is not None) == ("failed", "12時間", True)
        assert kept.simulated
        assert (never.state, never.value, never.as_of) == ("failed", "—", None)
        assert await live.keep(broker, PLAN) == [
            ("ai_rpa", "rpa_hours_saved"),
            ("ai_rpa", "ai_ocr_hours_saved"),
        ]
        monkeypatch.setattr("tamamo.projects.ai_rpa.panels.entries", broken)
        assert await shown(broker, "default", FOLDER, "ja") is None
