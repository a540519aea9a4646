"""`tamamo retention`: how long history is kept, by tenant and type."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from tamamo.context.model.entity import DEFAULT_VOCABULARY
from tamamo.kernel import settings as kernel_settings
from tamamo.kernel.time import now

if TYPE_CHECKING:
    from tamamo.context.temporal.retention import Rule
    from tamamo.kernel.database import Pool

T = TypeVar("T")

_TIME = re.compile(r"([1-9][0-9]{0,5})([dwmy])")

home_option = click.option(
    "--home", type=click.Path(path_type=Path), help="Directory of everything kept [.tamamo]."
)
tenant_option = click.option("--tenant", default="*", help="Only this tenant [all].")
type_option = click.option(
    "--type", "type_", default="*", help="Only this entity type: short name or IRI [all]."
)


class Time(click.ParamType[str]):
    """A length of time: 90d, 12w, 18m (months) or 5y. Becomes an ISO 8601 duration."""

    name = "time"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the duration, for instance P90D."""
        found = _TIME.fullmatch(value)
        if found is None:
            self.fail(f"{value!r} is no time such as 90d, 12w, 18m (months) or 5y", param, ctx)
        return f"P{found[1]}{found[2].upper()}"


@click.group()
def retention() -> None:
    """How long history is kept: rules by tenant and type; without a rule, for ever.

    The most specific rule holds: tenant and type, tenant, type, all. Of an entity with several
    types the longest time holds. The current state is never touched, and hourly and daily figures
    of measurements stay. Rules are carried out by `tamamo work`, within half an hour.
    """


@retention.command("list")
@home_option
def list_(home: Path | None) -> None:
    """List the rules: tenant, type, time kept, rollups kept, what is gone."""
    from tamamo.context.temporal import retention as rules

    found = _run(home, lambda pool: rules.rules(pool, now()))
    for rule in found:
        click.echo(_line(rule))
    if not found:
        click.echo("No rules: history is kept for ever.")


@retention.command("set")
@home_option
@tenant_option
@type_option
@click.option("--rollups", type=Time(), help="How long hourly and daily figures stay [for ever].")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.argument("keep", type=Time())
def set_(
    *, home: Path | None, tenant: str, type_: str, rollups: str | None, yes: bool, keep: str
) -> None:
    """Keep instances for KEEP (90d, 12w, 18m = months, 5y). Shows first what would go."""
    from tamamo.context.temporal import retention as rules

    type_ = _iri(type_)
    _show_preview(home, tenant, type_, keep)
    if not yes:
        click.confirm("Set this rule?", abort=True)
    _run(home, lambda pool: rules.set_rule(pool, tenant, type_, keep, rollups))
    click.echo("Set. `tamamo work` carries it out within half an hour.")


@retention.command()
@home_option
@tenant_option
@type_option
@click.argument("keep", type=Time())
def preview(*, home: Path | None, tenant: str, type_: str, keep: str) -> None:
    """Show what would go if KEEP were set, and change nothing."""
    _show_preview(home, tenant, _iri(type_), keep)


@retention.command()
@home_option
@tenant_option
@type_option
def remove(home: Path | None, tenant: str, type_: str) -> None:
    """Remove a rule: from now on everything is kept."""
    from tamamo.context.temporal import retention as rules
    from tamamo.kernel.errors import SetupError

    type_ = _iri(type_)
    if not _run(home, lambda pool: rules.remove_rule(pool, tenant, type_)):
        raise SetupError(f"There is no rule for tenant {tenant} and type {type_}")
    click.echo("Removed. What is gone stays gone.")


def _show_preview(home: Path | None, tenant: str, type_: str, keep: str) -> None:
    from tamamo.context.temporal import retention as rules

    rows = _run(home, lambda pool: rules.preview(pool, now(), tenant, type_, keep))
    for found_tenant, found_type, entities, instances, first, last in rows:
        click.echo(
            f"{found_tenant}  {_short(found_type)}: {instances:,} instances of {entities:,}"
            f" entities would go, {first:%Y-%m-%d} to {last:%Y-%m-%d}"
        )
    if not rows:
        click.echo("Nothing would go now.")


def _run(home: Path | None, work: "Callable[[Pool], Awaitable[T]]") -> T:
    """Do something with the database of the installation, running or not."""
    from tamamo.kernel.database import open_pool
    from tamamo.kernel.installation import opened

    async def main(dsn: str) -> T:
        async with open_pool(dsn, size=1) as pool:
            return await work(pool)

    with opened(kernel_settings.load({"home": home})) as settings:
        assert settings.database_url is not None
        return asyncio.run(main(settings.database_url))


def _iri(name: str) -> str:
    return name if name == "*" or ":" in name else DEFAULT_VOCABULARY + name


def _short(iri: str) -> str:
    return iri.removeprefix(DEFAULT_VOCABULARY)


def _line(rule: "Rule") -> str:
    rollups = rule.keep_rollups or "for ever"
    gone = "nothing gone yet"
    if rule.applied_until is not None:
        gone = f"gone before {rule.applied_until}, {rule.removed:,} instances in steps"
    return f"{rule.tenant}  {_short(rule.type)}  keep {rule.keep}, rollups {rollups}; {gone}"
