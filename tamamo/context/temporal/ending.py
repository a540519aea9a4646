"""Delete Attribute (clause 5.6.5) of an entity that is known by its temporal evolution alone.

Clause 5.6.5.4 asks for an "existing Entity whose id (URI) is equivalent held locally", in the same
words as clause 5.7.3.4, where an evolution is enough. There is no current state to delete from;
that the attribute is no more is recorded in the evolution (clauses 4.5.7, 4.5.8).
"""

import orjson

from tamamo.context.model.entity import Entity, Instance
from tamamo.context.query import typeq
from tamamo.context.temporal.rows import SCOPE, deletion_instance, scope_instance
from tamamo.context.temporal.writing import Permit, anybody, note
from tamamo.kernel import sql
from tamamo.kernel.database import Connection, Pool, transaction
from tamamo.kernel.time import now, to_text

_SQL = sql.load(__package__, "ending.sql")


async def delete_attribute(
    pool: Pool,
    tenant: str,
    entity_id: str,
    attr: str,
    *,
    dataset_id: str | None,
    types: typeq.Node | None,
    permit: Permit = anybody,
) -> bool:
    """Record the deletion of an attribute, or of the scope; return whether there was one.

    dataset_id: "" for instances without one, None for all. permit: raises what forbids it.
    """
    key = {"tenant": tenant, "id": entity_id}
    async with transaction(pool) as connection:
        await permit(connection)
        row = await (await connection.execute(_SQL["find_living"], key)).fetchone()
        if row is None or not _fits(types, Entity(entity_id, row[0], {})):
            return False
        moment = to_text(now())
        if attr == SCOPE:
            gone = [scope_instance([], moment, deleted=True)] if row[1] else []
        else:
            gone = await _gone(connection, key, attr, dataset_id, moment)
        if not gone:
            return False
        columns = {
            "datasets": [instance.get("datasetId", "") for instance in gone],
            "created": [instance["createdAt"] for instance in gone],
            "instances": [orjson.dumps(instance).decode() for instance in gone],
        }
        here = {**key, "attr": attr, "now": moment, "unscoped": attr == SCOPE}
        await connection.execute(_SQL["insert_deletions"], {**here, **columns})
        await connection.execute(_SQL["touch"], here)
        await note(connection, tenant, entity_id, before={attr: gone})
    return True


def _fits(types: typeq.Node | None, entity: Entity) -> bool:
    return types is None or typeq.matches(types, entity)


async def _gone(
    connection: Connection, key: dict[str, str], attr: str, dataset_id: str | None, moment: str
) -> list[Instance]:
    cursor = await connection.execute(
        _SQL["last_instances"], {**key, "attr": attr, "dataset": dataset_id}
    )
    return [
        deletion_instance(instance, moment)
        for instance, deleted_at in await cursor.fetchall()
        if deleted_at is None
    ]
