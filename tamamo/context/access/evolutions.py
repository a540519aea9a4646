"""Changes of the history by somebody who may not write all of a tenant."""

from collections.abc import Iterable, Sequence

from tamamo.context.access.guard import check, check_attrs, check_scopes, is_known
from tamamo.context.errors import AlreadyExists, ResourceNotFound
from tamamo.context.model.entity import Entity
from tamamo.context.temporal.changing import EvolutionService
from tamamo.context.temporal.writing import Permit
from tamamo.kernel import sql
from tamamo.kernel.database import Connection, Pool
from tamamo.kernel.identity.model import Access

_SQL = sql.load(__package__)


class SeenEvolutions(EvolutionService):
    """The same changes within what may be written."""

    def __init__(self, pool: Pool, access: Access) -> None:
        """pool: on which everything can be written."""
        super().__init__(pool)
        self._access = access

    def ending(self, tenant: str, entity_id: str, attr: str) -> Permit:
        """Return what raises unless an attribute's end may be noted in an evolution."""
        return self._permit(tenant, entity_id, attrs=(attr,))

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
        access, given = self._access, list(scopes)

        async def permit(connection: Connection) -> None:
            key = {"tenant": tenant, "id": entity_id}
            row = await (await connection.execute(_SQL["head"], key)).fetchone()
            known, held = ([], []) if row is None else row
            if row is not None:
                if not is_known(access, known, held):
                    raise _hidden(entity_id, creates=bool(types))
                check(access, entity_id, known, held)
            elif not types:
                return  # the operation itself says that there is none
            after = list(dict.fromkeys([*known, *types]))
            within = given or held
            check(access, entity_id, after, within)
            check_scopes(access, entity_id, after, set(given).difference(held))
            entity = Entity(entity_id, after, {}, within)
            check_attrs(access, entity_id, entity, attrs, whole=whole)

        return permit


def _hidden(entity_id: str, *, creates: bool) -> AlreadyExists | ResourceNotFound:
    """Return what is said of an evolution nobody is to know of."""
    if creates:
        return AlreadyExists(f"{entity_id} exists already")
    return ResourceNotFound(f"Nothing is known of the evolution of {entity_id}")
