"""Which sources an operation goes to, and which part of it to each (clauses 4.3.6, 5.12)."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from tamamo.context.distribution.caller import Caller
from tamamo.context.distribution.source import Known, Source
from tamamo.context.query import logic, typeq
from tamamo.context.query.logic import And, One, Or
from tamamo.context.query.plan import Selector
from tamamo.kernel.time import now

#: Any entity.
ANY: Selector = Selector()


@dataclass(frozen=True, slots=True)
class Part:
    """What of an operation one source is asked for.

    operation: by which name of 4.20. selectors: the entities, alternatives, already narrowed to
    what is registered. attrs: IRIs, narrowed too; empty: all.
    """

    source: Source
    operation: str
    selectors: tuple[Selector, ...]
    attrs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Choice:
    """The parts by source in order of registration ids, and the sources left out as loops."""

    parts: tuple[Part, ...] = ()
    loops: tuple[Source, ...] = ()

    def __bool__(self) -> bool:
        """Whether anybody else is concerned."""
        return bool(self.parts or self.loops)


def any_type(types: Iterable[str]) -> typeq.Node | None:
    """Return the selection of entities of any of these types; None without types."""
    terms = tuple(One(iri) for iri in types)
    return terms[0] if len(terms) == 1 else Or(terms) if terms else None


def choose(
    sources: Iterable[Source],
    caller: Caller,
    operations: Sequence[str],
    selectors: Sequence[Selector] = (ANY,),
    attrs: Collection[str] = (),
    *,
    past: bool = False,
    accepts: Callable[[Source], bool] | None = None,
) -> Choice:
    """Return the parts of an operation that concern other sources.

    operations: names that all would do, the best first; a source gets the first that it takes.
    attrs: IRIs; empty: all. past: it is about temporal evolutions, not the present. accepts: any
    further test of a source.
    """
    parts: list[Part] = []
    loops: list[Source] = []
    moment = now()
    wanted = frozenset(attrs)
    for source in sources:
        if source.temporal and not past:
            continue
        if source.expires_at is not None and source.expires_at <= moment:
            continue
        operation = next((name for name in operations if name in source.operations), None)
        if operation is None:
            continue
        found = _parts(source, operation, selectors, wanted)
        if not found or (accepts is not None and not accepts(source)):
            continue
        if caller.goes_round or source.alias in caller.met:
            loops.append(source)
        else:
            parts += found
    return Choice(tuple(parts), tuple(loops))


def _parts(
    source: Source, operation: str, selectors: Sequence[Selector], wanted: frozenset[str]
) -> list[Part]:
    found: dict[tuple[Selector, ...], Part] = {}
    for info in source.infos:
        attrs = wanted & info.attrs if wanted and info.attrs else wanted or info.attrs
        if wanted and not attrs:
            continue
        narrowed = tuple(selectors)
        if info.entities:
            narrowed = _narrowed(info.entities, selectors)
            if not narrowed:
                continue
        before = found.get(narrowed)
        if before is None:
            found[narrowed] = Part(source, operation, narrowed, attrs)
        else:
            both = before.attrs | attrs if before.attrs and attrs else frozenset[str]()
            found[narrowed] = replace(before, attrs=both)
    return list(found.values())


def _narrowed(entities: Iterable[Known], selectors: Sequence[Selector]) -> tuple[Selector, ...]:
    found = (
        narrower
        for known in entities
        for selector in selectors
        if (narrower := _narrow(known, selector)) is not None
    )
    return tuple(dict.fromkeys(found))


def _narrow(known: Known, wanted: Selector) -> Selector | None:
    """Return what both mean; None when no entity can be meant by both (5.12)."""
    ids, pattern = wanted.ids, wanted.id_pattern
    if wanted.types is not None and not logic.holds(wanted.types, known.types.__contains__):
        return None
    if ids:
        ids = tuple(entity_id for entity_id in ids if known.has_id(entity_id))
        if not ids:
            return None
    elif known.id is not None:
        if pattern is not None and not pattern.search(known.id):
            return None
        ids, pattern = (known.id,), None
    elif pattern is None:
        pattern = known.pattern
    if wanted.types is None:
        return Selector(ids, pattern, known.selection)
    either = typeq.alternatives(wanted.types)
    if either is not None:
        return Selector(ids, pattern, any_type(iri for iri in either if iri in known.types))
    return Selector(ids, pattern, And((wanted.types, known.selection)))
