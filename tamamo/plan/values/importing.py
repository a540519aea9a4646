"""Published files into the values of an indicator, by the reader its project declares."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tamamo.feeds.rejects import Reject
from tamamo.kernel.errors import SetupError
from tamamo.plan.catalog import Plan
from tamamo.plan.loading import Folder
from tamamo.plan.model import Indicator
from tamamo.plan.values.areas import Areas, read_areas
from tamamo.plan.values.model import NewValue


@dataclass(frozen=True, slots=True)
class Read:
    """What a reader found: values, and rows it could not use."""

    values: list[NewValue]
    rejects: Sequence[Reject]


Reader = Callable[[str, bytes], Read]


def with_series(plan: Plan, project: str, indicator: str | None = None) -> tuple[Folder, Indicator]:
    """Return the indicator of a project that has a series; the first one without a name.

    Raises SetupError naming those there are.
    """
    folder = plan.find(project)
    if folder and folder.figures:
        for one in folder.figures.indicator:
            if one.series and indicator in (None, one.id):
                return folder, one
    known = [
        f"{f.manifest.id}/{i.id}"
        for f in plan.folders
        for i in (f.figures.indicator if f.figures else [])
        if i.series
    ]
    wanted = f"{project}/{indicator}" if indicator else project
    raise SetupError(f"{wanted} has no series of values; there are: {', '.join(known) or 'none'}.")


def reader_of(indicator: Indicator) -> Reader:
    """Return the reader a series declares. Raises SetupError where there is none."""
    assert indicator.series is not None
    module, _, name = indicator.series.reader.partition(":")
    try:
        found: Reader = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise SetupError(f"{indicator.series.reader!r} is no reader: {error}") from error
    return found


def areas_of(folder: Folder, indicator: Indicator) -> Areas:
    """Return the areas of an indicator's series."""
    assert indicator.series is not None
    return read_areas(folder.path / indicator.series.areas)
