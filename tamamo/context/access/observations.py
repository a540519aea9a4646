"""Recording observations for somebody who may not write all of a tenant: a device, a form."""

from collections.abc import Sequence

from tamamo.context.access.guard import guarded
from tamamo.context.entities.write import Change, Mutation
from tamamo.context.model.entity import Entity
from tamamo.context.observations import ObservationService, Recorded
from tamamo.kernel.errors import Problem
from tamamo.kernel.identity import Access


class _Refused(Exception):
    """Ends the transaction: one call is recorded as a whole or not at all."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


class SeenObservations(ObservationService):
    """The same door, through which only what may be written passes."""

    def __init__(self, plain: ObservationService, access: Access) -> None:
        """plain: the service that does the work."""
        super().__init__(plain._pool, plain._partitions, plain._tenants)
        self._access = access

    async def record(self, tenant: str, entities: Sequence[Entity]) -> Recorded:
        """Store what may be written, all of it or nothing.

        Raises Forbidden naming the type of the first that may not be written, NonexistentTenant.
        """
        await self._tenants.require(tenant)
        try:
            return await super().record(tenant, entities)
        except _Refused as refused:
            raise refused.problem from refused

    def _permitted(self, mutation: Mutation) -> Mutation:
        inner = guarded(mutation, self._access)

        def apply(before: Entity | None, now: str) -> Change | None:
            try:
                return inner.apply(before, now)
            except Problem as problem:
                raise _Refused(problem) from problem

        return Mutation(mutation.tenant, mutation.entity_id, apply)
