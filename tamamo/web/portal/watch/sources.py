"""Data sources in words, in the language of the page."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.translation import pgettext

from tamamo.feeds import counting
from tamamo.feeds.counting import Source
from tamamo.web.portal import exports
from tamamo.web.portal.names import local_text

#: How a state of a feed looks: the classes of the states of values.
_LOOKS: Final = {
    "ok": "normal",
    "late": "late",
    "never": "missing",
    "silent": "missing",
    "invalid": "error",
    "unauthorised": "error",
}
FIELDS: Final = exports.fields(
    "id name_ja name_en publisher licence interval_seconds received_at newest_at state kinds "
    "simulated counted"
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A source as a row of the page."""

    name: str
    publisher: str
    licence: str
    interval: timedelta | None
    received_at: datetime | None
    newest_at: datetime | None
    state: str
    look: str
    kinds: list[str]
    simulated: bool


def shown(source: Source, japanese: bool) -> Shown:
    """Return a source in the language of the page."""
    known = counting.kinds()
    kinds = [known[kind] for kind in source.kinds if kind in known]
    return Shown(
        source.name_ja if japanese else source.name_en,
        local_text(source.publisher),
        source.licence,
        source.interval,
        source.received_at,
        source.newest_at,
        state_word(source.state),
        _LOOKS[source.state],
        [kind.ja if japanese else kind.en for kind in kinds],
        source.simulated,
    )


def state_word(state: str) -> str:
    """Return the word for a source's state, as residents read it."""
    return {
        "ok": pgettext("source", "Arriving"),
        "late": pgettext("source", "Late"),
        "silent": pgettext("source", "Silent"),
        "invalid": pgettext("source", "Invalid"),
        "unauthorised": pgettext("source", "Not authorised"),
        "never": pgettext("source", "Nothing yet"),
    }[state]


def rules(japanese: bool) -> tuple[str, str]:
    """Return the two counting rules."""
    both = (counting.SOURCES_RULE, counting.KINDS_RULE)
    first, second = (rule.ja if japanese else rule.en for rule in both)
    return first, second


def row(source: Source) -> dict[str, Any]:
    """Return a source as an export row."""
    return {
        "id": source.id,
        "name_ja": source.name_ja,
        "name_en": source.name_en,
        "publisher": source.publisher,
        "licence": source.licence,
        "interval_seconds": source.interval.total_seconds() if source.interval else None,
        "received_at": exports.moment_text(source.received_at),
        "newest_at": exports.moment_text(source.newest_at),
        "state": source.state,
        "kinds": " ".join(source.kinds),
        "simulated": source.simulated,
        "counted": source.counted,
    }
