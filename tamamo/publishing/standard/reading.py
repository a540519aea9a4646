"""A table read as one kind: rows of the standard, and what was wrong on the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tamamo.publishing.standard import cells
from tamamo.publishing.standard.kinds import kind
from tamamo.publishing.standard.matching import match
from tamamo.publishing.standard.model import Column, Item, Match, Scalar, Town

#: Values of an item that are remembered, so that a repeated one is read once.
_REMEMBERED: Final = 20_000
_LATITUDE, _LONGITUDE = "緯度", "経度"
#: A total and its parts.
_SUMS: Final = (
    ("総人口", ("男性", "女性")),
    ("男性トイレ総数", ("男性トイレ数（小便器）", "男性トイレ数（和式）", "男性トイレ数（洋式）")),
    ("女性トイレ総数", ("女性トイレ数（和式）", "女性トイレ数（洋式）")),
    ("男女共用トイレ総数", ("男女共用トイレ数（和式）", "男女共用トイレ数（洋式）")),
)
_ORDERS: Final = (("開始日", "終了日"), ("登録日", "最終更新日"))


@dataclass(frozen=True, slots=True)
class Found:
    """What is wrong with one cell. should None: a person must decide."""

    item: Item
    code: str
    now: str
    should: str | None


@dataclass(slots=True)
class Reader:
    """Reads rows of one table as rows of one kind."""

    name: str
    town: Town
    matches: tuple[Match, ...]
    _items: tuple[tuple[Item, str | None], ...] = ()
    _known: dict[tuple[str, Scalar], cells.Settled] = field(default_factory=dict)
    _sums: tuple[tuple[Item, tuple[str, ...]], ...] = ()

    @classmethod
    def of(
        cls,
        name: str,
        columns: Sequence[Column],
        town: Town | None,
        mapping: Mapping[str, str] | None,
    ) -> "Reader":
        """Return a reader of tables with these columns. Raises KeyError for an unknown kind."""
        matches = match(name, columns, mapping)
        held = {one.item: one.column for one in matches}
        items = tuple((item, held[item.name]) for item in kind(name).items)
        by_name = {item.name: item for item, column in items if column}
        sums = tuple(
            (by_name[total], parts)
            for total, parts in _sums_of(name)
            if total in by_name and all(part in by_name for part in parts)
        )
        return cls(name, town or Town(), matches, items, {}, sums)

    def read(self, values: Mapping[str, Scalar]) -> tuple[dict[str, Scalar], list[Found]]:
        """Return the row of the standard, all items in order, and what was wrong.

        What cannot be settled stays as it came. Items without a column are None, but for those
        that say whose data it is.
        """
        row: dict[str, Scalar] = {}
        found: list[Found] = []
        for item, column in self._items:
            value = values.get(column) if column else None
            settled, code = self._settle(item, value)
            if code:
                text = cells.text_of(value)
                found.append(Found(item, code, text, None if settled is None else _said(settled)))
                row[item.name] = text if settled is None else settled if settled != "" else None
            else:
                row[item.name] = settled
        self._relate(row, found)
        self._fill(row)
        return row, found

    def _settle(self, item: Item, value: Scalar) -> cells.Settled:
        if value is None:
            return None, ""
        # 1 and True are one key of a dictionary, and not one value.
        key = (item.name, cells.text_of(value) if isinstance(value, bool) else value)
        known = self._known.get(key)
        if known is None:
            known = cells.settle(item, value, self.town)
            if len(self._known) < _REMEMBERED:
                self._known[key] = known
        return known

    def _relate(self, row: dict[str, Scalar], found: list[Found]) -> None:
        """Look at what cells of one row say together."""
        codes = {one.item.name: one for one in found}
        self._unswap(row, found, codes)
        self._price(row, codes)
        for first, last in _ORDERS:
            begin, end = row.get(first), row.get(last)
            if first not in codes and last not in codes and begin and end and str(end) < str(begin):
                found.append(Found(self._item(last), "dates_order", str(end), None))
        for item, parts in self._sums:
            total, summands = row[item.name], [row[part] for part in parts]
            if isinstance(total, int) and all(isinstance(one, int) for one in summands):
                whole = sum(one for one in summands if isinstance(one, int))
                if whole != total:
                    found.append(Found(item, "sum", str(total), None))

    def _unswap(
        self, row: dict[str, Scalar], found: list[Found], codes: Mapping[str, Found]
    ) -> None:
        """Set right a latitude and a longitude that stand in each other's place."""
        if {_LATITUDE, _LONGITUDE} - codes.keys():
            return
        pair = codes[_LATITUDE], codes[_LONGITUDE]
        if any(one.code != "coordinate_range" for one in pair):
            return
        other = [cells.settle(one.item, two.now, self.town) for one, two in (pair, pair[::-1])]
        if any(value is None for value, _ in other):
            return
        for one, (value, _) in zip(pair, other, strict=True):
            row[one.item.name] = value
            found[found.index(one)] = Found(one.item, "coordinates_swapped", one.now, _said(value))

    def _price(self, row: dict[str, Scalar], codes: Mapping[str, Found]) -> None:
        """Move a price in words to where the standard has it."""
        basic = codes.get("料金(基本)")
        if basic and basic.code == "amount_text":
            row["料金(基本)"] = None
            row["料金(詳細)"] = row.get("料金(詳細)") or basic.now.strip()

    def _fill(self, row: dict[str, Scalar]) -> None:
        """Say whose data it is, where the table does not."""
        for item, _ in self._items:
            if row[item.name] is not None:
                continue
            if item.kind == "municipality" and self.town.code:
                row[item.name] = cells.settle(item, self.town.code, self.town)[0]
            elif item.kind == "prefecture":
                row[item.name] = self.town.prefecture or None
            elif item.kind == "city":
                row[item.name] = self.town.city or None

    def _item(self, name: str) -> Item:
        return next(item for item, _ in self._items if item.name == name)


def _sums_of(name: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if name != "population":
        return _SUMS
    ages = tuple(
        (whole, tuple(item.name for item in kind(name).items if item.name.endswith(f"の{whole}")))
        for whole in ("男性", "女性")
    )
    return (*_SUMS, *ages)


def _said(value: Scalar) -> str:
    return "" if value is None else cells.text_of(value)
