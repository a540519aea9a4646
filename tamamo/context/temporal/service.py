"""The history as feeds and pages of this process read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tamamo.context.model.entity import Entity, Instance
from tamamo.context.model.kinds import value_of
from tamamo.context.temporal.rows import SCOPE
from tamamo.kernel import sql
from tamamo.kernel.database import Pool, single
from tamamo.kernel.time import to_text

_SQL = sql.load(__package__)


@dataclass(frozen=True, slots=True)
class Point:
    """One attribute instance in time; value is its value, object, languageMap, … by kind."""

    at: datetime
    value: Any
    instance: Instance


@dataclass(frozen=True, slots=True)
class Bucket:
    """The numbers of one step that begins at `start`."""

    start: datetime
    count: int
    minimum: float
    maximum: float
    mean: float


class TemporalService:
    """Reads of the history in process. Times are timezone-aware; `start` ≤ t < `end`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def series(
        self,
        tenant: str,
        entity_id: str,
        attr: str,
        start: datetime,
        end: datetime,
        *,
        limit: int = 10_000,
    ) -> list[Point]:
        """Return one attribute's instances in a range, oldest first.

        attr: IRI; instances with a datasetId and deletions are left out. When there are more than
        `limit`, the newest are returned.
        """
        many = await self.many_series(tenant, [entity_id], attr, start, end, limit=limit)
        return many[entity_id]

    async def many_series(
        self,
        tenant: str,
        entity_ids: Sequence[str],
        attr: str,
        start: datetime,
        end: datetime,
        *,
        limit: int = 10_000,
    ) -> dict[str, list[Point]]:
        """Return `series` of several entities by id, in one statement; limit is for each entity."""
        found: dict[str, list[Point]] = {entity_id: [] for entity_id in entity_ids}
        parameters = {
            "tenant": tenant, "ids": list(found), "attr": attr, "start": start, "end": end,
            "limit": limit,
        }  # fmt: skip
        async with single(self._pool) as connection:
            cursor = await connection.execute(_SQL["series"], parameters)
            async for entity_id, at, instance in cursor:
                found[entity_id].append(Point(at, value_of(instance), instance))
        for points in found.values():
            points.reverse()
        return found

    async def buckets(
        self,
        tenant: str,
        entity_ids: Sequence[str],
        attr: str,
        start: datetime,
        end: datetime,
        *,
        step: timedelta,
    ) -> dict[str, list[Bucket]]:
        """Return count, least, greatest and mean of a numeric attribute in steps, by entity id.

        Steps begin at `start`; those without a number are left out.
        """
        found: dict[str, list[Bucket]] = {entity_id: [] for entity_id in entity_ids}
        parameters = {
            "tenant": tenant, "ids": list(found), "attr": attr, "start": start, "end": end,
            "step": step,
        }  # fmt: skip
        async with single(self._pool) as connection:
            cursor = await connection.execute(_SQL["buckets"], parameters)
            async for entity_id, *values in cursor:
                found[entity_id].append(Bucket(*values))
        return found

    async def state_at(self, tenant: str, type_iri: str, at: datetime) -> list[Entity]:
        """Return the entities of a type as they were at a moment, in order of their ids.

        Each attribute (and datasetId) is the newest instance at or before `at`: by observedAt
        where it was measured, else by when it was written. An attribute that is never measured
        and was first written after `at` is taken from its earliest instance: the name, place and
        thresholds of a June recording that was loaded in November hold in June too. A measurement
        that had not been taken yet is absent; so is an entity deleted by then, and one of which
        nothing is known at `at` by these rules. Of an attribute with several datasetIds, those
        among its last 50 instances are found.
        """
        parameters = {"tenant": tenant, "type": type_iri, "at": at}
        entities: dict[str, Entity] = {}
        async with single(self._pool) as connection:
            cursor = await connection.execute(_SQL["state_at"], parameters)
            async for entity_id, types, created, modified, attr, deleted, instance in cursor:
                if deleted is not None:
                    continue
                entity = entities.get(entity_id)
                if entity is None:
                    entity = entities[entity_id] = Entity(
                        entity_id, types, created_at=to_text(created), modified_at=to_text(modified)
                    )
                if attr == SCOPE:
                    entity.scopes = _scopes(instance["value"])
                else:
                    entity.attrs.setdefault(attr, []).append(instance)
        return list(entities.values())


def _scopes(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
