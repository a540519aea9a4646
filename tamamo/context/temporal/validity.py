"""When an entity was in a scope (clauses 4.18, 5.7.4.4, annex C.5.16).

A scope holds from the moment it was set until it is replaced or removed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tamamo.context.temporal.request import Wanted
from tamamo.context.temporal.rows import SCOPE
from tamamo.context.temporal.window import Found, Series
from tamamo.kernel.time import to_text

_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Validity:
    """The times, each from a start up to but not including an end, in which something holds.

    scopes: the scope history itself, as (from, until, scopes).
    """

    spans: tuple[tuple[datetime, datetime], ...]
    scopes: tuple[tuple[datetime, datetime, tuple[str, ...]], ...] = ()

    @classmethod
    def always(cls) -> "Validity":
        """Return that which holds for ever."""
        return cls(((_FIRST, _LAST),))

    @classmethod
    def of(
        cls,
        history: Sequence[tuple[datetime, Sequence[str]]],
        matches: Callable[[Sequence[str]], bool],
    ) -> "Validity":
        """Return when a scope that matches held, given each scope and since when."""
        ends = [start for start, _ in history[1:]] + [_LAST]
        scopes = tuple(
            (start, end, tuple(scope))
            for (start, scope), end in zip(history, ends, strict=True)
            if scope and matches(scope)
        )
        return cls(tuple((start, end) for start, end, _ in scopes), scopes)

    def holds(self, moment: datetime) -> bool:
        """Whether it holds at a moment."""
        return any(start <= moment < end for start, end in self.spans)

    def touches(self, start: datetime | None, end: datetime | None) -> bool:
        """Whether it holds at some time of a range."""
        return any(low < (end or _LAST) and high > (start or _FIRST) for low, high in self.spans)


def shorten(series: Series, validity: Mapping[str, Validity], wanted: Wanted) -> None:
    """Keep the instances of the times in which the scope held, as many as were asked for.

    The scope that held at the beginning of the range is shown although it was set before it.
    """
    for entity_id, attrs in series.items():
        valid = validity[entity_id]
        for attr in list(attrs):
            if attr == SCOPE:
                continue
            kept = [found for found in attrs[attr] if valid.holds(found.at)]
            attrs[attr] = kept[-wanted.limit :] if wanted.backwards else kept[: wanted.limit]
            if not kept:
                del attrs[attr]
        if valid.scopes:
            attrs[SCOPE] = [
                Found(start, "", {"type": "Property", "value": list(scopes), **_times(start)})
                for start, end, scopes in valid.scopes
                if Validity(((start, end),)).touches(wanted.times.start, wanted.times.end)
            ]


def _times(start: datetime) -> dict[str, str]:
    return {"observedAt": to_text(start)}
