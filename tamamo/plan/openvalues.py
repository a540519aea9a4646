"""The years of all indicators as rows: for the file of the page, and for the dataset."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tamamo.plan.catalog import Plan
from tamamo.plan.year.public import Key, YearValue, judged

COLUMNS: Final = (
    "project", "indicator", "indicator_ja", "indicator_en", "year", "date", "value", "unit_ja",
    "unit_en", "outcome", "basis", "source", "detail", "break", "simulated", "approved_by",
    "answers",
)  # fmt: skip


def rows(plan: Plan, values: Mapping[Key, Sequence[YearValue]]) -> Iterator[dict[str, Any]]:
    """Yield a row an indicator and year, in the plan's order; value is None for words alone."""
    for folder in plan.folders:
        for one in folder.figures.indicator if folder.figures else []:
            for value in values.get((folder.manifest.id, one.id), []):
                cells = (
                    folder.manifest.id, one.id, one.name.ja, one.name.en, value.year,
                    value.at.isoformat(), value.value, one.unit.ja, one.unit.en,
                    judged(one, value).outcome, value.basis, value.source, value.detail,
                    value.breaks, value.simulated, value.approved_by,
                    value.whole if one.surveyed and value.whole is not None else "",
                )  # fmt: skip
                yield dict(zip(COLUMNS, cells, strict=True))
