"""Cutting an answer in time when not all instances fit (clause 6.3.10): pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from tamamo.context.model.entity import Instance
from tamamo.kernel.time import to_text


class Found(NamedTuple):
    """One instance of the history, and its value of the time property asked about."""

    at: datetime
    instance_id: str
    instance: Instance


#: Entity id → attribute IRI → instances, oldest first.
Series = dict[str, dict[str, list[Found]]]


@dataclass(frozen=True, slots=True)
class Cut:
    """The times an incomplete answer covers; both ends are in it."""

    oldest: datetime
    newest: datetime


def cut(series: Series, limit: int, page_size: int, *, backwards: bool) -> Cut | None:
    """Shorten the series to the time range all attributes are complete in.

    An attribute with as many instances as the page holds may have more: nobody has looked. Then
    all are cut where it ends, so that the client can go on from there and misses nothing; an
    attribute whose instances all lie behind that stays, empty. None: the answer is complete.
    """
    if limit < page_size:  # the client wanted fewer than fit
        return None
    full = [
        found[0].at if backwards else found[-1].at
        for attrs in series.values()
        for found in attrs.values()
        if len(found) >= limit
    ]
    if not full:
        return None
    edge = max(full) if backwards else min(full)
    for attrs in series.values():
        for attr, found in attrs.items():
            attrs[attr] = [f for f in found if (f.at >= edge if backwards else f.at <= edge)]
    times = [f.at for attrs in series.values() for found in attrs.values() for f in found]
    return Cut(min(times), max(times))


def content_range(
    covered: Cut,
    start: datetime | None,
    end: datetime | None,
    last_n: int | None,
) -> str:
    """Return the Content-Range of an incomplete answer. start, end: the bounds asked for.

    Clause 6.3.10 calls the unit DateTime; the conformance suite and the brokers in use write
    `date-time`, as clients expect it.
    """
    if last_n is not None:
        first, last, size = end or covered.newest, covered.oldest, str(last_n)
    else:
        first, last, size = start or covered.oldest, covered.newest, "*"
    return f"date-time {to_text(first)}-{to_text(last)}/{size}"
