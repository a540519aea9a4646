"""The areas of an indicator's series: codes and names, from a file of the project's folder."""

from functools import cache
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from tamamo.plan.loading import convert, read_toml
from tamamo.plan.model import Filled, Text


class Area(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An area. labels: other names under which published files have it."""

    code: Filled
    ja: Filled
    en: Filled
    kind: Filled
    labels: list[Filled] = []

    @property
    def name(self) -> Text:
        """Its name in both languages."""
        return Text(ja=self.ja, en=self.en)


class Areas(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file: neighbours are compared with unless somebody chooses others."""

    area: Annotated[list[Area], Meta(min_length=1)]
    neighbours: list[Filled] = []

    def find(self, code: str) -> Area | None:
        """Return the area with that code."""
        return next((area for area in self.area if area.code == code), None)

    def labelled(self, label: str) -> Area | None:
        """Return the area that a published file calls so."""
        return next((a for a in self.area if label in (a.ja, *a.labels)), None)


@cache
def read_areas(file: Path) -> Areas:
    """Return the areas of a file. Raises BadPlan where it does not fit."""
    return convert(read_toml(file), Areas, file)
