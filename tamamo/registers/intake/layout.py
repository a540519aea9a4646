"""Where the table of a file stands: its headings, and which lines are data, notes or nothing.

Files have lines of their own above the headings (`#LINK`, `#license` of Takamatsu's first portal),
titles, headings of two rows, remarks below, rows of a form that nobody filled in.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Literal

from tamamo.feeds import quality
from tamamo.feeds.readers.table import normal
from tamamo.registers.intake import errors, naming
from tamamo.registers.intake.errors import IntakeRefused
from tamamo.registers.intake.lines import Cell, Line, is_blank, shown
from tamamo.registers.intake.parse import dates, numbers, times
from tamamo.registers.intake.parse.texts import folded

#: A header stands within this many lines that are not blank.
WITHIN: Final = 40
#: Lines below a candidate that say what a table looks like.
_BELOW: Final = 20
PROPERTY: Final = "#property"
#: Between the two rows of a double heading.
JOINT: Final = "／"
#: A remark below a table; 資料館 and 注連縄 are none.
_NOTE: Final = re.compile(
    r"[※＊*]|[(（]?注\d*[)）:：]|(?:注記?|出典|資料|備考|単位|作成|更新日)\s*[:：]"
)
#: A line of the file's own, such as #license; a pump called #1 is none.
_OWN: Final = re.compile(r"#[A-Za-z_][\w-]*")
#: First letters of cells that need a closer look; nothing at all is one of them.
_MARKS: Final = frozenset({"", "#", " ", "\u3000", "\t", "\r", "\n", "\u200b", "\ufeff"})
_TOTALS: Final = frozenset({"合計", "計", "総計", "総数", "小計", "total", "subtotal"})
#: A cell in which a form's author tells others what to type.
HINT: Final = ("←", "↓", "→", "↑")

Sort = Literal["data", "blank", "template", "note", "about", "header", "total"]


@dataclass(slots=True)
class Layout:
    """The headings of a table and how to tell its lines apart.

    header_rows: numbers in the file, none where the file has no headings. names: one a column.
    serial: position of a column that only counts the rows. about, notes: lines above the table.
    """

    header_rows: list[int]
    names: list[str]
    serial: int | None = None
    about: dict[str, str] = field(default_factory=dict)
    notes: list[tuple[int, str]] = field(default_factory=list)

    def sort(self, cells: Sequence[Cell]) -> Sort:
        """Say what a line below the headings is."""
        if len(cells) > 1 and _is_plain(cells[0]) and _is_plain(cells[1]):
            # Two values, neither of them marked: nearly every line, told without looking further.
            return "header" if self._repeats(cells, 0) else "data"
        filled = [place for place, cell in enumerate(cells) if not is_blank(cell)]
        if not filled:
            return "blank"
        first = cells[filled[0]]
        if filled[0] == 0 and isinstance(first, str) and _OWN.fullmatch(first.strip()):
            return "about"
        if filled == [self.serial]:
            return "template"
        if not isinstance(first, str):
            return "data"
        if len(filled) == 1 and len(self.names) > 2 and _NOTE.match(first.strip()):
            return "note"
        if first.strip() and self._repeats(cells, filled[0]):
            return "header"
        return "data"

    def _repeats(self, cells: Sequence[Cell], first: int) -> bool:
        """Say whether a line is the headings again, as in files put together from others."""
        names = self.names
        if first >= len(names) or shown(cells[first]).strip() != names[first]:
            return False
        again = [normal(shown(cell)) for cell in cells[: len(names)]]
        return again == [normal(name) for name in names[: len(cells)]]

    def is_total(self, cells: Sequence[Cell]) -> bool:
        """Say whether a row of data sums up others: one of its first texts says so."""
        return any(
            isinstance(cell, str) and "".join(folded(cell).split()).casefold() in _TOTALS
            for cell in cells[:4]
        )


def find(head: list[Line], told: list[int] | None = None) -> Layout:
    """Return the layout of a table from its first lines. Raises IntakeRefused: no_header.

    told: the numbers of the rows of headings, where a person named them.
    """
    if told is not None:
        return _told(head, told)
    lines = [line for line in head if any(not is_blank(cell) for cell in line[1])]
    if not lines:
        raise errors.refused(errors.NO_ROWS)
    for place, (_, cells) in enumerate(lines):
        if shown(cells[0]).strip() == PROPERTY:
            return _made(lines, place, 1)
    index = _likeliest(lines)
    if index is None:
        return _without(lines)
    if index and _is_double(lines, index - 1):
        return _made(lines, index - 1, 2)
    return _made(lines, index, 2 if _is_double(lines, index) else 1)


def locate(head: list[Line], wanted: Sequence[str]) -> Layout | None:
    """Return the layout under which most of the wanted headings are there; None below half."""
    lines = [line for line in head if any(not is_blank(cell) for cell in line[1])]
    names = Counter(map(normal, wanted))
    with suppress(IntakeRefused):
        likeliest = find(head)
        if names <= Counter(map(normal, likeliest.names)):
            return likeliest
    best: tuple[int, Layout] | None = None
    for index in range(min(len(lines), WITHIN)):
        for rows in (1, 2):
            if index + rows > len(lines):
                continue
            layout = _made(lines, index, rows)
            there = sum((names & Counter(map(normal, layout.names))).values())
            if best is None or there > best[0]:
                best = there, layout
        if best is not None and best[0] == len(wanted):
            break
    return best[1] if best is not None and best[0] * 2 >= max(len(wanted), 1) else None


def _told(head: list[Line], told: list[int]) -> Layout:
    if not told:
        return _without(head)
    numbers_ = {number: index for index, (number, _) in enumerate(head)}
    if any(number not in numbers_ for number in told):
        raise errors.refused(errors.NO_HEADER)
    return _made(head, numbers_[told[0]], len(told))


def _made(lines: list[Line], index: int, rows: int) -> Layout:
    header = lines[index : index + rows]
    width = max(len(cells) for _, cells in header)
    names = [
        _joined([_heading(cells[place]) if place < len(cells) else "" for _, cells in header])
        for place in range(width)
    ]
    layout = Layout([number for number, _ in header], names, _serial(names))
    for number, cells in lines[:index]:
        texts = [shown(cell).strip() for cell in cells if not is_blank(cell)]
        if texts and texts[0].startswith("#"):
            layout.about.setdefault(texts[0][1:], texts[1] if len(texts) > 1 else "")
        elif texts:
            layout.notes.append((number, " ".join(dict.fromkeys(texts))))
    return layout


def _heading(cell: Cell) -> str:
    return " ".join(shown(cell).split())


def _joined(parts: list[str]) -> str:
    return JOINT.join(dict.fromkeys(part for part in parts if part))


def _serial(names: list[str]) -> int | None:
    """Return the position of a column that only counts the rows: the first one, by its name."""
    first = next((place for place, name in enumerate(names) if name), None)
    if first is None or first > 1:
        return None
    return first if naming.is_serial(names[first]) else None


def _without(lines: list[Line]) -> Layout:
    width = max(len(cells) for _, cells in lines[:WITHIN])
    return Layout([], [f"列{place + 1}" for place in range(width)])


def _is_plain(cell: Cell) -> bool:
    """Say whether a cell of text is filled and does not begin with a mark."""
    return isinstance(cell, str) and cell[:1] not in _MARKS


def is_text(cell: Cell) -> bool:
    """Say whether a cell could be a heading: a text that is no number, date, time or address."""
    if not isinstance(cell, str) or is_blank(cell):
        return False
    text = folded(cell)
    if text in quality.DASHES or text in quality.SHEET_ERRORS:
        return False
    if numbers.split(text) is not None or text.startswith(("http://", "https://")):
        return False
    return not (_is(dates.find, text) or _is(times.find, text))


def _is(find_: Callable[[str], object], text: str) -> bool:
    try:
        return find_(text) is not None
    except ValueError:
        return True


def _likeliest(lines: list[Line]) -> int | None:
    """Return the index of the likeliest row of headings; None where no row looks like one."""
    best: int | None = None
    most = 0.0
    for index, (_, cells) in enumerate(lines[:WITHIN]):
        score = _score(cells, lines[index + 1 : index + 1 + _BELOW])
        # Of rows that look alike the first one heads the others.
        if score > most + 0.05:
            best, most = index, score
    return best if most >= 0.6 else None


def _score(cells: Sequence[Cell], below: list[Line]) -> float:
    filled = [cell for cell in cells if not is_blank(cell)]
    if not filled or shown(filled[0]).startswith("#"):
        return 0.0
    widths = sorted(sum(not is_blank(cell) for cell in line) for _, line in below)
    widest = widths[-1] if widths else len(filled)
    texts = sum(is_text(cell) for cell in filled) / len(filled)
    distinct = len({normal(shown(cell)) for cell in filled}) / len(filled)
    width = min(len(filled) / max(widest, 1), 1.0)
    known = any(naming.is_known(shown(cell)) for cell in filled)
    return 0.35 * texts + 0.2 * distinct + 0.35 * width + 0.1 * known


def _is_double(lines: list[Line], index: int) -> bool:
    """Say whether a row of headings has a second one below.

    The first names groups: a merged cell, so the same name twice in neighbouring columns. The
    second names each column of a group.
    """
    if index + 1 >= len(lines) or lines[index + 1][0] != lines[index][0] + 1:
        return False
    above = [normal(shown(cell)) for cell in lines[index][1]]
    below = lines[index + 1][1]
    grouped = [
        place
        for place, name in enumerate(above)
        if name and name in above[max(place - 1, 0) : place] + above[place + 1 : place + 2]
    ]
    if not grouped:
        return False
    inner = [below[place] for place in grouped if place < len(below)]
    if not inner or not all(is_text(cell) for cell in inner):
        return False
    names = [normal(shown(cell)) for cell in inner]
    pairs = {(above[place], name) for place, name in zip(grouped, names, strict=False)}
    filled = [cell for cell in below if not is_blank(cell)]
    if len(pairs) < len(names) or not all(map(is_text, filled)):
        return False
    return _spans(above, below, grouped) or _differ(below, lines[index + 2 : index + 2 + _BELOW])


def _spans(above: list[str], below: Sequence[Cell], grouped: list[int]) -> bool:
    """Say whether every heading that is no group reaches down into the second row."""
    alone = [place for place, name in enumerate(above) if name and place not in grouped]
    reach = [
        place >= len(below) or normal(shown(below[place])) in ("", above[place]) for place in alone
    ]
    return bool(reach) and all(reach)


def _differ(below: Sequence[Cell], body: list[Line]) -> bool:
    """Say whether most columns under a row of texts hold no texts: then it is one of headings."""
    columns = [place for place, cell in enumerate(below) if not is_blank(cell)]
    values = [
        [cells[place] for _, cells in body if place < len(cells) and not is_blank(cells[place])]
        for place in columns
    ]
    others = sum(bool(column) and not any(map(is_text, column)) for column in values)
    return others * 2 >= len(columns)
