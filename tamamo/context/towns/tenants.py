"""`tamamo tenant`: make and change the towns of this installation, and see what they use."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from tamamo.context.towns.terminal import NONE, Number, Office, at, home_option, iri, run, short
from tamamo.kernel.errors import SetupError
from tamamo.kernel.identity import system
from tamamo.kernel.towns import Limits, MapView, Town
from tamamo.kernel.towns import usage as measuring
from tamamo.kernel.towns.service import Entry, Use

_FIELDS = (
    click.option("--title-ja", help="What it is called in Japanese."),
    click.option("--title-en", help="What it is called in English."),
    click.option("--code", help="団体コード, six digits; none: without one."),
    click.option("--languages", help="Languages of its pages, the first one first [ja,en]."),
    click.option("--map", "map_view", help="Where its maps open: longitude,latitude,zoom."),
    click.option("--max-entities", type=Number(), help="Most entities; none: no limit."),
    click.option("--max-requests", type=Number(), help="Most requests a minute; none: no limit."),
    click.option("--max-storage", type=Number(), help="Most bytes, such as 20G; none: no limit."),
    click.option(
        "--public",
        multiple=True,
        help="Entity type that everybody may read: short name or IRI, * for all; none: no type.",
    ),
)


def _fields(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_FIELDS):
        command = option(command)
    return command


@click.group()
def tenant() -> None:
    """The towns of this installation: made, changed, suspended, and what each uses."""


@tenant.command("list")
@home_option
def list_(home: Path | None) -> None:
    """Show all tenants."""

    async def work(office: Office) -> list[Entry]:
        return await office.towns.listed()

    for entry in run(home, work):
        _tell(entry)


@tenant.command()
@click.argument("name")
@_fields
@home_option
def create(name: str, home: Path | None, **given: Any) -> None:
    """Make a tenant, such as: tamamo tenant create ayagawa --title-ja 綾川町 --title-en Ayagawa."""

    wanted = _wanted(given, Town(name))

    async def work(office: Office) -> None:
        await office.towns.create(system("tenant"), Town(name, **wanted))

    run(home, work)
    click.echo(f"The tenant {name} is there.")


@tenant.command("set")
@click.argument("name")
@_fields
@home_option
def set_(name: str, home: Path | None, **given: Any) -> None:
    """Change a tenant: only what is named changes."""

    async def work(office: Office) -> bool:
        before = (await office.towns.entry(name)).town
        wanted = _wanted(given, before)
        return await office.towns.change(system("tenant"), name, **wanted) != before

    click.echo(f"The tenant {name} {'is changed' if run(home, work) else 'was so already'}.")


@tenant.command()
@click.argument("name")
@click.option("--reason", required=True, help="Why; it stands in the audit log.")
@home_option
def suspend(name: str, reason: str, home: Path | None) -> None:
    """Stop all reading and writing of a tenant; nothing of it is lost."""

    async def work(office: Office) -> None:
        await office.towns.suspend(system("tenant"), name, reason)

    run(home, work)
    click.echo(f"The tenant {name} is suspended. `tamamo tenant resume {name}` ends that.")


@tenant.command()
@click.argument("name")
@home_option
def resume(name: str, home: Path | None) -> None:
    """Let a suspended tenant go on."""

    async def work(office: Office) -> None:
        await office.towns.resume(system("tenant"), name)

    run(home, work)
    click.echo(f"The tenant {name} goes on.")


@tenant.command()
@click.argument("name", required=False)
@click.option("--now", "measured", is_flag=True, help="Count and measure first.")
@home_option
def usage(name: str | None, home: Path | None, *, measured: bool) -> None:
    """Show what tenants use against their limits."""

    async def work(office: Office) -> list[Entry]:
        if measured:
            await measuring.count_now(office.pool)
            await measuring.measure_now(office.pool)
        return [await office.towns.entry(name)] if name else await office.towns.listed()

    for entry in run(home, work):
        click.echo(entry.town.name)
        for use in entry.uses:
            click.echo(f"  {_used(use)}")


def _wanted(given: dict[str, Any], before: Town) -> dict[str, Any]:
    """Return the fields of a town that the options change."""

    wanted: dict[str, Any] = {}
    titles = {lang: given[f"title_{lang}"] for lang in ("ja", "en") if given[f"title_{lang}"]}
    if titles:
        wanted["titles"] = {**before.titles, **titles}
    if given["code"] is not None:
        wanted["code"] = None if given["code"] == NONE else given["code"]
    if given["languages"] is not None:
        wanted["languages"] = tuple(part.strip() for part in given["languages"].split(","))
    if given["map_view"] is not None:
        wanted["map_view"] = _view(given["map_view"])
    limits = [given[f"max_{name}"] for name in ("entities", "requests", "storage")]
    if any(limit is not None for limit in limits):
        kept = (before.limits.entities, before.limits.requests, before.limits.storage)
        wanted["limits"] = Limits(*map(_limit, limits, kept))
    if given["public"]:
        wanted["public_types"] = frozenset(iri(name) for name in given["public"] if name != NONE)
    return wanted


def _limit(given: Any, kept: int | None) -> int | None:
    if given is None:
        return kept
    return None if given == NONE else int(given)


def _view(text: str) -> Any:

    if text == NONE:
        return None
    try:
        longitude, latitude, zoom = (float(part) for part in text.split(","))
    except ValueError:
        raise SetupError("--map takes longitude,latitude,zoom such as 133.923,34.25,11.5") from None
    return MapView(longitude, latitude, zoom)


def _tell(entry: Entry) -> None:
    town = entry.town
    state = "suspended" if town.suspended else "active"
    click.echo(f"{town.name}  {town.title('ja')} / {town.title('en')}  {town.code or '—'}  {state}")
    click.echo(f"  public: {_types(town.public_types)}; languages: {', '.join(town.languages)}")
    click.echo(f"  made {at(entry.created_at)} by {entry.created_by or '—'}")


def _types(types: Iterable[str]) -> str:
    return ", ".join(sorted(map(short, types))) or "nothing"


def _used(use: Use) -> str:
    limit = "no limit" if use.limit is None else f"of {use.limit:,}"
    share = "" if use.share is None else f" ({use.share:.0%})"
    unit = {"requests": " a minute", "storage": " bytes"}.get(use.quota, "")
    seen = "" if use.quota == "requests" else f", {at(use.measured_at)}"
    return f"{use.quota:<9}{use.used:>15,}{unit}, {limit}{share}{seen}"
