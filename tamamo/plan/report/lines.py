"""The report's text as blocks: paragraphs, lists, and the lines of figures marked with ○.

Such a line is written anew from the indicator it belongs to: where the record holds another value
than was printed (a correction), the line says the record's.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tamamo.plan.check_figures import numbers_in
from tamamo.plan.figures import Verdict
from tamamo.plan.model import Indicator, Recorded
from tamamo.plan.report.document import Block, Bullets, FigureLine, Paragraph

_MARKED = re.compile(r"\s*(?=○)")
_NUMBER = re.compile(r"[0-9][0-9,]*(?:\.[0-9]+)?")
_BULLET = "- "
#: What begins the target in a line of the report, and in its translation.
_TARGET = re.compile(r"（R| \(FY")


@dataclass(frozen=True, slots=True)
class Held:
    """An indicator of the project as the records hold it in the year, and how it is judged."""

    indicator: Indicator
    printed: Recorded
    value: Decimal | None
    verdict: Verdict
    judged: str
    name: str
    #: How many answered, as it stands behind the value: （n=812）.
    asked: str = ""


def blocks(text: str, held: Sequence[Held]) -> Iterator[Block]:
    """Yield the blocks of a passage; held: the project's indicators, for the lines marked ○."""
    rest = list(held)
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        if paragraph.startswith(_BULLET):
            yield Bullets(_items(paragraph))
            continue
        for piece in _MARKED.split(paragraph.strip()):
            if not piece:
                continue
            found = _belongs(piece, rest) if piece.startswith("○") else None
            if found is None:
                yield Paragraph(piece)
                continue
            rest.remove(found)
            yield FigureLine(
                found.name, _rewritten(piece, found), found.verdict.outcome, found.judged
            )


def _items(paragraph: str) -> list[str]:
    items = re.split(rf"^{re.escape(_BULLET)}(?:・\s*)?", paragraph, flags=re.MULTILINE)
    return [item.strip() for item in items if item.strip()]


def _belongs(piece: str, held: Sequence[Held]) -> Held | None:
    """Return the indicator whose printed value stands in the line; the likest where several do."""
    numbers = numbers_in(piece)
    fitting = [one for one in held if one.printed.value in numbers]
    return max(fitting, key=lambda one: _likeness(piece, one.printed.printed), default=None)


def _likeness(piece: str, printed: str) -> int:
    return sum(sign in printed for sign in piece)


def _rewritten(piece: str, held: Held) -> str:
    if held.value is None or (held.value == held.printed.value and not held.asked):
        return piece

    def now(match: re.Match[str]) -> str:
        same = Decimal(match[0].replace(",", "")) == held.printed.value
        return f"{held.value:,}" if same and held.value != held.printed.value else match[0]

    target = _TARGET.search(piece)
    end = target.start() if target else len(piece)
    return _NUMBER.sub(now, piece[:end]) + held.asked + piece[end:]
