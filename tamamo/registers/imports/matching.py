"""Which column of a file is which of the register: by name, label and aliases."""

from collections.abc import Iterator, Sequence
from typing import Final

from tamamo.feeds.readers.table import Table, normal
from tamamo.registers.declaration import Column, Register
from tamamo.registers.exports import ID
from tamamo.registers.imports.model import ImportRefused, Matching

#: Stands for the entity's id in a matching.
ENTITY_ID: Final = "@id"
_LATITUDE: Final = ("latitude", "lat", "緯度", "y")
_LONGITUDE: Final = ("longitude", "lon", "lng", "経度", "x")


def targets(register: Register, allowed: frozenset[str]) -> list[str]:
    """Return what a file's column can be matched to: fields that may be written, key, id."""
    found = [register.key.name, ENTITY_ID]
    for column in register.form:
        if column.name in allowed and column is not register.key:
            found += _parts(column)
    return found


def _parts(column: Column) -> list[str]:
    if column.kind == "point":
        return [f"{column.name}.latitude", f"{column.name}.longitude"]
    return [column.name]


def key_names(register: Register) -> list[str]:
    """Return the header names by which the key is recognised."""
    return [ID, *_names(register.key)]


def guess(
    register: Register, columns: Sequence[str], allowed: frozenset[str]
) -> dict[str, str | None]:
    """Return what each of the file's columns most probably is; None: nothing."""
    wanted = list(_wanted(register, allowed))
    matching: dict[str, str | None] = dict.fromkeys((c for c in columns if normal(c)), None)
    taken: set[str] = set()
    for name in matching:
        for target, names in wanted:
            if target not in taken and normal(name).casefold() in names:
                matching[name] = target
                taken.add(target)
                break
    return matching


def _wanted(register: Register, allowed: frozenset[str]) -> Iterator[tuple[str, set[str]]]:
    yield ENTITY_ID, {_fold(ID)}
    yield register.key.name, {_fold(name) for name in _names(register.key)}
    for column in register.form:
        if column.name not in allowed or column is register.key:
            continue
        if column.kind == "point":
            for end, names in (("latitude", _LATITUDE), ("longitude", _LONGITUDE)):
                own = f"{column.name}.{end}"
                yield own, {_fold(name) for name in (own, *names)}
        else:
            yield column.name, {_fold(name) for name in _names(column)}


def _names(column: Column) -> tuple[str, ...]:
    return (column.name, column.label.ja, column.label.en, *column.aliases)


def _fold(name: str) -> str:
    return normal(name).casefold()


def check(register: Register, table: Table, matching: Matching, allowed: frozenset[str]) -> None:
    """Raise ImportRefused when a matching cannot be carried out."""
    known = set(targets(register, allowed))
    columns = {normal(column) for column in table.columns}
    used = [target for target in matching.values() if target]
    for name, target in matching.items():
        if target and (target not in known or normal(name) not in columns):
            ja = f"「{name}」を「{target}」に対応させることはできません"
            raise ImportRefused("no_match", ja, f"{name!r} cannot be matched to {target!r}")
    for target in used:
        if used.count(target) > 1:
            ja = f"「{target}」に二つの列が対応しています"
            raise ImportRefused("twice", ja, f"Two columns are matched to {target!r}")
    if register.key.name not in used and ENTITY_ID not in used:
        label = register.key.label
        ja = f"「{label.ja}」に対応する列を選んでください（記録を見分けるために必要です）"
        raise ImportRefused("no_key", ja, f"Match a column to {label.en!r}: it tells records apart")
    for end in ("latitude", "longitude"):
        other = "longitude" if end == "latitude" else "latitude"
        for target in used:
            if target.endswith(f".{end}") and target.removesuffix(end) + other not in used:
                ja, en = "緯度と経度は両方選んでください", "Match both latitude and longitude"
                raise ImportRefused("half_a_place", ja, en)
