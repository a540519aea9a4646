"""Checks of a declaration that need more than one member: each fault names file and member."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from tamamo.kernel.identity import Role
from tamamo.registers.declaration import (
    MOST_SORTED,
    RANGED,
    TEXTS,
    UNORDERED,
    Column,
    Editors,
    FilterKind,
    Register,
    Texts,
)

_KANA: Final = re.compile(r"[ぁ-ゖァ-ヺ]")
_PATTERN: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:[^{}\s]*\{(?P<key>\w+)\}[^{}\s]*")
_UNIT_CODE: Final = re.compile(r"[A-Z0-9]{2,3}")
#: The kinds of columns each kind of filter works on.
_FILTERED: Final[dict[FilterKind, frozenset[str]]] = {
    "choice": frozenset({"choice", "choices"}),
    "yes_no": frozenset({"boolean"}),
    "range": frozenset(RANGED),
    "text": TEXTS,
}
#: Names that mean something else in a list's URL.
RESERVED: Final = frozenset({"q", "sort", "page", "size", "bbox", "id", "view", "format", "lang"})


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a member of a file."""

    file: Path
    member: str
    text: str

    def line(self) -> str:
        """Return one line for a terminal."""
        return f"{self.file.name}: {self.member + ': ' if self.member else ''}{self.text}"


def faults_of(register: Register, file: Path) -> Iterator[Fault]:
    """Yield what is wrong with a register whose file has the right shape."""
    for member, text in [
        *_of_names(register),
        *_of_references(register),
        *_of_filters(register),
        *_of_columns(register),
        *_of_form(register),
        *_of_texts(register),
    ]:
        yield Fault(file, member, text)


_Found = Iterator[tuple[str, str]]


def _of_names(register: Register) -> _Found:
    declaration = register.declaration
    file = Path(register.file).stem
    if file != register.id:
        yield "id", f'"{register.id}" is not the file\'s name "{file}"'
    seen: set[str] = set()
    for place, column in enumerate(register.columns):
        if column.name in seen:
            yield f"columns[{place}].name", f'"{column.name}" stands twice'
        if column.name in RESERVED:
            yield f"columns[{place}].name", f'"{column.name}" has a meaning of its own in URLs'
        seen.add(column.name)
    pattern = _PATTERN.fullmatch(declaration.id_pattern)
    if pattern is None:
        yield "id_pattern", f"must be a URI with {{{declaration.key}}} in it once"
    elif pattern["key"] != declaration.key:
        yield "id_pattern", f'has {{{pattern["key"]}}}, but the key is "{declaration.key}"'


def _of_references(register: Register) -> _Found:
    declaration, known = register.declaration, {column.name for column in register.columns}
    named = {
        "key": [declaration.key],
        "heading": [declaration.heading],
        "sort": [declaration.sort.removeprefix("-")] if declaration.sort else [],
        "map": [declaration.map] if declaration.map else [],
        "filters": [one.column for one in declaration.filters],
        "sections": [name for section in declaration.sections for name in section.columns],
        "form.properties": list(declaration.form.get("properties", {})),
        "form.required": list(declaration.form.get("required", [])),
        "form.x-rising": [n for names in declaration.form.get("x-rising", []) for n in names],
    }
    for member, names in named.items():
        for name in names:
            if name not in known:
                yield member, f'"{name}" is no column'
    by_name = {column.name: column for column in register.columns}
    if declaration.map in known and by_name[declaration.map].kind != "point":
        yield "map", f'"{declaration.map}" is no point'
    sort = declaration.sort.removeprefix("-") or declaration.key
    if sort in known and by_name[sort] not in register.sortable:
        yield "sort", f'"{sort}" cannot be sorted by'
    editable = [column.name for column in register.columns if column.editable]
    placed = [name for section in declaration.sections for name in section.columns]
    if placed and sorted(placed) != sorted(editable):
        yield "sections", "must name each field that can be edited once"
    for member in ("form.properties", "form.required"):
        for name in named[member]:
            if name in known and name not in editable:
                yield member, f'"{name}" can be edited by nobody'


