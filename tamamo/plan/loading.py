"""Reads the plan's outline and the project folders into `model` structures.

A file that does not fit gives a `Fault` that names file and field; nothing is guessed.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tamamo.plan.model import Figures, Manifest, Mark, Outline, Record

PACKAGE = Path(__file__).resolve().parent
PROJECTS = PACKAGE.parent / "projects"
OUTLINE = PACKAGE / "outline.toml"

T = TypeVar("T")
_AT = re.compile(r" - at `\$\.?(?P<path>.*)`$")
_MISSING = re.compile(r"^Object missing required field `(?P<name>\w+)`")
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<name>\w+)`")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in one file. field is a path such as `name.en` or `indicator[0].unit`."""

    file: Path
    field: str
    message: str

    def line(self, base: Path) -> str:
        """Return the fault as one line, with the file relative to base where it lies below it."""
        shown = self.file.relative_to(base) if self.file.is_relative_to(base) else self.file
        where = f"{shown}: {self.field}" if self.field else str(shown)
        return f"{where}: {self.message}"


class BadPlan(Exception):
    """The plan's files cannot be used; faults say why."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(fault.line(PACKAGE.parent.parent) for fault in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Folder:
    """A project folder as read. figures is None where the report gives no figure."""

    path: Path
    manifest: Manifest
    record: Record
    figures: Figures | None

    @property
    def order(self) -> tuple[int, ...]:
        """Chapter, section and place in the section."""
        return tuple(int(part) for part in self.manifest.plan.split("-"))


def convert(raw: object, kind: type[T], file: Path) -> T:
    """Return raw as kind, or raise BadPlan with one fault that names the field."""
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        raise BadPlan([_fault(file, str(error))]) from error


def read_toml(file: Path) -> dict[str, Any]:
    """Return the file's table. Raises BadPlan when it is missing or not TOML."""
    try:
        return tomllib.loads(file.read_text("utf-8"), parse_float=Decimal)
    except FileNotFoundError as error:
        raise BadPlan([Fault(file, "", "the file is missing")]) from error
    except UnicodeDecodeError as error:
        raise BadPlan([Fault(file, "", "not UTF-8 text")]) from error
    except tomllib.TOMLDecodeError as error:
        raise BadPlan([Fault(file, "", f"not valid TOML: {error}")]) from error


def read_outline(file: Path = OUTLINE) -> Outline:
    """Return the plan's outline."""
    return convert(read_toml(file), Outline, file)


def read_folder(folder: Path) -> Folder:
    """Return one project folder. Raises BadPlan with a fault for each file that does not fit."""
    faults: list[Fault] = []
    parts: dict[str, Any] = {}
    for name, kind in (("project.toml", Manifest), ("record.toml", Record), ("kpi.toml", Figures)):
        file = folder / name
        if name == "kpi.toml" and not file.exists():
            continue
        try:
            raw = read_toml(file)
            if kind is Manifest:
                _check_marks(raw, file)
            parts[name] = convert(raw, kind, file)
        except BadPlan as bad:
            faults += bad.faults
    if faults:
        raise BadPlan(faults)
    return Folder(folder, parts["project.toml"], parts["record.toml"], parts.get("kpi.toml"))


def read_folders(projects: Path = PROJECTS) -> tuple[list[Folder], list[Fault]]:
    """Return the folders that can be read, in the plan's order, and the faults of the others."""
    folders: list[Folder] = []
    faults: list[Fault] = []
    for path in sorted(projects.iterdir()):
        if not path.is_dir() or path.name.startswith(("_", ".")):
            continue
        try:
            folders.append(read_folder(path))
        except BadPlan as bad:
            faults += bad.faults
    folders.sort(key=lambda folder: folder.order)
    return folders, faults


def _check_marks(raw: Mapping[str, Any], file: Path) -> None:
    """Convert quality marks one by one: msgspec does not name the key of a dictionary."""
    marks = raw.get("quality")
    if not isinstance(marks, dict):
        return
    faults = []
    for rule, mark in marks.items():
        try:
            msgspec.convert(mark, Mark)
        except msgspec.ValidationError:
            sentence = 'must be "done", "todo" or { exempt = { ja = "…", en = "…" } }'
            faults.append(Fault(file, f"quality.{rule}", f"{sentence}, not {mark!r}"))
    if faults:
        raise BadPlan(faults)


def _fault(file: Path, error: str) -> Fault:
    at = _AT.search(error)
    path = at["path"] if at else ""
    sentence = _AT.sub("", error)
    if missing := _MISSING.match(sentence):
        path = f"{path}.{missing['name']}".lstrip(".")
        sentence = "is missing"
        if missing["name"] in ("ja", "en"):
            sentence = "is missing: every text needs ja and en"
    elif unknown := _UNKNOWN.match(sentence):
        path = f"{path}.{unknown['name']}".lstrip(".")
        sentence = "is not a field of this file"
    elif sentence.endswith(r"regex '\\S'"):
        sentence = "is blank"
    return Fault(file, path, sentence)
