"""`tamamo drill`: make, start, list, end and delete drills from the terminal; print their log."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tamamo.context.terminal import home_option, run
from tamamo.kernel.errors import SetupError
from tamamo.kernel.time import JST

if TYPE_CHECKING:
    from tamamo.context.broker import Broker
    from tamamo.kernel.drills.entry import Entry

town_option = click.option("--town", default="default", help="The town's tenant [default].")


@click.group()
def drill() -> None:
    """Drills (訓練): marked everywhere, reaching nobody outside their list."""


@drill.command()
def scripts() -> None:
    """List the scripts there are."""
    from tamamo.drills.catalogue import scripts as known

    for name, script in known().items():
        hours = script.length / 3600
        click.echo(f"{name}\t{script.begins_at:%Y-%m-%d %H:%M}\t{hours:g} h\t{script.title.ja}")


@drill.command()
@click.argument("title")
@click.option("--script", "scenario", help="The script to be played (tamamo drill scripts).")
@click.option("--person", multiple=True, required=True, help="Who takes part: e-mail or user:17.")
@click.option("--reach", multiple=True, help="An address that may be reached: mail, https, number.")
@click.option("--hours", type=click.IntRange(1, 744), default=24, help="Ends by itself after [24].")
@click.option("--begins", help="What its clock shows at the start [as the script says].")
@town_option
@home_option
def new(
    *,
    title: str,
    scenario: str | None,
    person: tuple[str, ...],
    reach: tuple[str, ...],
    hours: int,
    begins: str | None,
    town: str,
    home: Path | None,
) -> None:
    """Make a drill of a town, with its stations, rules and contacts; print its name."""
    from tamamo.drills import making
    from tamamo.drills.catalogue import find
    from tamamo.drills.people import roles_of
    from tamamo.kernel import time
    from tamamo.kernel.drills.plan import Plan
    from tamamo.kernel.identity import system

    script = find(scenario or "")
    if scenario and script is None:
        raise SetupError(f"There is no script {scenario!r}; see `tamamo drill scripts`.")
    moment = time.now()
    starts = _moment(begins) if begins else (script.begins_at if script else moment)

    async def work(broker: "Broker") -> str:
        people = await roles_of(broker, town, person)
        plan = Plan(
            town,
            title,
            people,
            starts,
            moment + timedelta(hours=hours),
            tuple(dict.fromkeys(reach)),
            script.id if script else "",
            script.length if script else 0.0,
        )
        made = await broker.drills.create(system("drill"), plan)
        await making.make(broker, made)
        return made.tenant

    click.echo(run(home, work))


@drill.command()
@click.argument("name")
@click.option("--speed", type=float, default=None, help="Times as fast as other clocks.")
@home_option
def play(*, name: str, speed: float | None, home: Path | None) -> None:
    """Start a drill's clock, or let it go on; `tamamo serve` or `work` plays it."""
    from tamamo.drills.catalogue import find
    from tamamo.kernel.drills import State
    from tamamo.kernel.identity import system

    async def work(broker: "Broker") -> "Entry":
        entry = await _entry(broker, name)
        script, town = find(entry.drill.scenario), entry.drill.town
        if entry.drill.state is State.READY:
            first = speed or (script.speed if script else 1.0)
            return await broker.drills.start(system("drill"), town, name, first)
        return await broker.drills.go_on(system("drill"), town, name, speed)

    entry = run(home, work)
    click.echo(f"{entry.drill.state.value} ×{entry.speed:g}")


@drill.command()
@click.argument("name")
@home_option
def pause(*, name: str, home: Path | None) -> None:
    """Stop a drill's clock."""
    from tamamo.kernel.identity import system

    async def work(broker: "Broker") -> None:
        entry = await _entry(broker, name)
        await broker.drills.pause(system("drill"), entry.drill.town, name)

    run(home, work)


@drill.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@home_option
def end(*, name: str, yes: bool, home: Path | None) -> None:
    """End a drill for good; its log stays."""
    from tamamo.kernel.identity import system

    if not yes:
        click.confirm("Nobody can go on in it any more. End the drill?", abort=True)

    async def work(broker: "Broker") -> None:
        entry = await _entry(broker, name)
        await broker.drills.end(system("drill"), entry.drill.town, name)

    run(home, work)


@drill.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@home_option
def delete(*, name: str, yes: bool, home: Path | None) -> None:
    """Remove a drill that has ended with all it held; the audit logs stay."""
    from tamamo.drills import removing
    from tamamo.kernel.identity import system

    if not yes:
        click.confirm("Its log cannot be brought back. Delete the drill?", abort=True)

    async def work(broker: "Broker") -> None:
        entry = await _entry(broker, name)
        await broker.drills.delete(system("drill"), entry.drill.town, name)
        await removing.remove(broker, name)

    run(home, work)


@drill.command(name="list")
@town_option
@home_option
def list_(*, town: str, home: Path | None) -> None:
    """List a town's drills: name, state, what its clock shows, title."""
    from tamamo.kernel import time

    async def work(broker: "Broker") -> "list[Entry]":
        return await broker.drills.listed(town)

    for entry in run(home, work):
        one = entry.drill
        shows = one.clock.now(time.now()).astimezone(JST)
        click.echo(f"{one.tenant}\t{one.state.value}\t{shows:%Y-%m-%d %H:%M}\t{one.title}")


@drill.command()
@click.argument("name")
@click.option("--csv", "as_csv", is_flag=True, help="The whole log with decisions, as CSV.")
@home_option
def log(*, name: str, as_csv: bool, home: Path | None) -> None:
    """Print what has happened in a drill, in the order of its clock."""
    from tamamo.drills import events, exports
    from tamamo.drills import log as logs
    from tamamo.drills.catalogue import find
    from tamamo.drills.review import judge
    from tamamo.kernel import time
    from tamamo.kernel.database import transaction
    from tamamo.kernel.drills import first_line

    async def work(broker: "Broker") -> list[str]:
        entry = await _entry(broker, name)
        lines = await logs.lines(broker, entry, addresses=True)
        if not as_csv:
            return [
                f"{entry.drill.clock.shows(line.position).astimezone(JST):%m-%d %H:%M}"
                f"\t{line.kind}\t{line.what}\t{line.ja or line.about}\t{line.actor}"
                for line in lines
            ]
        async with transaction(broker.pool) as connection:
            notes = await events.notes(connection, name)
        script = find(entry.drill.scenario)
        position = entry.drill.clock.position_at(time.now())
        judged = judge(script.expected if script else (), lines, notes, position)
        table = exports.table(
            entry.drill,
            lines,
            judged,
            notes,
            names={},
            text_of=lambda line: line.ja,
            kind_of=lambda line: line.kind,
            language="ja",
        )
        text = exports.to_csv(table).decode("utf-8-sig").rstrip("\r\n")
        return [first_line(entry.drill), text]

    for line in run(home, work):
        click.echo(line)


async def _entry(broker: "Broker", name: str) -> "Entry":
    from tamamo.kernel.database import transaction
    from tamamo.kernel.drills.entry import find as entry_of

    async with transaction(broker.pool) as connection:
        return await entry_of(connection, name)


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise SetupError(f"{text!r} is no date and time such as 2004-08-30T15:00.") from error
    return found if found.tzinfo else found.replace(tzinfo=JST)
