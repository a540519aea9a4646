"""What can be done with entities (clauses 5.6, 5.7.1, 5.7.2), in process and without HTTP.

Reads by id and changes of single entities are coalesced: those that arrive together travel to
the database together. Every change goes through `write`.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from psycopg.errors import QueryCanceled

from tamamo.context.acting import writer
from tamamo.context.entities import store, write
from tamamo.context.entities.write import HistoryItem, Mutation, Written
from tamamo.context.errors import AlreadyExists, ResourceNotFound, TooComplexQuery
from tamamo.context.jsonld import TermMap
from tamamo.context.model import merge
from tamamo.context.model.entity import Entity, Instance
from tamamo.context.model.parse import Fragment
from tamamo.context.query import plan, typeq
from tamamo.context.temporal import ending
from tamamo.context.temporal.rows import SCOPE, scope_instance
from tamamo.kernel.coalesce import Coalescer
from tamamo.kernel.database import Pool, searching, single
from tamamo.kernel.errors import Problem
from tamamo.kernel.time import now, to_text

#: (entity, present time) → (its next state, what changed): a function of `model.merge`.
Step = Callable[[Entity, str], tuple[Entity, merge.Change]]
#: Restricts an operation to entities of these types (clause 4.17); None: any.
TypeSelector = typeq.Node | None
#: Entities that a purge deletes in one transaction.
_PURGE_BATCH = 1_000
#: Mutations from which a batch is written in two transactions.
_SPLIT_BATCH = 200


class EntityService:
    """The entities of all tenants. Tenants are checked by the caller."""

    def __init__(self, pool: Pool) -> None:
        """Use `pool` for everything."""
        self._pool = pool
        self._reads: Coalescer[store.Key, Entity | None] = Coalescer(self._fetch)
        self._writer = write.Writer(pool)
        self._writes: Coalescer[Mutation, Written] = Coalescer(self._writer.run)

    async def find(self, tenant: str, entity_id: str) -> Entity | None:
        """Return an entity, None when there is none."""
        return await self._reads.submit((tenant, entity_id))

    async def find_many(self, tenant: str, entity_ids: Sequence[str]) -> dict[str, Entity]:
        """Return those of the entities that exist, by id."""
        async with single(self._pool) as connection:
            found = await store.fetch(connection, [(tenant, id_) for id_ in entity_ids])
        return {entity.id: entity for entity in found.values()}

    async def get(self, tenant: str, entity_id: str, types: TypeSelector = None) -> Entity:
        """Return an entity (clause 5.7.1). Raises ResourceNotFound."""
        return _known(entity_id, await self.find(tenant, entity_id), types)

    async def query(self, tenant: str, query: plan.Query) -> plan.Result:
        """Return a page of the entities that match (clause 5.7.2). Raises TooComplexQuery."""
        async with searching(self._pool) as connection:
            try:
                return await plan.run(connection, tenant, query)
            except QueryCanceled as error:
                raise TooComplexQuery("The query takes too long: narrow it") from error

    async def find_ids(self, tenant: str, query: plan.Query, limit: int) -> list[str]:
        """Return the ids of up to `limit` entities that match. Raises TooComplexQuery."""
        async with searching(self._pool) as connection:
            try:
                return await plan.ids(connection, tenant, query, limit)
            except QueryCanceled as error:
                raise TooComplexQuery("The query takes too long: narrow it") from error

    async def create(self, tenant: str, entity: Entity) -> None:
        """Create an entity (clause 5.6.1). Raises AlreadyExists. The entity is used up."""
        await self._submit(creation(tenant, entity))

    async def replace(
        self, tenant: str, entity: Entity, types: TypeSelector = None
    ) -> merge.Change:
        """Replace an entity (clause 5.6.18). Raises ResourceNotFound."""
        step = partial(_replace, entity)
        return await self.change(tenant, entity.id, step, types)

    async def append(
        self,
        tenant: str,
        entity_id: str,
        fragment: Fragment,
        *,
        overwrite: bool = True,
        types: TypeSelector = None,
    ) -> merge.Change:
        """Append attributes (clause 5.6.3). Raises ResourceNotFound."""
        step = partial(_append, fragment, overwrite)
        return await self.change(tenant, entity_id, step, types)

    async def update(
        self, tenant: str, entity_id: str, fragment: Fragment, types: TypeSelector = None
    ) -> merge.Change:
        """Update attributes (clause 5.6.2). Raises ResourceNotFound."""
        return await self.change(tenant, entity_id, partial(_update, fragment), types)

    async def merge_patch(
        self,
        tenant: str,
        entity_id: str,
        fragment: Fragment,
        terms: TermMap,
        *,
        observed_at: str | None = None,
        lang: str | None = None,
        types: TypeSelector = None,
    ) -> merge.Change:
        """Merge a fragment into an entity (clause 5.6.17). Raises ResourceNotFound."""

        def step(entity: Entity, now: str) -> tuple[Entity, merge.Change]:
            return merge.merge_patch(
                entity, fragment, now, terms=terms, observed_at=observed_at, lang=lang
            )

        return await self.change(tenant, entity_id, step, types)

    async def update_attribute(
        self, tenant: str, entity_id: str, attr: str, part: Instance, types: TypeSelector = None
    ) -> merge.Change:
        """Update an attribute partially (clause 5.6.4). Raises ResourceNotFound."""

        def step(entity: Entity, now: str) -> tuple[Entity, merge.Change]:
            return merge.update_attribute(entity, attr, part, now)

        return await self.change(tenant, entity_id, step, types)

    async def replace_attribute(
        self, tenant: str, entity_id: str, attr: str, whole: Instance, types: TypeSelector = None
    ) -> merge.Change:
        """Replace an attribute instance (clause 5.6.19). Raises ResourceNotFound."""

        def step(entity: Entity, now: str) -> tuple[Entity, merge.Change]:
            return merge.replace_attribute(entity, attr, whole, now)

        return await self.change(tenant, entity_id, step, types)

    async def delete_attribute(
        self,
        tenant: str,
        entity_id: str,
        attr: str,
        *,
        dataset_id: str | None = None,
        delete_all: bool = False,
        types: TypeSelector = None,
    ) -> merge.Change:
        """Delete an attribute, or the scope (clause 5.6.5). Raises ResourceNotFound.

        Of an entity known by its temporal evolution alone, the deletion is recorded there.
        """

        def step(entity: Entity, now: str) -> tuple[Entity, merge.Change]:
            if attr == SCOPE:
                return merge.delete_scope(entity, now)
            return merge.delete_attribute(
                entity, attr, now, dataset_id=dataset_id, delete_all=delete_all
            )

        try:
            return await self.change(tenant, entity_id, step, types)
        except ResourceNotFound:
            if await self.find(tenant, entity_id) is not None:
                raise
            dataset = None if delete_all else dataset_id or ""
            if not await self._end(tenant, entity_id, attr, dataset, types):
                raise
            return merge.Change()

    async def delete(self, tenant: str, entity_id: str, types: TypeSelector = None) -> None:
        """Delete an entity (clause 5.6.6). Raises ResourceNotFound."""
        await self._submit(deletion(tenant, entity_id, types))

    async def purge(
        self,
        tenant: str,
        query: plan.Query,
        *,
        drop: frozenset[str] | None = None,
        keep: frozenset[str] | None = None,
    ) -> int:
        """Delete what matches (clause 5.6.21) and return how many entities there were.

        drop: only these attributes. keep: all attributes but these. Each batch of entities is a
        transaction of its own.
        """
        async with searching(self._pool) as connection:
            ids = [row.id async for row in plan.scan(connection, tenant, query)]
        for start in range(0, len(ids), _PURGE_BATCH):
            batch = ids[start : start + _PURGE_BATCH]
            if drop is None and keep is None:
                await self.run([deletion(tenant, entity_id) for entity_id in batch])
            else:
                step = partial(_strip, drop, keep)
                await self.run([changing(tenant, entity_id, step) for entity_id in batch])
        return len(ids)

    async def change(
        self, tenant: str, entity_id: str, step: Step, types: TypeSelector = None
    ) -> merge.Change:
        """Apply a pure step to an entity that exists. Raises ResourceNotFound."""
        written = await self._submit(changing(tenant, entity_id, step, types))
        assert written.change is not None
        result: merge.Change = written.change.result
        return result

    async def run(self, mutations: Sequence[Mutation]) -> list[Written | Problem]:
        """Write many mutations; one result each, all with the same modifiedAt (5.5.11.0).

        A large batch is two transactions side by side, so that one is worked out while the other
        is written. Mutations of one entity stay together and in order.
        """
        if (act := writer()) is not None:
            for mutation in mutations:
                mutation.by = act
        if len(mutations) < _SPLIT_BATCH:
            return await self._writer.run(mutations)
        lanes: tuple[list[int], list[int]] = ([], [])
        for place, mutation in enumerate(mutations):
            lanes[hash(mutation.entity_id) % 2].append(place)
        moment = to_text(now())
        halves = await asyncio.gather(
            *(self._writer.run([mutations[place] for place in lane], now=moment) for lane in lanes),
            return_exceptions=True,
        )
        results: list[Written | Problem | None] = [None] * len(mutations)
        for lane, half in zip(lanes, halves, strict=True):
            if isinstance(half, BaseException):
                raise half
            for place, result in zip(lane, half, strict=True):
                results[place] = result
        return [result for result in results if result is not None]

    async def _submit(self, mutation: Mutation) -> Written:
        """Write one mutation together with those that arrive meanwhile, or raise its Problem."""
        mutation.by = writer()
        return await self._writes.submit(mutation)

    async def _end(
        self, tenant: str, entity_id: str, attr: str, dataset: str | None, types: TypeSelector
    ) -> bool:
        """Record the deletion of an attribute where only the evolution is left."""
        return await ending.delete_attribute(
            self._pool, tenant, entity_id, attr, dataset_id=dataset, types=types
        )

    async def _fetch(self, keys: Sequence[store.Key]) -> list[Entity | None]:
        async with single(self._pool) as connection:
            found = await store.fetch(connection, list(set(keys)))
        return [found.get(key) for key in keys]


def creation(tenant: str, entity: Entity) -> Mutation:
    """Return the mutation that creates an entity, or fails with AlreadyExists."""

    def apply(before: Entity | None, now: str) -> write.Change:
        if before is not None:
            raise AlreadyExists(f"{entity.id} exists already")
        return outcome(None, *merge.create(entity, now), now)

    return Mutation(tenant, entity.id, apply)


def upsertion(tenant: str, entity: Entity, step: Step) -> Mutation:
    """Return the mutation that creates an entity, or applies the step to the one there is."""

    def apply(before: Entity | None, now: str) -> write.Change:
        after = merge.create(entity, now) if before is None else step(before, now)
        return outcome(before, *after, now)

    return Mutation(tenant, entity.id, apply)


def changing(tenant: str, entity_id: str, step: Step, types: TypeSelector = None) -> Mutation:
    """Return the mutation that applies the step, or fails with ResourceNotFound."""

    def apply(before: Entity | None, now: str) -> write.Change:
        known = _known(entity_id, before, types)
        return outcome(known, *step(known, now), now)

    return Mutation(tenant, entity_id, apply)


def appending(tenant: str, entity_id: str, fragment: Fragment, overwrite: bool) -> Mutation:
    """Return the mutation that appends attributes, or fails with ResourceNotFound."""
    return changing(tenant, entity_id, partial(_append, fragment, overwrite))


def deletion(tenant: str, entity_id: str, types: TypeSelector = None) -> Mutation:
    """Return the mutation that deletes an entity, or fails with ResourceNotFound."""

    def apply(before: Entity | None, now: str) -> write.Change:
        return write.Change(None, changed=list(_known(entity_id, before, types).attrs))

    return Mutation(tenant, entity_id, apply)


def _replace(entity: Entity, before: Entity, now: str) -> tuple[Entity, merge.Change]:
    return merge.replace_entity(before, entity, now)


def _append(
    fragment: Fragment, overwrite: bool, before: Entity, now: str
) -> tuple[Entity, merge.Change]:
    return merge.append(before, fragment, now, overwrite=overwrite)


def _update(fragment: Fragment, before: Entity, now: str) -> tuple[Entity, merge.Change]:
    return merge.update(before, fragment, now)


def _strip(
    drop: frozenset[str] | None, keep: frozenset[str] | None, before: Entity, now: str
) -> tuple[Entity, merge.Change]:
    """Delete attributes with all their instances."""
    doomed = [
        attr
        for attr in before.attrs
        if (drop is not None and attr in drop) or (keep is not None and attr not in keep)
    ]
    entity, total = before, merge.Change()
    for attr in doomed:
        entity, change = merge.delete_attribute(entity, attr, now, delete_all=True)
        total.written += change.written
    return entity, total


def _known(entity_id: str, entity: Entity | None, types: TypeSelector) -> Entity:
    if entity is None or (types is not None and not typeq.matches(types, entity)):
        raise ResourceNotFound(f"There is no entity {entity_id}")
    return entity


def outcome(before: Entity | None, after: Entity, change: merge.Change, now: str) -> write.Change:
    """Return what is to be written for a change; nothing when nothing changed."""
    rows, changed = change.written, change.changed
    history: list[HistoryItem | merge.Written] = [row for row in rows if not row.again]
    again = frozenset[str]()
    if len(history) < len(rows):
        again = frozenset(changed).difference([row.attr for row in history])
    scopes = before.scopes if before is not None else []
    if after.scopes != scopes:
        gone = not after.scopes
        instance = scope_instance(after.scopes, now, deleted=gone)
        history.append(HistoryItem(SCOPE, instance))
    return write.Change(after, history, changed, bool(change), change, again)
