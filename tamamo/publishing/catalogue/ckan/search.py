"""What a client asks of `package_search`, in the part of Solr's language that clients write.

Understood are words and phrases, `field:value`, `field:"a value"`, `field:(a AND b)`, `+` before a
condition, AND between conditions, and a range of `metadata_modified`. What is not understood is
said (Search Query Error): an answer to another question than the one asked would be worse.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from tamamo.publishing.catalogue.ckan.errors import SearchError
from tamamo.publishing.catalogue.forms import form_of

#: Conditions that hold for every dataset here, with the value for which they do.
_ALWAYS: Final[Mapping[str, frozenset[str]]] = {
    "state": frozenset({"active"}),
    "type": frozenset({"dataset"}),
    "dataset_type": frozenset({"dataset"}),
    "entity_type": frozenset({"package"}),
    "capacity": frozenset({"public"}),
    "private": frozenset({"false"}),
    "site_id": frozenset(),  # whatever it is: there is one
}
#: A client's field → ours.
_FIELDS: Final[Mapping[str, str]] = {
    "organization": "organization",
    "owner_org": "organization",
    "groups": "groups",
    "tags": "tags",
    "res_format": "formats",
    "license_id": "licence",
    "name": "ids",
    "id": "ids",
}
#: Searched as words are: these fields are all that words are looked for in.
_TEXT: Final = frozenset({"text", "title", "notes", "name_ngram", "title_ngram"})
_SORTS: Final[Mapping[str, str]] = {
    "score": "relevance",
    "rank": "relevance",
    "metadata_modified": "modified",
    "last_modified": "modified",
    "metadata_created": "created",
    "title": "title",
    "title_string": "title",
    "name": "id",
    "id": "id",
}
_TOKEN: Final = re.compile(
    r"""(?P<sign>[+\-!]?)
    (?:(?P<field>[A-Za-z_][\w.]*):)?
    (?:\[(?P<range>[^\]]*)\] | \((?P<group>[^)]*)\) | "(?P<phrase>(?:[^"\\]|\\.)*)"
       | (?P<word>[^\s"()\[\]]+))""",
    re.VERBOSE,
)
_ESCAPE: Final = re.compile(r"\\(.)")
#: No more words or conditions than a search may have, and no more characters: an opening bracket
#: without its end is looked for to the end of the text, each of them.
_MOST: Final = 40
_LONGEST: Final = 2_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is searched for. filters: field → values that must all hold. nothing: it cannot be."""

    words: tuple[str, ...] = ()
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    modified: tuple[datetime | None, datetime | None] = (None, None)
    nothing: bool = False

    @property
    def text(self) -> str:
        """The words, as a search of people has them."""
        return " ".join(self.words)

    def also(self, name: str, value: str) -> "Wanted":
        """Return the search with one more condition."""
        values = tuple(dict.fromkeys((*self.filters.get(name, ()), value)))
        return replace(self, filters={**self.filters, name: values})


def read(*texts: str) -> Wanted:
    """Return what texts (`q`, `fq` and each of `fq_list`) ask together. Raises SearchError."""
    if sum(map(len, texts)) > _LONGEST:
        raise SearchError(f"more than {_LONGEST} characters")
    wanted = Wanted()
    for text in texts:
        wanted = _read(text, wanted)
    return wanted


def _read(text: str, wanted: Wanted) -> Wanted:
    end = count = 0
    for found in _TOKEN.finditer(text):
        if text[end : found.start()].strip():
            raise SearchError(f"{text[end : found.start()].strip()!r} cannot be read")
        end, count = found.end(), count + 1
        if count > _MOST:
            raise SearchError(f"more than {_MOST} conditions")
        wanted = _with(found, wanted)
    if text[end:].strip():
        raise SearchError(f"{text[end:].strip()!r} cannot be read")
    return wanted


def _with(found: re.Match[str], wanted: Wanted) -> Wanted:
    name, word = found["field"], found["word"]
    if name is None and word in {"AND", "&&"}:
        return wanted
    if found["sign"] in {"-", "!"} or (name is None and word in {"OR", "NOT", "||"}):
        raise SearchError("NOT and OR are not understood; ask once for each")
    if found["range"] is not None:
        return replace(wanted, modified=_range(name or "", found["range"]))
    if found["group"] is not None:
        return _grouped(name, found["group"], wanted)
    value = _ESCAPE.sub(r"\1", found["phrase"] if word is None else word)
    return _condition(name, value, wanted)


def _grouped(name: str | None, text: str, wanted: Wanted) -> Wanted:
    """Take `field:(a AND b)`, or `(a b)` of words."""
    values = [found for found in _TOKEN.finditer(text) if found["word"] not in {"AND", "&&"}]
    if any(found["word"] in {"OR", "||"} for found in values) or (
        name in _FIELDS and len(values) > 1 and " AND " not in text
    ):
        raise SearchError("OR is not understood; ask once for each")
    for found in values:
        value = found["phrase"] if found["word"] is None else found["word"]
        wanted = _condition(name, _ESCAPE.sub(r"\1", value or ""), wanted)
    return wanted


def _condition(name: str | None, value: str, wanted: Wanted) -> Wanted:
    if name == "*" or value == "*" or (name is None and value == "*:*"):
        return wanted
    if name is None or name in _TEXT:
        return replace(wanted, words=(*wanted.words, value.rstrip("*"))) if value else wanted
    if name in _ALWAYS:
        holds = not _ALWAYS[name] or value.lower() in _ALWAYS[name]
        return wanted if holds else replace(wanted, nothing=True)
    if name not in _FIELDS:
        raise SearchError(f"there is no field {name!r} to search by")
    ours = _FIELDS[name]
    if ours == "formats":
        form = form_of("", value)
        return replace(wanted, nothing=True) if form is None else wanted.also(ours, form.id)
    return wanted.also(ours, value)


def _range(name: str, text: str) -> tuple[datetime | None, datetime | None]:
    first, middle, last = text.strip().partition(" TO ")
    if name != "metadata_modified" or not middle:
        raise SearchError(f"there is no range of {name!r}; of metadata_modified there is")
    return _moment(first.strip()), _moment(last.strip())


def _moment(text: str) -> datetime | None:
    if text in {"*", "NOW"}:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SearchError(f"{text!r} is no moment; write 2026-11-23T00:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def order(text: str) -> str:
    """Return our order for a client's, the first of its fields. Raises SearchError."""
    name, _, direction = text.split(",", maxsplit=1)[0].strip().partition(" ")
    ours = _SORTS.get(name)
    if ours is None or direction.strip().lower() not in {"", "asc", "desc"}:
        raise SearchError(f"sort by {', '.join(sorted(_SORTS))}, each asc or desc")
    if ours == "relevance":
        return ours
    return f"-{ours}" if direction.strip().lower() == "desc" else ours
