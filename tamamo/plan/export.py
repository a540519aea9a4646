"""The plan as data: `/plan.json` and `/plan.csv`, the same whatever the language of the address.

basis is "recorded" on every figure: it stands in the report. outcome and percent_of_target are
computed from it. Years are fiscal years (2020 = April 2020 to March 2021).
"""

import csv
import io
from collections.abc import Iterator
from typing import Any

import msgspec

from tamamo.plan.catalog import Plan, plan_number
from tamamo.plan.figures import column_sum, judge, latest
from tamamo.plan.loading import Folder
from tamamo.plan.model import Indicator, Table
from tamamo.plan.pages import outcome_counts

BASIS = "recorded"
_ENCODER = msgspec.json.Encoder(decimal_format="number")

COLUMNS = (
    "number",
    "project_id",
    "project_ja",
    "project_en",
    "chapter_ja",
    "chapter_en",
    "section_ja",
    "section_en",
    "owner",
    "state",
    "state_ja",
    "state_en",
    "indicator_id",
    "indicator_ja",
    "indicator_en",
    "unit_ja",
    "unit_en",
    "shape",
    "year",
    "value",
    "approximate",
    "printed",
    "target_year",
    "target_value",
    "target_printed",
    "benchmark",
    "outcome",
    "percent_of_target",
    "basis",
    "source",
)


def to_json(plan: Plan) -> bytes:
    """Return the whole plan as one JSON object; `items` are the projects in order."""
    items = [item for item, _ in _projects(plan)]
    body = {
        "title": plan.outline.title,
        "period": plan.outline.period,
        "sources": plan.outline.source,
        "outcomes": dict(sorted(outcome_counts(plan).items())),
        "count": len(items),
        "items": items,
    }
    return _ENCODER.encode(body)


def to_csv(plan: Plan) -> bytes:
    """Return a row for each figure, and one for each project without; UTF-8 with a mark."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for item, folder in _projects(plan):
        about = _about(item, folder)
        indicators = folder.figures.indicator if folder.figures else []
        writer.writerows({**about, **_figure(indicator)} for indicator in indicators)
        if not indicators:
            writer.writerow(about)
    return text.getvalue().encode("utf-8-sig")


def _projects(plan: Plan) -> Iterator[tuple[dict[str, Any], Folder]]:
    for chapter, number, section, place, folders in plan.sections():
        for folder in folders:
            manifest, figures = folder.manifest, folder.figures
            yield (
                {
                    "id": manifest.id,
                    "plan": manifest.plan,
                    "number": plan_number(manifest.plan),
                    "chapter": {"number": number, "name": chapter.name},
                    "section": {"number": place, "name": section.name},
                    "name": manifest.name,
                    "owner": plan.division(manifest.owner),
                    "purpose": manifest.purpose,
                    "today": manifest.today or plan.word("doc", "nothing_yet"),
                    "keywords": manifest.keywords,
                    "reports": [
                        {"state_name": plan.word("state", report.state), **_fields(report)}
                        for report in folder.record.report
                    ],
                    "indicators": [_indicator(plan, i) for i in figures.indicator]
                    if figures
                    else [],
                    "tables": [_table(t) for t in figures.table] if figures else [],
                    "quality": manifest.quality,
                },
                folder,
            )


def _fields(struct: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


def _indicator(plan: Plan, indicator: Indicator) -> dict[str, Any]:
    verdict = judge(indicator)
    return {
        **_fields(indicator),
        "basis": BASIS,
        "outcome": verdict.outcome,
        "outcome_name": plan.word("outcome", verdict.outcome),
        "percent_of_target": verdict.ratio,
    }


def _table(table: Table) -> dict[str, Any]:
    totals = {c.id: column_sum(table, c.id) for c in table.columns if c.total}
    return {**_fields(table), "basis": BASIS, "totals_computed": totals}


def _about(item: dict[str, Any], folder: Folder) -> dict[str, Any]:
    report = folder.record.report[-1]
    state = item["reports"][-1]["state_name"]
    return {
        "number": item["number"],
        "project_id": item["id"],
        "project_ja": item["name"].ja,
        "project_en": item["name"].en,
        "chapter_ja": item["chapter"]["name"].ja,
        "chapter_en": item["chapter"]["name"].en,
        "section_ja": item["section"]["name"].ja,
        "section_en": item["section"]["name"].en,
        "owner": folder.manifest.owner,
        "state": report.state,
        "state_ja": state.ja,
        "state_en": state.en,
        "year": report.year,
        "source": report.source,
    }


def _figure(indicator: Indicator) -> dict[str, Any]:
    recorded, target, verdict = latest(indicator), indicator.target, judge(indicator)
    row: dict[str, Any] = {
        "indicator_id": indicator.id,
        "indicator_ja": indicator.name.ja,
        "indicator_en": indicator.name.en,
        "unit_ja": indicator.unit.ja,
        "unit_en": indicator.unit.en,
        "shape": indicator.shape,
        "year": recorded.year,
        "value": recorded.value,
        "approximate": "true" if recorded.approximate else "false",
        "printed": recorded.printed,
        "outcome": verdict.outcome,
        "percent_of_target": verdict.ratio,
        "basis": BASIS,
        "source": recorded.source,
    }
    if target:
        row["target_year"] = target.year
        row["target_value"] = target.value
        row["target_printed"] = target.printed
        row["benchmark"] = verdict.goal if target.benchmark else None
    return row
