"""Types and attributes in use (clauses 5.7.5 to 5.7.10), as IRIs."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from tamamo.context.errors import ResourceNotFound
from tamamo.kernel import sql
from tamamo.kernel.database import Pool, searching

_SQL = sql.load("tamamo.context.discovery")
_STARTED = monotonic()


@dataclass(frozen=True, slots=True)
class TypeInfo:
    """One entity type (clause 5.2.26). attributes: IRI → kinds of attribute."""

    iri: str
    entity_count: int
    attributes: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class AttributeInfo:
    """One attribute (clause 5.2.28). count: its instances; kinds: such as Property."""

    iri: str
    count: int
    kinds: list[str]
    types: list[str]


@dataclass(frozen=True, slots=True)
class Identity:
    """This broker as one tenant of it (clause 5.2.40). alias: for Via headers. uptime: seconds."""

    id: str
    alias: str
    uptime: float


class DiscoveryService:
    """What entities there are to ask for, from what is stored."""

    def __init__(self, pool: Pool) -> None:
        """Use `pool` to look."""
        self._pool = pool
        self._installation: UUID | None = None

    async def types(self, tenant: str) -> list[str]:
        """Return every type in use (clause 5.7.5), in order."""
        return [row[0] for row in await self._rows("list_types", tenant=tenant)]

    async def types_with_attributes(self, tenant: str) -> dict[str, list[str]]:
        """Return every type with its attributes (clause 5.7.6)."""
        found: dict[str, list[str]] = {}
        for type_, attr in await self._rows("list_type_attributes", tenant=tenant):
            attrs = found.setdefault(type_, [])
            if attr is not None:
                attrs.append(attr)
        return found

    async def type_info(self, tenant: str, type_: str) -> TypeInfo:
        """Return what is known of a type (clause 5.7.7). Raises ResourceNotFound."""
        ((count,),) = await self._rows("count_entities", tenant=tenant, type=type_)
        if count == 0:
            raise ResourceNotFound(f"There is no entity of type {type_}")
        attributes: dict[str, list[str]] = {}
        for attr, kind, _ in await self._rows("list_attribute_kinds", tenant=tenant, type=type_):
            attributes.setdefault(attr, []).append(kind)
        return TypeInfo(type_, count, attributes)

    async def attributes(self, tenant: str) -> dict[str, list[str]]:
        """Return every attribute with the types that have it (clauses 5.7.8, 5.7.9)."""
        found: dict[str, list[str]] = {}
        for attr, type_ in await self._rows("list_attribute_types", tenant=tenant):
            found.setdefault(attr, []).append(type_)
        return found

    async def attribute_info(self, tenant: str, attr: str) -> AttributeInfo:
        """Return what is known of an attribute (clause 5.7.10). Raises ResourceNotFound."""
        rows = await self._rows("describe_attribute", tenant=tenant, attr=attr)
        if not rows:
            raise ResourceNotFound(f"There is no entity with the attribute {attr}")
        return AttributeInfo(
            attr,
            # An entity of several types is one row for each of them.
            sum(count for _, _, count, first in rows if first),
            sorted({kind for _, kind, _, _ in rows}),
            sorted({type_ for type_, _, _, _ in rows}),
        )

    async def identity(self, tenant: str) -> Identity:
        """Return who this broker is for a tenant, the same in all its processes (clause 5.15.1)."""
        own = await self._own_id(tenant)
        return Identity(
            f"urn:ngsi-ld:ContextSourceIdentity:{own}", _alias(own), monotonic() - _STARTED
        )

    async def alias(self, tenant: str) -> str:
        """Return the alias of `identity`; after the first time without asking the database."""
        return _alias(await self._own_id(tenant))

    async def _own_id(self, tenant: str) -> UUID:
        if self._installation is None:
            ((system, database),) = await self._rows("identify")
            self._installation = uuid5(NAMESPACE_OID, f"{system}/{database}")
        return uuid5(self._installation, tenant)

    async def _rows(self, statement: str, **params: Any) -> list[Any]:
        values: Mapping[str, Any] = params
        async with searching(self._pool) as connection:
            return await (await connection.execute(_SQL[statement], values)).fetchall()


def _alias(own: UUID) -> str:
    return f"tamamo-{own.hex[:16]}"
