"""`tamamo org import`: one transaction, undone where only a look was wanted."""

from collections.abc import Mapping, Sequence
from datetime import date

import click

from tamamo.kernel.database import Connection
from tamamo.kernel.errors import SetupError
from tamamo.kernel.identity import organisation, system
from tamamo.kernel.identity.organisation import Change, Listed

#: Units named on the terminal; beyond, their number.
_SHOWN = 20


async def install(
    connection: Connection,
    tenant: str,
    units: Sequence[Listed],
    *,
    on: date,
    moved: Mapping[str, str],
    keep: bool,
) -> Change:
    """Install a list; keep=False: only find out what it would change."""
    async with connection.transaction(force_rollback=not keep):
        return await organisation.install(
            connection, system("org"), tenant, units, on=on, moved=moved
        )


def pairs(texts: Sequence[str]) -> dict[str, str]:
    """Return old unit → new unit of texts OLD=NEW. Raises SetupError."""
    found = {}
    for text in texts:
        old, equals, new = text.partition("=")
        if not (old and equals and new):
            raise SetupError(f"--moved is OLD=NEW, not {text!r}.")
        found[old] = new
    return found


def tell(change: Change, *, kept: bool) -> None:
    """Say what a list changed, or would change."""
    for mark, ids in (("+", change.added), ("-", change.ended)):
        for identifier in ids[:_SHOWN]:
            click.echo(f"{mark} {identifier}")
        if len(ids) > _SHOWN:
            click.echo(f"{mark} … and {len(ids) - _SHOWN:,} more")
    verb = "" if kept else "would be "
    click.echo(
        f"Units {verb}added: {len(change.added):,}; ended: {len(change.ended):,};"
        f" kept: {len(change.kept):,}."
    )
    if change.bound_grants or change.bound_types:
        click.echo(
            f"On units that end hang {change.bound_grants:,} grants and {change.bound_types:,}"
            " entity types: use --moved OLD=NEW, or give them anew.",
            err=True,
        )
