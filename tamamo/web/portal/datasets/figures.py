"""What the plan recorded of open data, for the page that shows what is computed today."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from tamamo.kernel.towns import DEFAULT
from tamamo.plan.catalog import the_plan

#: The query of the indicator that counts as this page does; whose project it is, the plan says.
QUERY: Final = "tamamo.publishing.catalogue.figures:datasets_figure"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A figure a yearly report printed, with the target it set. Years: fiscal, as 2020."""

    project: str
    value: Decimal
    year: int
    target: Decimal | None
    target_year: int | None


def recorded(town: str, query: str = QUERY) -> Recorded | None:
    """Return the newest recorded value of what a query counts; the plan is the default town's."""
    if town != DEFAULT:
        return None
    for folder in the_plan().folders:
        for indicator in folder.figures.indicator if folder.figures else ():
            known = [one for one in indicator.recorded if one.value is not None]
            if indicator.query == query and known:
                newest = max(known, key=lambda one: one.year)
                target = indicator.target
                return Recorded(
                    folder.manifest.id,
                    newest.value or Decimal(),
                    newest.year,
                    target.value if target else None,
                    target.year if target else None,
                )
    return None
