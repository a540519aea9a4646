"""The demo's example tables (模擬), brought to the public as people would: two of them sign.

A job, so that the simulator need not know of this part. What is there already stays as it is.
"""

import asyncio
import tempfile
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from tamamo.context.broker import Broker
from tamamo.kernel.database import Connection, single, transaction
from tamamo.kernel.identity import Role, grants, organisation
from tamamo.kernel.jobs import Run
from tamamo.kernel.time import now
from tamamo.publishing.datasets import store
from tamamo.publishing.datasets.metadata import Metadata, Words
from tamamo.publishing.datasets.service import Datasets
from tamamo.registers import intake
from tamamo.registers.model import Visitor


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    filename: str
    encoding: str
    note: str
    text: str


class _Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    id: str
    key: tuple[str, ...]
    title: Words
    description: Words
    unit: str
    groups: tuple[str, ...]
    tags: tuple[str, ...]
    cycle: str
    tables: tuple[_Table, ...]
    english: dict[str, str]
    standard: str = ""
    entities: bool = False


def examples() -> tuple[_Example, ...]:
    """Return the example tables."""
    text = files(__package__).joinpath("demo.toml").read_bytes()
    told: Mapping[str, Any] = msgspec.toml.decode(text)
    return msgspec.convert(told["dataset"], tuple[_Example, ...])


async def handle(run: Run) -> dict[str, int]:
    """Make the examples that the town does not have."""
    broker: Broker = run.broker
    writer = await _somebody(broker, run.tenant, Role.EDITOR)
    approver = await _somebody(broker, run.tenant, Role.APPROVER)
    if writer is None or approver is None:
        return {"published": 0}
    published = 0
    for number, one in enumerate(examples()):
        async with single(broker.pool) as connection:
            if await store.fetch(connection, run.tenant, [one.id]):
                continue
        published += await bring(broker, writer, approver, one)
        await run.progress(number + 1, len(examples()))
    return {"published": published}


async def bring(broker: Broker, writer: Visitor, approver: Visitor, one: _Example) -> int:
    """Bring an example to the public, table by table; return how many versions it has."""
    datasets = Datasets(broker)
    async with transaction(broker.pool) as connection:
        unit = await _unit(connection, writer, one.unit)
    said = Metadata(
        title=one.title, description=one.description, unit=unit, groups=one.groups, tags=one.tags,
        cycle=one.cycle, standard=one.standard, entities=one.entities, simulated=True,
        source=Words("Tamamo（模擬）", "Tamamo (simulated)"),
    )  # fmt: skip
    await datasets.create(writer, one.id, said)
    with tempfile.TemporaryDirectory(prefix="tamamo-demo-") as folder:
        for table in one.tables:
            path = Path(folder, table.filename)
            content = table.text.lstrip().encode(table.encoding)
            await asyncio.to_thread(path.write_bytes, content)
            begun = await datasets.begin(writer, one.id, path, table.filename)
            profile = await datasets.profile(writer, one.id, begun.number)
            recipe = _settled(intake.settle(profile), one)
            await datasets.settle(writer, one.id, begun.number, recipe)
            checked = await datasets.check(writer, one.id, begun.number)
            if checked.state != "checked":
                raise ValueError(f"{one.id}: {checked.reason}")
            await datasets.submit(writer, one.id, begun.number, note=table.note)
            await datasets.approve(
                approver, one.id, begun.number, seen_privacy=True, privacy_note="模擬データです"
            )
    return len(one.tables)


def _settled(recipe: intake.Recipe, one: _Example) -> intake.Recipe:
    """Return a recipe as an officer would settle it: with the key, and labels in English."""
    columns = [
        msgspec.structs.replace(column, label_en=one.english[column.source])
        for column in recipe.columns
    ]
    names = [column.name for column in recipe.columns if column.source in one.key]
    return msgspec.structs.replace(recipe, columns=columns, key=names)


async def _unit(connection: Connection, writer: Visitor, name: str) -> str:
    """Return the unit of a name, where the writer may write for it; else the writer's own."""
    own = next((one.unit for one in writer.actor.grants if one.unit), None)
    if own is not None:
        return own
    known = await organisation.units(connection, writer.tenant, now().date())
    return next((one.id for one in known if one.name == name), "")


async def _somebody(broker: Broker, tenant: str, role: Role) -> Visitor | None:
    async with transaction(broker.pool) as connection:
        held = await grants.listing(connection, tenant=tenant)
    for grant in held:
        actor = await broker.identity.actor_of(grant.subject)
        if actor.user_id is not None and actor.holds(role, tenant):
            return Visitor(tenant, actor, await broker.identity.access(actor, tenant))
    return None
