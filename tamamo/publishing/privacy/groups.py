"""Rows as groups of people alike: how small the smallest is.

pycanon computes k in a process of its own: pandas, which it stands on, would stay in memory.
"""

import subprocess
import sys
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import msgspec
import structlog

from tamamo.publishing.privacy import values
from tamamo.publishing.privacy.model import Rare
from tamamo.publishing.standard.cells import text_of
from tamamo.publishing.standard.model import Scalar

_LOG: Final = structlog.get_logger(__name__)
_MODULE: Final = "tamamo.publishing.privacy.anonymity"
#: How long the process may take, seconds; a million rows of five columns take about ten.
_PATIENCE: Final = 300
MOST_RARE: Final = 50
#: Longest value of a quasi-identifier that the report holds whole.
_SHORT: Final = 8


class Answer(msgspec.Struct, frozen=True):
    """What the process answers: k, and the small groups as (codes of values, size, first row)."""

    k: int
    below: int
    small: list[tuple[list[int], int, int]]


@dataclass(frozen=True, slots=True)
class Found:
    """How small groups are. by: who computed k."""

    k: int | None = None
    by: Literal["pycanon", "count", ""] = ""
    below: int = 0
    rare: tuple[Rare, ...] = ()


class Groups:
    """The values of quasi-identifiers of all rows, as codes: four bytes for each."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._codes: list[array[int]] = [array("I") for _ in names]
        self._texts: list[dict[str, int]] = [{} for _ in names]
        self._rows = array("I")

    def see(self, number: int, row: Mapping[str, Scalar]) -> None:
        """Take a row."""
        if not self._names:
            return
        self._rows.append(number)
        for name, codes, texts in zip(self._names, self._codes, self._texts, strict=True):
            text = text_of(row.get(name)).strip()
            codes.append(texts.setdefault(text, len(texts)))

    def smallest(self, threshold: int) -> Found:
        """Return how small the groups are; nothing without quasi-identifiers or rows."""
        if not self._names or not self._rows:
            return Found()
        answer, by = self._ask(threshold)
        known = [list(texts) for texts in self._texts]
        rare = tuple(
            Rare(
                self._rows[first],
                {self._names[n]: _shown(known[n][code]) for n, code in enumerate(codes)},
                size,
            )
            for codes, size, first in answer.small
        )
        return Found(answer.k, by, answer.below, rare)

    def _ask(self, threshold: int) -> tuple[Answer, Literal["pycanon", "count"]]:
        words = [sys.executable, "-m", _MODULE, str(threshold), str(len(self._names))]
        told = b"".join(codes.tobytes() for codes in self._codes)
        try:
            done = subprocess.run(
                words, input=told, capture_output=True, timeout=_PATIENCE, check=True
            )
            return msgspec.json.decode(done.stdout, type=Answer), "pycanon"
        except (subprocess.SubprocessError, OSError, msgspec.DecodeError) as error:
            said = getattr(error, "stderr", None) or b""
            _LOG.warning("k without pycanon", error=repr(error), said=repr(said[-500:]))
            return self._count(threshold), "count"

    def _count(self, threshold: int) -> Answer:
        """Count the groups here, where the process failed."""
        groups = Counter(zip(*self._codes, strict=True))
        firsts: dict[tuple[int, ...], int] = {}
        for place, codes in enumerate(zip(*self._codes, strict=True)):
            firsts.setdefault(codes, place)
        small = sorted((size, codes) for codes, size in groups.items() if size < threshold)
        return Answer(
            min(groups.values()),
            sum(size for size, _ in small),
            [(list(codes), size, firsts[codes]) for size, codes in small[:MOST_RARE]],
        )


def _shown(text: str) -> str:
    """Return a value as the report may hold it: a band or a district, but no whole birthday."""
    return text if len(text) <= _SHORT else values.masked(text, 4)
