"""The entities as somebody sees them who may not read or write all of a tenant."""

from collections.abc import Sequence

from tamamo.context.access.connection import narrow_pool
from tamamo.context.access.evolutions import SeenEvolutions
from tamamo.context.access.guard import check_attrs, forbidden, guarded
from tamamo.context.access.narrowing import narrowed
from tamamo.context.entities.service import EntityService, TypeSelector
from tamamo.context.entities.write import Mutation, Written
from tamamo.context.errors import ResourceNotFound
from tamamo.context.model.entity import Entity
from tamamo.context.query import plan
from tamamo.context.temporal import ending
from tamamo.kernel.database import searching
from tamamo.kernel.errors import Problem
from tamamo.kernel.identity.model import Access


class SeenEntities(EntityService):
    """The same operations within what may be read and written.

    Reads by id and changes travel together with those of everybody else.
    """

    def __init__(self, plain: EntityService, access: Access) -> None:
        """plain: the service that does the work."""
        self._plain = plain
        self._access = access
        self._pool = narrow_pool(plain._pool, access.read)
        self._reads = plain._reads

    async def find(self, tenant: str, entity_id: str) -> Entity | None:
        """Return an entity as far as it may be read, None when it is not to be known of."""
        return narrowed(self._access.read, await self._plain.find(tenant, entity_id))

    async def find_many(self, tenant: str, entity_ids: Sequence[str]) -> dict[str, Entity]:
        """Return those of the entities that may be known of, by id."""
        found = await self._plain.find_many(tenant, entity_ids)
        reach = self._access.read
        shown = {entity_id: narrowed(reach, entity) for entity_id, entity in found.items()}
        return {entity_id: entity for entity_id, entity in shown.items() if entity is not None}

    async def purge(
        self,
        tenant: str,
        query: plan.Query,
        *,
        drop: frozenset[str] | None = None,
        keep: frozenset[str] | None = None,
    ) -> int:
        """Delete what matches (clause 5.6.21). Raises Forbidden, before anything is deleted."""
        async with searching(self._pool) as connection:
            async for row in plan.scan(connection, tenant, query):
                entity = row.entity(times=False)
                if not self._access.write.allows(entity.types, entity.scopes):
                    raise forbidden(entity.id, entity.types)
                whole = drop is None and keep is None
                gone = set(entity.attrs) if drop is None else drop & set(entity.attrs)
                gone = gone if keep is None else gone - keep
                check_attrs(self._access, entity.id, entity, gone, whole=whole)
        return await super().purge(tenant, query, drop=drop, keep=keep)

    async def run(self, mutations: Sequence[Mutation]) -> list[Written | Problem]:
        """Write many mutations; one that may not be made is a Problem of its own."""
        return await self._plain.run([guarded(one, self._access) for one in mutations])

    async def _end(
        self, tenant: str, entity_id: str, attr: str, dataset: str | None, types: TypeSelector
    ) -> bool:
        pool = self._plain._pool
        permit = SeenEvolutions(pool, self._access).ending(tenant, entity_id, attr)
        try:
            return await ending.delete_attribute(
                pool, tenant, entity_id, attr, dataset_id=dataset, types=types, permit=permit
            )
        except ResourceNotFound:
            return False

    async def _submit(self, mutation: Mutation) -> Written:
        return await self._plain._submit(guarded(mutation, self._access))
