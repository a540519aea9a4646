"""Which part of a write goes to which source, and what is left for here (clauses 4.3.6, 5.6).

Pure: from what a write is about and the registrations to parts. An exclusive registration takes
what it claims; the redirects all get what they claim of the remainder, which is theirs then; the
inclusive ones get a copy of what they claim of the rest; the rest is written here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tamamo.context.distribution.source import Info, Source
from tamamo.context.jsonld import TermMap
from tamamo.context.model.instances import looks_like_instances
from tamamo.context.model.parse import ENTITY_MEMBERS

#: The datasetId of default instances, as registrations write it (table 5.2.9-1).
DEFAULT: Final = "@none"
#: All instances of an attribute, whatever their datasetId (deleteAll).
EVERY: Final = "*"

#: Attribute IRI → datasetIds of its instances, DEFAULT among them; or EVERY alone.
Cells = dict[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Subject:
    """What a write is about. types: IRIs; none when nobody here knows them."""

    id: str
    types: tuple[str, ...] = ()
    attrs: Cells = field(default_factory=dict)


@dataclass(slots=True)
class Part:
    """A part of a write. whole: also the entity as such, not only attributes of it."""

    whole: bool
    attrs: Cells

    def __bool__(self) -> bool:
        return self.whole or bool(self.attrs)


@dataclass(slots=True)
class Share:
    """What one source gets."""

    source: Source
    part: Part


@dataclass(slots=True)
class Split:
    """What everybody gets. rest: what is written here."""

    shares: list[Share]
    rest: Part


def split(subject: Subject, sources: Iterable[Source]) -> Split:
    """Split a write of attributes (or of an entity without any) among the sources and here."""
    left = Part(True, dict(subject.attrs))
    shares: list[Share] = []
    ordered: dict[str, list[Source]] = {"exclusive": [], "redirect": [], "inclusive": []}
    for source in sources:
        if source.mode in ordered:  # an auxiliary source is never written to (clause 4.3.6.2)
            ordered[source.mode].append(source)
    for source in ordered["exclusive"]:
        part = _claim(source, subject, left)
        if part:
            shares.append(Share(source, part))
            left = _without(left, [part])
    redirected = _share_out(ordered["redirect"], subject, left)
    shares += redirected
    left = _without(left, [share.part for share in redirected])
    shares += _share_out(ordered["inclusive"], subject, left)
    return Split(shares, left)


def concerned(subject: Subject, sources: Iterable[Source]) -> list[Source]:
    """Return the sources that may hold a part of the entity, whichever (clause 5.6.6)."""
    return [
        source
        for source in sources
        if source.mode != "auxiliary" and source.has(subject.id, subject.types)
    ]


def types_asked(source: Source, subject: Subject) -> list[str]:
    """Return the types by which a request must be limited so that it keeps to the registration.

    Empty: the registration names the entity itself, or is for any type, or the types are known.
    """
    if subject.types:
        return []
    found: dict[str, None] = {}
    for info in source.infos:
        if not info.entities:
            return []
        for known in info.entities:
            if known.has_id(subject.id):
                if known.id is not None:
                    return []
                found |= dict.fromkeys(sorted(known.types))
    return list(found)


def cells(body: Mapping[str, Any], terms: TermMap) -> Cells:
    """Return the attributes of an entity or fragment as it came, with their datasetIds."""
    return {
        terms.expand_term(name): _datasets(value)
        for name, value in body.items()
        if name not in ENTITY_MEMBERS
    }


def cut(body: Mapping[str, Any], part: Part, terms: TermMap) -> dict[str, Any]:
    """Return the part of an entity or fragment as it came; what it says of itself stays."""
    taken: dict[str, Any] = {}
    for name, value in body.items():
        if name in ENTITY_MEMBERS:
            taken[name] = value
            continue
        datasets = part.attrs.get(terms.expand_term(name))
        if datasets is not None:
            taken[name] = _of_datasets(value, datasets)
    return taken


def _share_out(sources: Sequence[Source], subject: Subject, left: Part) -> list[Share]:
    claims = [Share(source, _claim(source, subject, left)) for source in sources]
    return [share for share in claims if share.part]


def _claim(source: Source, subject: Subject, left: Part) -> Part:
    """Return what a source is registered for, of what is left."""
    claimed = Part(False, {})
    for info in source.infos:
        if info.has(subject.id, subject.types):
            _claim_of(info, source.datasets, left, claimed)
    if subject.attrs and not claimed.attrs:
        claimed.whole = False  # of a write of attributes, an empty part is no part
    return claimed


def _claim_of(info: Info, registered: frozenset[str], left: Part, claimed: Part) -> None:
    if not info.attrs:
        claimed.whole = left.whole
    for attr, datasets in left.attrs.items():
        if not info.attrs or attr in info.attrs:
            wanted = _common(datasets, registered)
            if wanted:
                claimed.attrs[attr] = wanted


def _common(datasets: frozenset[str], registered: frozenset[str]) -> frozenset[str]:
    if not registered:
        return datasets
    return registered if EVERY in datasets else datasets & registered


def _without(part: Part, taken: Iterable[Part]) -> Part:
    left = Part(part.whole, dict(part.attrs))
    for other in taken:
        left.whole = left.whole and not other.whole
        for attr, datasets in other.attrs.items():
            remaining = left.attrs.get(attr, frozenset()) - datasets
            if remaining:
                left.attrs[attr] = remaining
            else:
                left.attrs.pop(attr, None)
    return left


def _datasets(value: Any) -> frozenset[str]:
    if isinstance(value, list) and looks_like_instances(value):
        return frozenset(_dataset(item) for item in value)
    if isinstance(value, dict):
        if value.keys() == {"dataset"} and isinstance(value["dataset"], dict):
            return frozenset(value["dataset"])  # simplified, several instances (4.5.4)
        return frozenset({_dataset(value)})
    return frozenset({DEFAULT})


def _dataset(instance: Any) -> str:
    found = instance.get("datasetId") if isinstance(instance, dict) else None
    return found if isinstance(found, str) else DEFAULT


def _of_datasets(value: Any, datasets: frozenset[str]) -> Any:
    if EVERY in datasets or _datasets(value) <= datasets:
        return value
    if isinstance(value, list):
        return [item for item in value if _dataset(item) in datasets]
    return {"dataset": {name: one for name, one in value["dataset"].items() if name in datasets}}
