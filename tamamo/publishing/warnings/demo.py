"""The demo's example: districts to choose, and a 模擬 warning that was published and lifted.

A job, so that the simulator need not know of this part. Everything is marked: CAP status Test.
"""

from importlib.resources import files
from typing import Final
from uuid import UUID

import msgspec

from tamamo.context.broker import Broker
from tamamo.kernel.database import Connection, transaction
from tamamo.kernel.identity import Actor, Role, grants, system
from tamamo.kernel.jobs import Run
from tamamo.publishing.warnings import setup, store
from tamamo.publishing.warnings.content import Area, Words
from tamamo.publishing.warnings.model import Draft
from tamamo.publishing.warnings.service import Warnings

_BY: Final = system("demo")
_TEMPLATE: Final = "shelters-open"
_SAID: Final = Words("（これは模擬の例です。）", "(This is a simulated example.)")


async def handle(run: Run) -> dict[str, int]:
    """Make the example, unless the town has a warning or a setup of its own."""
    broker: Broker = run.broker
    async with transaction(broker.pool) as connection:
        kept = await setup.read(connection, run.tenant)
        if not kept.version:
            places = files(__package__).joinpath("demo.toml").read_text("utf-8")
            await setup.write(connection, _BY, run.tenant, places + kept.body, 0)
        writer = await _somebody(connection, broker, run.tenant, Role.EDITOR)
        approver = await _somebody(connection, broker, run.tenant, Role.APPROVER)
        known = await store.messages(connection, run.tenant, limit=1)
        drafts = await store.drafts(connection, run.tenant, limit=1)
        office = await Warnings(broker).office(connection, run.tenant)
    if writer is None or approver is None or known or drafts:
        return {"published": 0}
    warnings = Warnings(broker)
    template = office.setup.template(_TEMPLATE)
    assert template is not None
    text = setup.filled(template, warnings.now(run.tenant), {}, Area(places=("kita",)))
    text = msgspec.structs.replace(
        text,
        simulated=True,
        description=Words(f"{text.description.ja}{_SAID.ja}", f"{text.description.en} {_SAID.en}"),
    )
    first = await warnings.draft(writer, run.tenant, text, template=_TEMPLATE)
    message = await _public(warnings, writer, approver, first)
    await _public(warnings, writer, approver, await warnings.withdraw(writer, run.tenant, message))
    return {"published": 2}


async def _public(warnings: Warnings, writer: Actor, approver: Actor, draft: Draft) -> UUID:
    await warnings.submit(writer, draft.tenant, draft.id, draft.version)
    await warnings.approve(approver, draft.tenant, draft.id, draft.version)
    return (await warnings.publish(writer, draft.tenant, draft.id, draft.version)).id


async def _somebody(
    connection: Connection, broker: Broker, tenant: str, role: Role
) -> Actor | None:
    for held in await grants.listing(connection, tenant=tenant):
        actor = await broker.identity.actor_of(held.subject)
        if actor.user_id is not None and actor.holds(role, tenant):
            return actor
    return None
