"""Temporal evolutions put together from several sources (clauses 5.7.3, 5.7.4, 4.5.5)."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from uuid import NAMESPACE_URL, uuid5

import orjson

from tamamo.context.distribution.client import Reply
from tamamo.context.distribution.source import Source
from tamamo.context.errors import TooManyResults
from tamamo.context.model.entity import Entity, Instance
from tamamo.context.query import temporalq
from tamamo.context.query.values import moment_of
from tamamo.context.temporal import values
from tamamo.context.temporal.aggregate import MOST, Aggregated, Triples
from tamamo.context.temporal.periods import Periods
from tamamo.context.temporal.represent import Evolution
from tamamo.context.temporal.request import LARGEST_PAGE, Wanted
from tamamo.context.temporal.rows import INSTANCE_PREFIX
from tamamo.context.temporal.window import Cut, Found, cut

#: Attribute IRI → instances, oldest first.
Attributes = dict[str, list[Found]]

_MOMENT: Final = r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)"
_RANGE: Final = re.compile(rf"({_MOMENT})-({_MOMENT})")


@dataclass(frozen=True, slots=True)
class Piece:
    """What one place knows of an evolution. edge: beyond this time it did not say all (6.3.10)."""

    evolution: Evolution
    series: Attributes
    edge: datetime | None = None
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """An evolution put together, and how far it is complete."""

    evolution: Evolution
    series: Attributes
    edge: datetime | None


def read_piece(entity: Entity, reply: Reply, wanted: Wanted) -> Piece:
    """Return what a source answered of an entity, as far as it was wanted."""
    series: Attributes = {}
    datasets = wanted.view.dataset_ids
    for attr, instances in entity.attrs.items():
        if wanted.attrs is not None and attr not in wanted.attrs:
            continue
        found = [
            one
            for instance in instances
            if datasets is None or instance.get("datasetId", "@none") in datasets
            if (one := _found(entity.id, attr, instance, wanted)) is not None
        ]
        if found:
            series[attr] = sorted(found, key=lambda one: one.at)
    head = Evolution(
        entity.id,
        entity.types,
        entity.scopes,
        moment_of(entity.created_at) or datetime.now(UTC),
        moment_of(entity.modified_at) or datetime.now(UTC),
        None,
    )
    return Piece(head, series, _edge(reply, series, wanted), reply.source)


def _found(entity_id: str, attr: str, instance: Instance, wanted: Wanted) -> Found | None:
    if wanted.timed:
        at = moment_of(instance.get(wanted.times.timeproperty))
        if not temporalq.matches(wanted.times, at):
            return None
    else:
        at = moment_of(instance.get("observedAt")) or moment_of(instance.get("modifiedAt"))
    if at is None:
        return None
    plain = {name: value for name, value in instance.items() if name != "instanceId"}
    given = instance.get("instanceId")
    if given is None:  # some leave it out: the same instance gets the same one again
        text = orjson.dumps([entity_id, attr, plain], option=orjson.OPT_SORT_KEYS).decode()
        given = str(uuid5(NAMESPACE_URL, text))
    return Found(at, given.removeprefix(INSTANCE_PREFIX), plain)


def _edge(reply: Reply, series: Mapping[str, Sequence[Found]], wanted: Wanted) -> datetime | None:
    """Return how far an incomplete answer reaches, None for a complete one."""
    if reply.status != 206:
        return None
    match = _RANGE.search(reply.headers.get("Content-Range", ""))
    if match is not None:
        return moment_of(match[2])
    times = [one.at for found in series.values() for one in found]
    return (min(times) if wanted.backwards else max(times)) if times else None


def join(pieces: Sequence[Piece], wanted: Wanted) -> Whole:
    """Return the evolution of which these are the pieces; those of auxiliary sources come last."""
    series: Attributes = {}
    for piece in pieces:
        auxiliary = piece.source is not None and piece.source.mode == "auxiliary"
        for attr, found in piece.series.items():
            series[attr] = _joined(series.get(attr, []), found, auxiliary=auxiliary)
    heads = [piece.evolution for piece in pieces]
    ended = [head.deleted_at for head in heads]
    gone = [moment for moment in ended if moment is not None]
    evolution = Evolution(
        heads[0].id,
        list(dict.fromkeys(iri for head in heads for iri in head.types)),
        list(dict.fromkeys(scope for head in heads for scope in head.scopes)),
        min(head.created_at for head in heads),
        max(head.modified_at for head in heads),
        max(gone) if len(gone) == len(ended) else None,
    )
    edges = [piece.edge for piece in pieces if piece.edge is not None]
    edge = (max(edges) if wanted.backwards else min(edges)) if edges else None
    return Whole(evolution, series, edge)


def _joined(known: Iterable[Found], more: Iterable[Found], *, auxiliary: bool) -> list[Found]:
    """Return both: of one time and datasetId the instance that was written last (4.5.5.3)."""
    found = {(one.instance.get("datasetId"), one.at): one for one in known}
    times = {one.at for one in found.values()}
    for one in more:
        key = (one.instance.get("datasetId"), one.at)
        if auxiliary:
            if one.at not in times:
                found[key] = one
        elif key not in found or _written(one) > _written(found[key]):
            found[key] = one
    return sorted(found.values(), key=lambda one: one.at)


def _written(found: Found) -> datetime:
    return moment_of(found.instance.get("modifiedAt")) or datetime.min.replace(tzinfo=UTC)


def shorten(wholes: Iterable[Whole], wanted: Wanted) -> Cut | None:
    """Shorten the series to a page of instances, and to what all sources said (6.3.10)."""
    series = {whole.evolution.id: whole.series for whole in wholes}
    edges = [whole.edge for whole in wholes if whole.edge is not None]
    edge = (max(edges) if wanted.backwards else min(edges)) if edges else None
    for attrs in series.values():
        for attr, known in attrs.items():
            found = known
            if edge is not None:
                found = [f for f in known if (f.at >= edge if wanted.backwards else f.at <= edge)]
            attrs[attr] = found[-wanted.limit :] if wanted.backwards else found[: wanted.limit]
    covered = cut(series, wanted.limit, wanted.page_size, backwards=wanted.backwards)
    if covered is not None or edge is None:
        return covered
    times = [one.at for attrs in series.values() for found in attrs.values() for one in found]
    return Cut(min([*times, edge]), max([*times, edge]))


def raw(wanted: Wanted) -> Wanted:
    """Return the request for the instances that an aggregate is made of."""
    return replace(wanted, form="normalized", aggregation=None, page_size=LARGEST_PAGE)


def aggregate(wholes: Iterable[Whole], wanted: Wanted) -> Aggregated:
    """Return the aggregates of evolutions put together. Raises TooManyResults."""
    assert wanted.aggregation is not None
    found = Aggregated()
    for whole in wholes:
        if whole.edge is not None:
            raise TooManyResults(
                f"More than {LARGEST_PAGE} instances of an attribute in several sources: "
                "narrow the times",
                field="aggrMethods",
            )
        for attr, instances in whole.series.items():
            periods = _periods(instances, wanted)
            for dataset, members in _by_dataset(instances).items():
                triples = _triples(members, periods, wanted.aggregation.methods)
                kind = values.label(members[0].instance["type"])
                found.put((whole.evolution.id, attr, dataset), kind, triples)
    return found


def _periods(instances: Sequence[Found], wanted: Wanted) -> Periods:
    assert wanted.aggregation is not None
    start = wanted.times.start or instances[0].at
    end = wanted.times.end or instances[-1].at
    periods = Periods(wanted.aggregation, start, max(start, end))
    if periods.step is not None and (end - start) / periods.step > MOST:
        raise TooManyResults(
            f"More than {MOST} periods: make them longer", field="aggrPeriodDuration"
        )
    return periods


def _by_dataset(instances: Iterable[Found]) -> dict[str, list[Found]]:
    groups: dict[str, list[Found]] = defaultdict(list)
    for one in instances:
        if "deletedAt" not in one.instance:
            groups[one.instance.get("datasetId", "")].append(one)
    return groups


def _triples(instances: Iterable[Found], periods: Periods, methods: Sequence[str]) -> Triples:
    buckets: dict[datetime, list[Instance]] = defaultdict(list)
    for one in instances:
        buckets[_start(periods, one.at)].append(one.instance)
    triples: Triples = {}
    for start in sorted(buckets):
        suited = values.aggregates(buckets[start])
        for method in methods:
            if method in suited:
                triples.setdefault(method, []).append([suited[method], *periods.texts(start)])
    return triples


def _start(periods: Periods, moment: datetime) -> datetime:
    """Return the start of the period that a moment is in."""
    if periods.step is not None:
        return periods.start + (moment - periods.start) // periods.step * periods.step
    return max((low for low, _ in periods.bounds if low <= moment), default=periods.start)
