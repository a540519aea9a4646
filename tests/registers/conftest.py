"""Registers over a real database, with visitors of several rights."""

from collections.abc import AsyncIterator

import pytest

from tamamo.context.broker import Broker, open_broker
from tamamo.context.model.entity import Entity
from tamamo.kernel.identity import INSTALLATION, unlimited
from tamamo.kernel.settings import Settings
from tamamo.registers import Registers, Visitor, catalogue
from tamamo.registers.declaration import Register
from tamamo.registers.projection import sync
from tamamo.registers.values import instance_for

TENANT = "default"


@pytest.fixture
async def broker(settings: Settings) -> AsyncIterator[Broker]:
    """An open broker whose database knows the declared registers."""
    async with open_broker(settings) as opened:
        await sync(opened.pool, catalogue.declared())
        yield opened


@pytest.fixture
def registers(broker: Broker) -> Registers:
    """The declared registers."""
    return Registers(broker)


@pytest.fixture
def operator() -> Visitor:
    """Somebody who may do everything."""
    return Visitor(TENANT, INSTALLATION, unlimited(TENANT))


def record(
    register: Register, key: str, types: list[str] | None = None, **values: object
) -> Entity:
    """Return an entity of a register with these values of columns."""
    entity = Entity(register.entity_id(key), types or [register.type])
    for name, value in values.items():
        column = register.column(name)
        before = entity.attrs.get(column.iri)
        instance = instance_for(
            column, value, before[0] if before else None, "2026-11-01T00:00:00Z"
        )
        if instance is not None:
            entity.attrs[column.iri] = [instance]
    return entity


def gauge(registers: Registers, key: str, **values: object) -> Entity:
    """Return a river gauge."""
    register = registers.register("river_gauges")
    usual = {"name": f"水位計{key}", "location": {"longitude": 134.05, "latitude": 34.3}}
    return record(register, key, **{"stationID": key, **usual, **values})
