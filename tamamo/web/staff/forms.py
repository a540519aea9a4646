"""The fields of a register's form, made from its declaration and what somebody typed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.http import QueryDict
from django.utils.translation import gettext as _

from tamamo.registers import Column, FieldError, Register
from tamamo.web.staff.cells import language

#: What stands before a column's name in the form, so that none takes the place of a control.
PREFIX: Final = "v."
#: What a column's texts are called in the engine: one, several, or those of a point's parts.
Typed = dict[str, str | list[str]]
_POINT: Final = ("latitude", "longitude")
_WIDTHS: Final = {"narrow": "input--short", "normal": "input--mid", "wide": ""}
_MODES: Final = {"integer": "numeric", "number": "decimal", "phone": "tel", "url": "url"}


@dataclass(frozen=True, slots=True)
class Option:
    """A choice of a field."""

    value: str
    label: str
    selected: bool


@dataclass(frozen=True, slots=True)
class Part:
    """One input of a field that has two."""

    name: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class FormField:
    """A field as a template draws it. kind: text, long, choice, choices or point."""

    name: str
    label: str
    kind: str
    text: str = ""
    help: str = ""
    unit: str = ""
    error: str = ""
    required: bool = False
    ticked: bool = False
    width: str = ""
    type: str = ""
    inputmode: str = ""
    maxlength: int | None = None
    options: tuple[Option, ...] = ()
    parts: tuple[Part, ...] = ()

    @property
    def described(self) -> str:
        """Ids of the texts that describe it: help, error, unit."""
        present = (("help", self.help), ("error", self.error), ("unit", self.unit))
        return " ".join(f"f-{self.name}-{name}" for name, text in present if text)


@dataclass(frozen=True, slots=True)
class Fault:
    """A line of the error summary. anchor: the field it leads to."""

    label: str
    text: str
    anchor: str = ""


def fields(
    register: Register,
    columns: Iterable[Column],
    typed: Mapping[str, str | Sequence[str]],
    errors: Sequence[FieldError] = (),
) -> list[FormField]:
    """Return the form's fields with what was typed and what is wrong with it."""
    wrong = {error.field: error.text(language()) for error in reversed(errors)}
    return [_field(register, column, typed, wrong.get(column.name, "")) for column in columns]


def for_many(
    register: Register,
    columns: Sequence[Column],
    typed: Mapping[str, str | Sequence[str]],
    errors: Sequence[FieldError],
    *,
    ticked: Iterable[str],
) -> list[FormField]:
    """Return the fields of a bulk edit: none has to be filled in, some are ticked."""
    chosen = {PREFIX + name for name in ticked}
    return [
        replace(field, required=False, ticked=field.name in chosen)
        for field in fields(register, columns, typed, errors)
    ]


@dataclass(frozen=True, slots=True)
class Group:
    """Fields under one heading."""

    title: str
    fields: list[FormField]


def groups(
    register: Register,
    columns: Sequence[Column],
    typed: Mapping[str, str | Sequence[str]],
    errors: Sequence[FieldError] = (),
) -> list[Group]:
    """Return the fields of a record's form under the declaration's headings."""
    sections = register.declaration.sections
    placed = {name for section in sections for name in section.columns}
    first = [column for column in columns if column.name not in placed]
    made = [Group("", fields(register, first, typed, errors))] if first else []
    for section in sections:
        own = [register.column(name) for name in section.columns]
        found = fields(register, [c for c in own if c in columns], typed, errors)
        if found:
            made.append(Group(section.title.in_(language()), found))
    return made


def faults(register: Register, errors: Sequence[FieldError]) -> list[Fault]:
    """Return the lines of the error summary, in the order of the form."""
    order = {column.name: place for place, column in enumerate(register.form)}
    listed = sorted(errors, key=lambda error: order.get(error.field, -1))
    return [Fault("", error.text(language()), _anchor(register, error.field)) for error in listed]


def typed_of(post: QueryDict, columns: Iterable[Column]) -> Typed:
    """Return what was typed into the fields of some columns, as the engine reads it."""
    typed: Typed = {}
    for column in columns:
        if column.kind == "point":
            for part in _POINT:
                name = f"{column.name}.{part}"
                typed[name] = post.get(PREFIX + name, "")
        elif column.kind == "choices":
            typed[column.name] = post.getlist(PREFIX + column.name)
        else:
            typed[column.name] = post.get(PREFIX + column.name, "")
    return typed


def hidden(typed: Mapping[str, str | Sequence[str]]) -> list[tuple[str, str]]:
    """Return what was typed as hidden inputs of the next page."""
    return [
        (PREFIX + name, text)
        for name, value in typed.items()
        for text in ([value] if isinstance(value, str) else value)
    ]


def texts_of(typed: Mapping[str, str | Sequence[str]], column: Column) -> Typed:
    """Return those of the texts that belong to a column."""
    names = {column.name, *(f"{column.name}.{part}" for part in _POINT)}
    return {
        name: value if isinstance(value, str) else list(value)
        for name, value in typed.items()
        if name in names
    }


def _anchor(register: Register, name: str) -> str:
    """Return the id of the control somebody goes to from the summary."""
    if name not in register.by_name:
        return ""
    part = f".{_POINT[0]}" if register.column(name).kind == "point" else ""
    return f"f-{PREFIX}{name}{part}"


def _field(
    register: Register,
    column: Column,
    typed: Mapping[str, str | Sequence[str]],
    error: str,
) -> FormField:
    value = typed.get(column.name, "")
    text = value if isinstance(value, str) else ""
    form = register.declaration.form
    schema = form.get("properties", {}).get(column.name, {})
    return FormField(
        name=PREFIX + column.name,
        label=column.label.in_(language()),
        kind=_kind(column),
        text=text,
        help=_help(column),
        unit=column.unit_label,
        error=error,
        required=column is register.key or column.name in form.get("required", ()),
        width=_WIDTHS.get(column.width, ""),
        type={"date": "date", "url": "url", "phone": "tel"}.get(column.kind, ""),
        inputmode=_MODES.get(column.kind, ""),
        maxlength=schema.get("maxLength"),
        options=_options(column, value),
        parts=_parts(column, typed),
    )


def _kind(column: Column) -> str:
    if column.kind in ("choice", "boolean"):
        return "choice"
    return {"paragraph": "long", "choices": "choices", "point": "point"}.get(column.kind, "text")


def _help(column: Column) -> str:
    return column.help.in_(language()) if column.help else ""


def _options(column: Column, value: str | Sequence[str]) -> tuple[Option, ...]:
    chosen = {value} if isinstance(value, str) else set(value)
    if column.kind == "boolean":
        pairs = [("", "—"), ("yes", _("Yes")), ("no", _("No"))]
    elif column.kind in ("choice", "choices"):
        pairs = [(choice.value, choice.in_(language())) for choice in column.choices]
        # A value that is no choice (any more) is kept until somebody chooses another.
        known = {name for name, _label in pairs}
        pairs += [(other, other) for other in sorted(chosen - known) if other]
        if column.kind == "choice":
            pairs.insert(0, ("", "—"))
    else:
        return ()
    return tuple(Option(name, label, name in chosen) for name, label in pairs)


def _parts(column: Column, typed: Mapping[str, str | Sequence[str]]) -> tuple[Part, ...]:
    if column.kind != "point":
        return ()
    labels = (_("Latitude"), _("Longitude"))
    return tuple(
        Part(f"{PREFIX}{column.name}.{part}", label, str(typed.get(f"{column.name}.{part}", "")))
        for part, label in zip(_POINT, labels, strict=True)
    )
