"""Who asks: what a request, or this broker itself, brings along to other sources."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tamamo.context.jsonld import TermMap
from tamamo.kernel.identity.reach import EVERYTHING, Reach

#: Sources a request may have come through; beyond, it is taken to go round and round.
MAX_HOPS: Final = 30

#: Bytes that the answers of all sources to one request may have together.
MAX_TOGETHER: Final = 64 * 1024 * 1024

_COMMENT = re.compile(r"\([^()]*\)")


@dataclass(slots=True)
class Room:
    """How many bytes sources may still answer: all is held in memory until it is put together."""

    left: int = MAX_TOGETHER

    def take(self, size: int) -> None:
        """Note what was answered."""
        self.left = max(0, self.left - size)


@dataclass(frozen=True, slots=True)
class Caller:
    """One request on its way through this broker.

    alias: this broker as the request's tenant (5.2.40). via: the field values of its Via headers
    in order. headers: its own headers, for what contextSourceInfo takes from them. reach: what of
    the sources' answers may be read.
    """

    tenant: str
    terms: TermMap
    alias: str
    via: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    room: Room = field(default_factory=Room, compare=False)
    reach: Reach = EVERYTHING

    @property
    def met(self) -> frozenset[str]:
        """The sources it came through, this broker too when it was here before."""
        return frozenset(pseudonym_of(value) for value in self.via)

    @property
    def goes_round(self) -> bool:
        """Whether it was here before, or comes through too many sources to believe."""
        return bool(self.via) and (self.alias in self.met or len(self.via) > MAX_HOPS)

    @property
    def via_header(self) -> str:
        """The Via header for the requests that follow from this one (6.3.18)."""
        return ", ".join((*self.via, f"1.1 {self.alias}"))


def read_via(headers: Iterable[str]) -> tuple[str, ...]:
    """Return the field values of Via headers (RFC 7230, 5.7.1), comments left out."""
    values = (value for header in headers for value in _COMMENT.sub("", header).split(","))
    return tuple(value.strip() for value in values if value.strip())


def pseudonym_of(value: str) -> str:
    """Return the host or pseudonym of a Via value: `1.1 alias`; some senders leave out the 1.1."""
    return value.split()[1] if " " in value else value
