"""What is said of a dataset beside its rows, in the words of DCAT, and the lists it is chosen from.

Themes and cycles are those of the EU vocabularies data-theme and frequency, which DCAT-AP asks for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Final

import msgspec

_Line = Annotated[str, msgspec.Meta(max_length=200)]
_Text = Annotated[str, msgspec.Meta(max_length=4000)]
_Id = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,40}$")]


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text in Japanese, and in English where somebody has written one."""

    ja: _Text = ""
    en: _Text = ""

    def in_(self, language: str) -> str:
        """Return the text in a language, else in the other one."""
        first, second = (self.en, self.ja) if language.startswith("en") else (self.ja, self.en)
        return first or second

    def __bool__(self) -> bool:
        return bool(self.ja or self.en)


class Metadata(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What people say of a dataset.

    unit: id of the unit of the town that answers for it. groups: ids of themes. standard: the kind
    of 自治体標準オープンデータセット it is. entities: its rows become entities of the broker.
    """

    title: Words
    description: Words = Words()
    unit: _Line = ""
    groups: tuple[_Id, ...] = ()
    tags: Annotated[
        tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=50)], ...],
        msgspec.Meta(max_length=30),
    ] = ()
    licence: _Id = "CC-BY-4.0"
    cycle: _Id = "irregular"
    contact: Words = Words()
    source: Words = Words()
    standard: _Line = ""
    entities: bool = False
    simulated: bool = False


class Theme(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A theme (CKAN: group) of datasets."""

    id: str
    title: Words
    uri: str


class Licence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Under what the data may be used. open: by anybody for anything, which is what 件 asks."""

    id: str
    title: Words
    url: str
    open: bool = True


class Cycle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often a dataset is brought up to date. days: after which it is overdue; None: never."""

    id: str
    title: Words
    uri: str
    days: int | None = None


class _Vocabulary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    theme: tuple[Theme, ...]
    licence: tuple[Licence, ...]
    cycle: tuple[Cycle, ...]


@cache
def _vocabulary() -> _Vocabulary:
    text = files(__package__).joinpath("vocabulary.toml").read_bytes()
    return msgspec.toml.decode(text, type=_Vocabulary)


THEMES: Final[Mapping[str, Theme]] = {one.id: one for one in _vocabulary().theme}
LICENCES: Final[Mapping[str, Licence]] = {one.id: one for one in _vocabulary().licence}
CYCLES: Final[Mapping[str, Cycle]] = {one.id: one for one in _vocabulary().cycle}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a member of the metadata."""

    member: str
    ja: str
    en: str


def faults_of(metadata: Metadata) -> list[Fault]:
    """Return what cannot be so."""
    faults = []
    if not metadata.title.ja.strip():
        ja = "題名（日本語）を入力してください"
        faults.append(Fault("title", ja, "A title in Japanese is needed"))
    for group in metadata.groups:
        if group not in THEMES:
            faults.append(Fault("groups", f"分類「{group}」はありません", f"No theme {group!r}"))
    if metadata.licence not in LICENCES:
        ja = f"ライセンス「{metadata.licence}」はありません"
        faults.append(Fault("licence", ja, f"No licence {metadata.licence!r}"))
    if metadata.cycle not in CYCLES:
        ja = f"更新頻度「{metadata.cycle}」はありません"
        faults.append(Fault("cycle", ja, f"No update cycle {metadata.cycle!r}"))
    return faults


def due_after(metadata: Metadata, changed: date) -> date | None:
    """Return when data changed on a day should be changed next; None: there is no such day."""
    days = CYCLES[metadata.cycle].days if metadata.cycle in CYCLES else None
    return None if days is None else changed + timedelta(days=days)


def stored(metadata: Metadata) -> dict[str, Any]:
    """Return metadata as JSON values."""
    told: dict[str, Any] = msgspec.to_builtins(metadata)
    return told


def from_stored(document: Mapping[str, Any]) -> Metadata:
    """Return metadata from JSON values. Raises msgspec.ValidationError."""
    return msgspec.convert(document, Metadata)
