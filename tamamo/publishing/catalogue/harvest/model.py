"""What is known of the catalogues a town reads."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tamamo.kernel.errors import Problem
from tamamo.publishing.catalogue.entry import Entry
from tamamo.publishing.datasets import Words

Kind = Literal["ckan", "dcat"]
_PROBLEMS = "https://tamamo.example/problems/"


@dataclass(frozen=True, slots=True)
class Source:
    """A catalogue of others. read_at: when it was last read whole; error: why not since."""

    id: str
    kind: Kind
    url: str
    title: Words
    read_at: datetime | None
    tried_at: datetime | None
    error: str
    entries: int


@dataclass(frozen=True, slots=True)
class Read:
    """A whole catalogue."""

    title: Words
    entries: tuple[Entry, ...]
    #: What could not be read, in words; the rest was.
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A page of entries of all sources: source and entry; total: of all pages."""

    total: int
    entries: tuple[tuple[str, Entry], ...]


class UnknownSource(Problem):
    """The town reads no such catalogue (404)."""

    status, type, title = 404, _PROBLEMS + "unknown-source", "Unknown catalogue"


class SourceRefused(Problem):
    """The catalogue cannot be read so (422); nothing was changed."""

    status, type, title = 422, _PROBLEMS + "source-refused", "Catalogue not readable"
