"""Changes of the history (clauses 5.6.11 to 5.6.16), for whoever may make them."""

from collections.abc import Iterable, Sequence

from tamamo.context.model.entity import Instance
from tamamo.context.temporal import writing
from tamamo.context.temporal.body import EvolutionBody
from tamamo.context.temporal.writing import Permit, Place, anybody
from tamamo.kernel.database import Pool


class EvolutionService:
    """Writes to the evolutions of all tenants. Everybody may do everything."""

    def __init__(self, pool: Pool) -> None:
        """Use `pool` to write."""
        self._pool = pool

    async def upsert(self, tenant: str, body: EvolutionBody) -> bool:
        """Create an evolution or add to it (5.6.11). Returns whether it was created."""
        permit = self._permit(tenant, body.id, body.types, body.scopes or (), _attrs(body))
        return await writing.upsert(self._pool, tenant, body, permit)

    async def add(self, tenant: str, entity_id: str, body: EvolutionBody) -> None:
        """Add instances to an evolution (5.6.12). Raises ResourceNotFound."""
        permit = self._permit(tenant, entity_id, body.types, body.scopes or (), _attrs(body))
        await writing.add(self._pool, tenant, entity_id, body, permit)

    async def delete(self, tenant: str, entity_id: str) -> None:
        """Delete an evolution and all its instances (5.6.16). Raises ResourceNotFound."""
        permit = self._permit(tenant, entity_id, whole=True)
        await writing.delete(self._pool, tenant, entity_id, permit)

    async def delete_attribute(
        self, tenant: str, entity_id: str, attr: str, dataset_id: str | None
    ) -> None:
        """Delete an attribute's instances (5.6.13). Raises ResourceNotFound.

        dataset_id: "" for those without one, None for all.
        """
        permit = self._permit(tenant, entity_id, attrs=(attr,))
        await writing.delete_attribute(
            self._pool, tenant, entity_id, attr, dataset_id, permit=permit
        )

    async def replace_instance(self, place: Place, instance: Instance) -> None:
        """Put another instance in the place of one (5.6.14). Raises ResourceNotFound."""
        permit = self._permit(place.tenant, place.entity_id, attrs=(place.attr,))
        await writing.replace_instance(self._pool, place, instance, permit)

    async def delete_instance(self, place: Place) -> None:
        """Delete one instance (5.6.15). Raises ResourceNotFound."""
        permit = self._permit(place.tenant, place.entity_id, attrs=(place.attr,))
        await writing.delete_instance(self._pool, place, permit)

    def _permit(
        self,
        tenant: str,
        entity_id: str,
        types: Sequence[str] = (),
        scopes: Iterable[str] = (),
        attrs: Iterable[str] = (),
        *,
        whole: bool = False,
    ) -> Permit:
        """Return what raises if a change is not permitted.

        types, scopes: what the evolution is to have from then on, too. attrs: what is touched.
        whole: all of it.
        """
        return anybody


def _attrs(body: EvolutionBody) -> set[str]:
    return {attr for attr, _ in body.instances}
