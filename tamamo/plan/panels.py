"""What a project shows of its own data: `panels.py` of its folder, as blocks of a document.

A project declares `async def blocks(broker, town, language, year) -> list[Block]`. The page of the
project shows them, and so may a report; none of them knows HTML. year: the fiscal year asked for,
None for the newest there is data of. Where it has data of several, it declares them too, the
newest first: `async def years(broker, town) -> list[int]`.
"""

import importlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from tamamo.context.broker import Broker
from tamamo.context.query.logic import One
from tamamo.context.query.paging import Page
from tamamo.context.query.plan import Query, Selector
from tamamo.plan.loading import Folder
from tamamo.plan.report.document import Block, Bullets, Chart, FigureLine, Grid, Heading, Paragraph
from tamamo.registers.catalogue import declared
from tamamo.registers.values import cells_of

Panels = Callable[[Broker, str, str, int | None], Awaitable[list[Block]]]
#: Records of a register that a panel looks at, at most.
MOST = 10_000
_KINDS: dict[type[Block], str] = {
    Heading: "heading",
    Paragraph: "paragraph",
    Bullets: "bullets",
    FigureLine: "figure",
    Grid: "grid",
    Chart: "chart",
}
_logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Shown:
    """A block as a template asks for it."""

    kind: str
    block: Block

    @property
    def about(self) -> tuple[str, str]:
        """Project and indicator of a chart."""
        project, _, indicator = getattr(self.block, "about", "").partition("/")
        return project, indicator


def panels_of(folder: Folder) -> Panels | None:
    """Return a project's panels, None where it has none."""
    if not (folder.path / "panels.py").is_file():
        return None
    module = importlib.import_module(f"tamamo.projects.{folder.path.name}.panels")
    found: Panels = module.blocks
    return found


async def shown(
    broker: Broker, town: str, folder: Folder, language: str, year: int | None = None
) -> list[Shown] | None:
    """Return what a project's page shows, None where its computation failed (it is logged)."""
    panels = panels_of(folder)
    if panels is None:
        return []
    try:
        return as_shown(await panels(broker, town, language, year))
    except Exception:
        _logger.exception("panel_failed", project=folder.manifest.id)
        return None


async def years(broker: Broker, town: str, folder: Folder) -> list[int]:
    """Return the years a project's panels have data of, none where they know no years."""
    if panels_of(folder) is None:
        return []
    module = importlib.import_module(f"tamamo.projects.{folder.path.name}.panels")
    if not hasattr(module, "years"):
        return []
    try:
        found: list[int] = await module.years(broker, town)
    except Exception:
        _logger.exception("panel_failed", project=folder.manifest.id)
        return []
    return found


def as_shown(blocks: Sequence[Block]) -> list[Shown]:
    """Return blocks with the names of their kinds."""
    return [Shown(_KINDS[type(block)], block) for block in blocks]


async def records(broker: Broker, town: str, register: str) -> list[dict[str, Any]]:
    """Return the records of a declared register as {column: value}, at most MOST of them."""
    one = declared()[register]
    wanted = Query((Selector(types=One(one.type)),), page=Page(MOST))
    result = await broker.entities.query(town, wanted)
    columns = frozenset(one.by_name)
    found = []
    for row in result.rows:
        cells = cells_of(one, row.entity(), columns)
        found.append({name: cell.value for name, cell in cells.items()})
    return found
