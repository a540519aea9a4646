"""`tamamo agreement`: what towns share with each other."""

from datetime import datetime
from pathlib import Path
from uuid import UUID

import click

from tamamo.context.towns.terminal import (
    Moment,
    Office,
    at,
    home_option,
    iri,
    run,
    short,
    user_of,
)
from tamamo.kernel import time
from tamamo.kernel.identity import system
from tamamo.kernel.towns.agreement import Agreement, Terms

_id = click.argument("agreement_id", metavar="ID", type=click.UUID)
_side = click.option("--for", "side", required=True, help="The tenant you act for.")


@click.group()
def agreement() -> None:
    """Sharing agreements: proposed by one town, signed by an approver of both, ended by either."""


@agreement.command("list")
@click.option("--tenant", help="Only those it has a part in [all].")
@home_option
def list_(tenant: str | None, home: Path | None) -> None:
    """Show agreements, the newest first."""

    async def work(office: Office) -> list[Agreement]:
        return await office.agreements.listed(tenant)

    found = run(home, work)
    if not found:
        click.echo("There is no agreement.")
    for one in found:
        _tell(one)


@agreement.command()
@_id
@home_option
def history(agreement_id: UUID, home: Path | None) -> None:
    """Show an agreement with those it took the place of, and those that took its place."""

    async def work(office: Office) -> list[Agreement]:
        await office.agreements.find(agreement_id)
        return await office.agreements.line(agreement_id)

    for one in run(home, work):
        _tell(one)


@agreement.command()
@click.argument("owner")
@click.argument("reader")
@click.option("--type", "types", multiple=True, required=True, help="Entity type: name or IRI.")
@click.option("--attr", "attrs", multiple=True, help="Only this attribute: name or IRI [all].")
@click.option(
    "--action",
    "actions",
    multiple=True,
    type=click.Choice(["read", "subscribe"]),
    help="What the reader may do [read].",
)
@click.option("--from", "begin", type=Moment(), help="First day or time (Japan) [now].")
@click.option("--to", "end", type=Moment(), help="Until this day or time (Japan) [revoked].")
@click.option("--purpose", default="", help="What the reader needs it for.")
@click.option("--amends", type=click.UUID, help="The agreement whose place it takes.")
@_side
@home_option
def propose(
    *,
    owner: str,
    reader: str,
    types: tuple[str, ...],
    attrs: tuple[str, ...],
    actions: tuple[str, ...],
    begin: datetime | None,
    end: datetime | None,
    purpose: str,
    amends: UUID | None,
    side: str,
    home: Path | None,
) -> None:
    """Propose that OWNER lets READER have its entities of some types; nobody has signed yet."""

    terms = Terms(
        owner,
        reader,
        frozenset(map(iri, types)),
        frozenset(actions or ("read",)),
        begin or time.now(),
        end,
        frozenset(map(iri, attrs)) if attrs else None,
        purpose,
    )

    async def work(office: Office) -> Agreement:
        return await office.agreements.propose(system("agreement"), side, terms, amends)

    _tell(run(home, work))


@agreement.command()
@_id
@click.option("--by", required=True, help="The approver who signs: e-mail or user:<id>.")
@_side
@home_option
def sign(agreement_id: UUID, by: str, side: str, home: Path | None) -> None:
    """Note the signature of an approver of one side, who gave it on paper."""

    async def work(office: Office) -> Agreement:
        actor = await office.identity.user(await user_of(office, by))
        return await office.agreements.sign(actor, side, agreement_id, via="system:agreement")

    _tell(run(home, work))


@agreement.command()
@_id
@click.option("--reason", required=True, help="Why; both sides read it.")
@_side
@home_option
def revoke(agreement_id: UUID, reason: str, side: str, home: Path | None) -> None:
    """End an agreement at once, or withdraw a proposal."""

    async def work(office: Office) -> Agreement:
        return await office.agreements.revoke(system("agreement"), side, agreement_id, reason)

    _tell(run(home, work))


def _tell(one: Agreement) -> None:

    terms = one.terms
    click.echo(f"{one.id}  {terms.owner} → {terms.reader}  {one.state(time.now()).value}")
    attrs = "all attributes" if terms.attrs is None else ", ".join(map(short, sorted(terms.attrs)))
    types = ", ".join(map(short, sorted(terms.types)))
    click.echo(f"  {types} ({attrs}); {', '.join(sorted(terms.actions))}")
    click.echo(f"  from {at(terms.valid_from)} to {at(terms.valid_to)}")
    if terms.purpose:
        click.echo(f"  purpose: {terms.purpose}")
    click.echo(f"  proposed by {one.proposed_by} for {one.proposed_for}, {at(one.proposed_at)}")
    for side in (terms.owner, terms.reader):
        signature = one.signature(side)
        told = f"{signature.by}, {at(signature.at)}" if signature else "not yet"
        click.echo(f"  signed for {side}: {told}")
    if one.revocation is not None:
        end = one.revocation
        click.echo(f"  revoked by {end.by} for {end.side}, {at(end.at)}: {end.reason}")
    if one.amends is not None:
        click.echo(f"  takes the place of {one.amends}")
