"""Which column holds which item, and which kind a table is."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from math import log
from typing import Final

from tamamo.publishing.standard.kinds import kind, kinds
from tamamo.publishing.standard.model import Column, Guess, Item, Match

#: Marks that say nothing in a header.
_MARKS: Final = re.compile(r"[\s_\-‐‑–—―・･.,、。:：;()\[\]【】「」『』<>〈〉*※#№/\\'\"~〜]+")
#: Headers of columns that hold both coordinates in one cell, as Takamatsu's files until 2022 did.
JOINED: Final = frozenset({"location", "緯度経度", "位置情報", "座標", "coordinates"})
_COORDINATES: Final = frozenset({"latitude", "longitude"})
_LEAST: Final = 0.2
_HINT: Final = 0.3
#: Share of a kind's items that a table has where it is one.
_ENOUGH: Final = 0.3
#: The kind of any list of places that is no other.
_GENERAL: Final = "facilities"
#: What a column weighs that no kind knows, as a share of one that a single kind knows.
_FOREIGN: Final = 0.4


def folded(header: str) -> str:
    """Return a header without width, case and marks: `名称_カナ` and `名称 ｶﾅ` are one."""
    text = unicodedata.normalize("NFKC", header).casefold()
    return _MARKS.sub("", text) or text.strip()


def match(
    name: str, columns: Sequence[Column], mapping: Mapping[str, str] | None = None
) -> tuple[Match, ...]:
    """Return for each item of a kind the column that holds it.

    mapping: item → column name, what a person settled; an empty name: no column. Raises KeyError
    for a kind there is not.
    """
    items = kind(name).items
    taken = _given(items, columns, mapping or {})
    used = {column for column in taken.values() if column}
    for _, item, position in sorted(_candidates(items, columns)):
        column = columns[position]
        joined = items[item].kind in _COORDINATES and _is_joined(column)
        if items[item].name in taken or (column.name in used and not joined):
            continue
        taken[items[item].name] = column.name
        used.add(column.name)
    by_name = {column.name: column for column in columns}
    return tuple(_match(item, taken.get(item.name) or None, by_name) for item in items)


def unmatched(
    name: str, columns: Sequence[Column], mapping: Mapping[str, str] | None = None
) -> list[Column]:
    """Return the columns that hold no item of a kind."""
    used = {one.column for one in match(name, columns, mapping)}
    return [column for column in columns if column.name not in used]


def guess(columns: Sequence[Column], title: str = "") -> list[Guess]:
    """Return the kinds a table may be, the likeliest first; none below 0.2.

    title: name of the file, sheet or dataset. A column counts the more, the fewer kinds know it;
    required items that are missing count against a kind.
    """
    known = {column.name: _kinds_with(column) for column in columns}
    found = [Guess(one.id, _confidence(one.id, columns, known, title)) for one in kinds()]
    likely = [one for one in found if one.confidence >= _LEAST]
    return sorted(likely, key=lambda one: -one.confidence)


def words_of(column: Column) -> list[str]:
    """Return what a column is called, folded: its header, its label, its name."""
    return [folded(text) for text in (column.header, column.label, column.name) if text.strip()]


def _confidence(
    name: str, columns: Sequence[Column], known: Mapping[str, frozenset[str]], title: str
) -> float:
    matches = match(name, columns)
    held = {one.column for one in matches if one.column}
    if not held:
        return 0.0
    whole = log(1 + len(kinds()))
    weights = {
        column.name: log(1 + len(kinds()) / len(known[column.name]))
        if known[column.name]
        else _FOREIGN * whole
        for column in columns
    }
    fitting = sum(weights[column] for column in held) / sum(weights.values())
    required = [item.name for item in kind(name).items if item.required and item.kind != "kana"]
    by_item = {one.item: one.column for one in matches}
    present = sum(1 for item in required if by_item[item]) / len(required)
    # A list whose every column any list has (name, address, telephone) is of no kind for sure.
    special = any(column and len(known[column]) <= 3 for column in held)
    general = 0.7 if name == _GENERAL else 0.6
    sure = (fitting + present) / 2 * (1.0 if special else general)
    # Three columns out of thirty prove nothing, however well they fit.
    sure *= min(1.0, len(held) / (_ENOUGH * len(kind(name).items)))
    hinted = _HINT if any(folded(hint) in folded(title) for hint in kind(name).hints) else 0.0
    return round(min(1.0, sure * (1 - hinted) + hinted if hinted else sure), 3)


def _kinds_with(column: Column) -> frozenset[str]:
    words = frozenset(words_of(column))
    return frozenset(one.id for one in kinds() if words & _words_of_kind(one.id))


@cache
def _words_of_kind(name: str) -> frozenset[str]:
    joined = JOINED if kind(name).geographic else frozenset()
    return frozenset(word for item in kind(name).items for word in _words(item)) | joined


@cache
def _words(item: Item) -> tuple[str, ...]:
    return tuple(dict.fromkeys(folded(word) for word in (item.name, *item.aliases)))


def _candidates(items: Sequence[Item], columns: Sequence[Column]) -> Iterable[tuple[int, int, int]]:
    """Yield how far a column is from an item's name, the item's place, the column's."""
    named = [words_of(column) for column in columns]
    for number, item in enumerate(items):
        ranks = {word: rank for rank, word in enumerate(_words(item))}
        for position, words in enumerate(named):
            near = [ranks[word] for word in words if word in ranks]
            if near:
                yield min(near), number, position
            elif item.kind in _COORDINATES and _is_joined(columns[position]):
                yield len(ranks), number, position


def _given(
    items: Sequence[Item], columns: Sequence[Column], mapping: Mapping[str, str]
) -> dict[str, str]:
    """Return what a person settled, as far as it is still there."""
    names = {item.name for item in items}
    there = {column.name for column in columns} | {""}
    return {item: column for item, column in mapping.items() if item in names and column in there}


def _is_joined(column: Column) -> bool:
    return not JOINED.isdisjoint(words_of(column))


def _match(item: Item, column: str | None, by_name: Mapping[str, Column]) -> Match:
    if column is None:
        return Match(item.name)
    one = by_name[column]
    return Match(item.name, column, (one.header or one.label or one.name).strip() == item.name)