def _of_filters(register: Register) -> _Found:
    by_name = {column.name: column for column in register.columns}
    for place, one in enumerate(register.declaration.filters):
        column = by_name.get(one.column)
        if column is None:
            continue
        if column.live:
            yield f"filters[{place}].column", f'"{one.column}" is live: it has no index'
        if one.kind and column.kind not in _FILTERED[one.kind]:
            yield f"filters[{place}].kind", f"{one.kind} does not suit a {column.kind}"


def _of_columns(register: Register) -> _Found:
    if len(register.sortable) > MOST_SORTED:
        text = f"{len(register.sortable)} can be sorted by, at most {MOST_SORTED} are possible"
        yield "columns", f'{text}: say "sorted = false" for some'
    for place, column in enumerate(register.columns):
        for member, text in _of_column(column):
            yield f"columns[{place}].{member}", text
    for member in ("create", "delete"):
        yield from _of_editors(member, getattr(register.declaration, member))


def _of_column(column: Column) -> _Found:
    if bool(column.choices) != (column.kind in ("choice", "choices")):
        yield "choices", f'"{column.name}": choices belong to the kinds choice and choices'
    values = [choice.value for choice in column.choices]
    if len(set(values)) < len(values):
        yield "choices", "a value stands twice"
    if column.searched and column.kind not in TEXTS:
        yield "searched", f"a {column.kind} has no text to search"
    if column.live and (column.searched or column.editable):
        yield "live", "what is measured is neither searched nor edited"
    if column.sorted and column.kind in UNORDERED:
        yield "sorted", f"a {column.kind} has no order"
    if column.unit and column.kind not in ("number", "integer"):
        yield "unit", f"a {column.kind} has no unit"
    if column.unit and not _UNIT_CODE.fullmatch(column.unit):
        yield "unit", f'"{column.unit}" is no UN/CEFACT code'
    if not column.unit_label.isascii() and not set(column.unit_label) <= set("℃°²³µ％‰Ω"):
        yield "unit_label", f'"{column.unit_label}" is no sign that every language has'
    if bool(column.unit_label) and not column.unit:
        yield "unit_label", "has no unit"
    if column.member and column.kind in ("point", "choices"):
        yield "member", f"a {column.kind} is a whole attribute"
    yield from _of_editors("edit", column.edit)


def _of_editors(member: str, editors: Editors | None) -> _Found:
    for role in editors.roles if editors else ():
        if role not in {known.value for known in Role}:
            yield f"{member}.roles", f'"{role}" is no role'


def _of_form(register: Register) -> _Found:
    form = register.declaration.form
    try:
        Draft202012Validator.check_schema(form)
    except SchemaError as error:
        yield ".".join(["form", *map(str, error.absolute_path)]), error.message
    for name, schema in form.get("properties", {}).items():
        for keyword in ("type", "enum"):
            if keyword in schema:
                yield f"form.properties.{name}.{keyword}", "follows from the column's kind"
    for names in form.get("x-rising", []):
        kinds = {register.by_name[name].kind for name in names if name in register.by_name}
        if not kinds <= RANGED or len(names) < 2:
            yield "form.x-rising", "needs two or more columns of numbers or times"


def _of_texts(register: Register) -> _Found:
    declaration = register.declaration
    texts: list[tuple[str, Texts | None]] = [
        ("title", declaration.title), ("description", declaration.description),
    ]  # fmt: skip
    for place, column in enumerate(register.columns):
        texts += [
            (f"columns[{place}].label", column.label),
            (f"columns[{place}].help", column.help),
        ]
        texts += [
            (f"columns[{place}].choices", Texts(choice.ja, choice.en)) for choice in column.choices
        ]
    texts += [(f"sections[{i}].title", one.title) for i, one in enumerate(declaration.sections)]
    for member, text in texts:
        if text is not None and _KANA.search(text.en):
            yield f"{member}.en", "holds Japanese kana: translate it"
