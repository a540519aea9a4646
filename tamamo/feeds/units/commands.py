"""`tamamo devices`: portable units, where they stand and stood."""

import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tamamo.feeds.commands import Moment, _installation, home_option, tenant_option
from tamamo.kernel import settings as kernel_settings
from tamamo.kernel import time
from tamamo.kernel.errors import SetupError

if TYPE_CHECKING:
    from tamamo.context.broker import Broker
    from tamamo.feeds.units import Stay
    from tamamo.feeds.units.moving import Moved, Place

#: As whom these verbs act.
ACTOR = "system:devices"


@click.group()
def devices() -> None:
    """Portable units: which stands where. Their keys: `tamamo key`."""


@devices.command("list")
@tenant_option
@click.option("--all", "everything", is_flag=True, help="Earlier places, too.")
@home_option
def list_(tenant: str, everything: bool, home: Path | None) -> None:
    """Show where units stand: unit, place, since when."""
    from tamamo.feeds.units import listing
    from tamamo.kernel.database import transaction

    async def work(broker: "Broker") -> "list[Stay]":
        async with transaction(broker.pool) as connection:
            return await listing(connection, tenant)

    with _installation(kernel_settings.load({"home": home})) as (_, run):
        found: list[Stay] = run(work)
    shown = [stay for stay in found if everything or stay.to_at is None]
    for stay in shown:
        until = f" to {_day(stay.to_at)}" if stay.to_at else ""
        click.echo(f"{stay.unit}  {stay.place}  from {_day(stay.from_at)}{until}")
    if not shown:
        click.echo("No unit stands anywhere.")


@devices.command()
@click.argument("unit")
@click.option("--to", "slug", help="The place: a name of your own for it, or an entity's id.")
@click.option("--away", is_flag=True, help="Taken away: it stands nowhere.")
@click.option("--at", type=Moment(), help="When it was moved [now].")
@click.option("--name", default="", help="The place's name in Japanese, where it is new.")
@click.option("--english", default="", help="And in English.")
@click.option("--location", help="Latitude,longitude of the place, where it is new.")
@click.option("--alert-level", type=float, help="Its level of alert, in metres.")
@tenant_option
@home_option
def move(
    *,
    unit: str,
    slug: str | None,
    away: bool,
    at: datetime | None,
    name: str,
    english: str,
    location: str | None,
    alert_level: float | None,
    tenant: str,
    home: Path | None,
) -> None:
    """Note that UNIT (as in its topic) stands at another place from then on.

    What it measures from then on is the new place's; what it measured before stays with the old
    one. Noted late, what came in between is carried over.
    """
    from tamamo.feeds.commands import require_tenant
    from tamamo.feeds.units import moving

    if (slug is None) != away:
        raise SetupError("Give --to PLACE, or --away.")
    place: Place | None = None
    if slug is not None:
        longitude, latitude = _point(location)
        attributes = {} if alert_level is None else {"alertLevel": alert_level}
        place = moving.Place(slug, name, english, longitude, latitude, attributes)

    async def work(broker: "Broker") -> "Moved":
        await require_tenant(broker, tenant)
        moment = at or time.now()
        return await moving.move(broker, ACTOR, tenant, unit, place=place, at=moment)

    with _installation(kernel_settings.load({"home": home})) as (_, run):
        moved: Moved = run(work)
    before = f"from {moved.before.place} " if moved.before else ""
    click.echo(f"{unit} {before}to {place.id if place else 'nowhere'}")
    if moved.carried:
        click.echo(f"{moved.carried:,} readings since then were carried over.")


def _point(text: str | None) -> tuple[float | None, float | None]:
    from tamamo.feeds import quality
    from tamamo.feeds.quality import Invalid

    if text is None:
        return None, None
    latitude, _, longitude = re.sub(r"\s", "", text).partition(",")
    try:
        return quality.place(latitude, longitude)
    except Invalid as error:
        raise SetupError(f"--location {text}: {error.field}: {error.reason.en}.") from error


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(time.JST):%Y-%m-%d %H:%M}"
