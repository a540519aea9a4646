"""The 14 kinds and their items, from `kinds.toml` and `items.toml`."""

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from tamamo.publishing.standard.model import Item, Kind

_AGES: Final = "@ages"
_BANDS: Final = (*((f"{low}-{low + 4}", low) for low in range(0, 85, 5)), ("85", 85))


class _Item(msgspec.Struct, forbid_unknown_fields=True):
    kind: str
    en: str
    aliases: tuple[str, ...] = ()
    attribute: str = ""
    unit: str = ""


class _Kind(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    ja: str
    en: str
    items: str
    hints: tuple[str, ...] = ()
    model: str | None = None
    category: str = ""
    choices: dict[str, tuple[str, ...]] = {}


@cache
def kinds() -> tuple[Kind, ...]:
    """Return the kinds in the standard's order."""
    known = msgspec.convert(_read("items.toml"), dict[str, _Item])
    told = msgspec.convert(_read("kinds.toml")["kinds"], list[_Kind])
    return tuple(
        Kind(
            one.id, number, one.ja, one.en, tuple(_items(one, known)),
            one.model, one.category, one.hints,
        )
        for number, one in enumerate(told, 1)
    )  # fmt: skip


def kind(name: str) -> Kind:
    """Return the kind of an id. Raises KeyError."""
    return _by_id()[name]


@cache
def _by_id() -> dict[str, Kind]:
    return {one.id: one for one in kinds()}


def _read(name: str) -> dict[str, object]:
    return tomllib.loads(files("tamamo.publishing.standard").joinpath(name).read_text("utf-8"))


def _items(one: _Kind, known: dict[str, _Item]) -> Iterator[Item]:
    for word in one.items.split("|"):
        if word == _AGES:
            yield from _ages()
            continue
        name = word.removesuffix("*")
        said = msgspec.to_builtins(known[name])
        yield msgspec.convert(
            said | {"name": name, "required": name != word, "choices": one.choices.get(name, ())},
            Item,
        )


def _ages() -> Iterator[Item]:
    """Return men and women of each five years; Takamatsu calls them man1, woman1, …"""
    for number, (band, low) in enumerate(_BANDS, 1):
        name, words = (f"{band}歳", f"aged {band}") if low < 85 else ("85歳以上", "aged 85 or more")
        for ja, en, short in (("男性", "Men", "man"), ("女性", "Women", "woman")):
            aliases = (f"{short}{number}", f"{ja}{name}", f"{name}{ja}")
            yield Item(f"{name}の{ja}", f"{en} {words}", "count", required=True, aliases=aliases)
