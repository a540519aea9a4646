"""`tamamo calls`: what goes on, a test of how somebody is reached, who answers for contacts."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tamamo.context.terminal import home_option, run_for, tenant_option

if TYPE_CHECKING:
    from tamamo.calling.view import Going
    from tamamo.context.broker import Broker

#: Who acts here: whoever can use this machine. Staff acts on their pages, under their own name.
_ACTOR: Final = "system:calls-command"


@click.group()
def calls() -> None:
    """Calls of people: when an alert needs somebody."""


@calls.command("list")
@home_option
@tenant_option
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
def list_(home: Path | None, tenant: str, limit: int) -> None:
    """List calls, those that wait for an answer first: id, state, begun, what, how many called.

    Names and addresses are on the staff pages, where it is noted who reads them.
    """
    from tamamo.calling.view import going_on
    from tamamo.kernel.database import transaction

    async def work(broker: "Broker") -> "list[Going]":
        async with transaction(broker.pool) as connection:
            return await going_on(connection, tenant, limit)

    found = run_for(home, tenant, work)
    for one in found:
        call = one.call
        what = "test" if call.test else f"{call.severity}  {one.about['en'] or one.about['ja']}"
        reached = sum(any(m.reached for m in person.messages) for person in one.people)
        click.echo(
            f"{call.id}  {call.state.value:<12}  {call.started_at:%Y-%m-%dT%H:%M:%SZ}  "
            f"{len(one.people)} called, {reached} reached  {what}"
        )
    if not found:
        click.echo("No calls.")


@calls.command()
@home_option
@tenant_option
@click.argument("contact")
def test(home: Path | None, tenant: str, contact: str) -> None:
    """Call one person once, by all their addresses, saying that it is a test.

    CONTACT: the id in the address of their page. `tamamo work` (part of serve) sends it.
    """
    from tamamo.calling import store
    from tamamo.calling.work import calling_of
    from tamamo.kernel.database import transaction

    async def work(broker: "Broker") -> str:
        async with transaction(broker.pool) as connection:
            person = await store.contact(connection, tenant, contact)
            made = await calling_of(broker).test(connection, tenant, person, actor=_ACTOR)
            return made.id

    click.echo(
        f"Call {run_for(home, tenant, work)}: see `tamamo calls list` for what became of it."
    )


@calls.command()
@home_option
@tenant_option
@click.argument("unit_id", metavar="UNIT")
def unit(home: Path | None, tenant: str, unit_id: str) -> None:
    """Say which unit answers for contacts: its editors and approvers keep them, no others.

    UNIT: a path of the organisation, such as 総務局/危機管理課 (`tamamo org list`).
    """
    from tamamo.calling import CONTACT_TYPE
    from tamamo.kernel import time
    from tamamo.kernel.audit import Event, append
    from tamamo.kernel.database import transaction
    from tamamo.kernel.errors import SetupError
    from tamamo.kernel.identity import organisation

    async def work(broker: "Broker") -> None:
        async with transaction(broker.pool) as connection:
            today = time.now().astimezone(time.JST).date()
            known = await organisation.units(connection, tenant, today)
            if unit_id not in {one.id for one in known}:
                raise SetupError(f"{tenant!r} has no unit {unit_id}")
            await organisation.declare(connection, tenant, CONTACT_TYPE, unit_id, personal=True)
            after = {"unit": unit_id}
            await append(
                connection, Event(tenant, _ACTOR, "contact.unit", f"tenant:{tenant}", after=after)
            )

    run_for(home, tenant, work)
    click.echo(f"{unit_id} answers for the contacts of {tenant}.")


@calls.command()
@home_option
@tenant_option
@click.option("--from", "address", default="", help="Mail address; empty: the installation's.")
@click.option("--ja", default="", help="Name in Japanese; empty: the town's title.")
@click.option("--en", default="", help="Name in English.")
def sender(home: Path | None, tenant: str, address: str, ja: str, en: str) -> None:
    """Say who a town's mails come from."""
    from tamamo.kernel.audit import Event, append
    from tamamo.kernel.database import transaction
    from tamamo.kernel.errors import SetupError
    from tamamo.messaging import InvalidMessage, set_sender

    async def work(broker: "Broker") -> None:
        names = {language: name for language, name in (("ja", ja), ("en", en)) if name}
        async with transaction(broker.pool) as connection:
            try:
                await set_sender(connection, tenant, address, names)
            except InvalidMessage as refused:
                raise SetupError(f"{address!r} is no mail address") from refused
            after = {"from": address, "names": names}
            await append(
                connection, Event(tenant, _ACTOR, "message.sender", f"tenant:{tenant}", after=after)
            )

    run_for(home, tenant, work)
    click.echo(f"Mails of {tenant} come from {address or 'the address of the installation'}.")
