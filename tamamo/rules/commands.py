"""`tamamo rules`: see the rules of a town, try them on the past, take note of alerts."""

import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from tamamo.context.terminal import home_option, run_for, tenant_option

if TYPE_CHECKING:
    from tamamo.context.broker import Broker
    from tamamo.kernel.database import Connection
    from tamamo.rules.alert import Alert
    from tamamo.rules.rule import Rule

T = TypeVar("T")

#: Who acts here: whoever can use this machine. Staff acts on their pages, under their own name.
_ACTOR: Final = "system:rules-command"


class _Moment(click.ParamType[datetime]):
    """A date and time with its zone (RFC 3339)."""

    name = "time"

    def convert(self, value: Any, param: Any, ctx: Any) -> datetime:
        """Return the moment a text names."""
        from tamamo.kernel.time import from_text

        try:
            return from_text(value)
        except ValueError:
            self.fail(
                f"{value!r} is no date and time with a zone, 2026-06-30T00:00+09:00", param, ctx
            )


_MOMENT: Final = _Moment()


@click.group()
def rules() -> None:
    """Rules: when what is true of which entities, then an alert."""


@rules.command("list")
@home_option
@tenant_option
def list_(home: Path | None, tenant: str) -> None:
    """List the rules of a town: id, whose, on or off, severity, name."""
    from tamamo.kernel.database import single
    from tamamo.rules.editing import RuleEntry, listing

    async def work(broker: "Broker") -> list[RuleEntry]:
        async with single(broker.pool) as connection:
            return await listing(connection, tenant)

    for one in run_for(home, tenant, work):
        name = f"{one.document['name']['ja']} / {one.document['name']['en']}"
        switched = "on " if one.enabled else "off"
        click.echo(f"{one.id}  {one.origin}  {switched}  {one.document['severity']}  {name}")


@rules.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
def check(files: tuple[Path, ...]) -> None:
    """Check rules.toml files, the installed ones without FILES; one line a fault, exit code 1."""
    from tamamo.rules.shipped import declared_files, documents, faults_of_files

    paths = files or tuple(declared_files())
    faults = faults_of_files(paths)
    for fault in faults:
        click.echo(fault.line(), err=True)
    if faults:
        sys.exit(1)
    click.echo(f"{sum(1 for _ in documents(paths))} rules: no fault.")


@rules.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--rule", "chosen", multiple=True, help="Only these rules.")
@click.option("--rules", "own", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="A rules.toml to try instead of the shipped ones.")  # fmt: skip
def report(file: Path, chosen: tuple[str, ...], own: Path | None) -> None:
    """Say what rules make of a recording of river levels (CSV): each episode once, as tables.

    Nothing is stored, and nothing has to run.
    """
    from tamamo.rules import report as reports
    from tamamo.rules.rule import iri_of

    found = _file_rules(own)
    about = [rule for rule in found.values() if rule.subject.type == iri_of("FloodMonitoring")]
    wanted = [rule for rule in about if not chosen or rule.id in chosen]
    for line in reports.markdown(reports.make(wanted, reports.read(file)), wanted):
        click.echo(line)


@rules.command()
@home_option
@tenant_option
@click.option("--days", type=click.IntRange(1, 366), default=30, show_default=True)
@click.option("--until", type=_MOMENT, help="The end of the days [the newest reading].")
@click.option("--file", "own", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="A rules.toml the rule stands in, instead of the town's.")  # fmt: skip
@click.argument("rule")
def preview(
    home: Path | None,
    tenant: str,
    *,
    days: int,
    until: datetime | None,
    own: Path | None,
    rule: str,
) -> None:
    """Say how often a rule would have fired in the last days, and when; nothing is stored."""
    from tamamo.kernel.database import single
    from tamamo.rules.editing import entry
    from tamamo.rules.preview import Preview
    from tamamo.rules.preview import preview as look_back

    async def work(broker: "Broker") -> Preview:
        if own is not None:
            document = _document(own, rule)
        else:
            async with single(broker.pool) as connection:
                document = (await entry(connection, tenant, rule)).document
        return await look_back(broker, tenant, document, until=until, days=days)

    found = run_for(home, tenant, work)
    for one in found.episodes:
        end = _local(one.end) if one.end is not None else "-"
        reached = f"{_figure(one.peak)} (from {_figure(one.threshold)})"
        click.echo(f"{_local(one.start)}  {end}  {one.name['ja']}  {one.subject}  {reached}")
    left_out = "" if found.complete else " Not all was looked at: it took too long."
    click.echo(
        f"{rule} would have fired {found.fired} times between {_local(found.start)} and"
        f" {_local(found.until)} ({found.subjects} subjects, {found.readings:,} readings)."
        f"{left_out}"
    )


@rules.command()
@home_option
@tenant_option
@click.option("--all", "everything", is_flag=True, help="Also alerts that are over.")
def alerts(home: Path | None, tenant: str, everything: bool) -> None:
    """List alerts: state, since when, severity, value, name, id, who has taken note."""
    from tamamo.kernel.database import single
    from tamamo.rules.listing import alerts as read

    async def work(broker: "Broker") -> "list[Alert]":
        async with single(broker.pool) as connection:
            return await read(connection, tenant, open_only=not everything, limit=10_000)

    for one in run_for(home, tenant, work):
        seen = f"  seen by {one.acknowledged_by}" if one.acknowledged_by else ""
        still = f"  silenced until {_local(one.silenced_until)}" if one.silenced_until else ""
        value = f"{_figure(one.value)}{one.unit}"
        name = f"{one.rule_name.get('ja', one.rule)}: {one.subject_name.get('ja', one.subject)}"
        click.echo(
            f"{one.state:<10}  {_local(one.since)}  {one.severity:<8}  {value:>8}  {name}"
            f"  {one.id}{seen}{still}"
        )


@rules.command()
@home_option
@tenant_option
@click.option("--note", default="", help="What is being done.")
@click.argument("alert")
def acknowledge(home: Path | None, tenant: str, note: str, alert: str) -> None:
    """Note that somebody has seen to an alert (its id); that does not end it."""
    from tamamo.rules.acts import acknowledge as take_note

    found = _act(
        home,
        tenant,
        lambda connection: take_note(connection, tenant, alert, actor=_ACTOR, note=note),
    )
    click.echo(f"{found.id} is {found.state}, seen by {found.acknowledged_by}.")


@rules.command()
@home_option
@tenant_option
@click.option("--rule", help="Alarms of this rule.")
@click.option("--subject", help="Alarms about this entity (its id).")
@click.option("--for", "minutes", type=click.IntRange(1, 525_600), help="Minutes from now.")
@click.option("--reason", default="", help="Why; needed.")
@click.option("--end", type=int, help="End this silence (its number) now.")
def silence(
    home: Path | None,
    tenant: str,
    *,
    rule: str | None,
    subject: str | None,
    minutes: int | None,
    reason: str,
    end: int | None,
) -> None:
    """Have nobody called for a rule, an entity or both for some time; list silences without."""
    from tamamo.kernel.errors import SetupError
    from tamamo.kernel.time import now
    from tamamo.rules import acts
    from tamamo.rules.book import open_silences

    if end is not None:
        _act(home, tenant, lambda connection: acts.unsilence(connection, tenant, end, actor=_ACTOR))
        click.echo(f"Silence {end} is over.")
        return
    if rule is None and subject is None:
        for one in _act(home, tenant, lambda connection: open_silences(connection, tenant)):
            about = " ".join(part for part in (one.rule, one.subject) if part)
            click.echo(
                f"{one.number}  until {_local(one.until)}  {about}  {one.actor}: {one.reason}"
            )
        return
    if minutes is None:
        raise SetupError("Say for how long: --for MINUTES")
    until = now() + timedelta(minutes=minutes)
    number = _act(
        home,
        tenant,
        lambda connection: acts.silence(
            connection, tenant, rule=rule, subject=subject, until=until, reason=reason,
            actor=_ACTOR,
        ),
    )  # fmt: skip
    click.echo(f"Silence {number} until {_local(until)}.")


def _document(file: Path, rule: str) -> Any:
    from tamamo.kernel.errors import SetupError
    from tamamo.rules.shipped import documents

    for _, document in documents([file]):
        if isinstance(document, dict) and document.get("id") == rule:
            return document
    raise SetupError(f"{file} has no rule {rule!r}")


def _act(home: Path | None, tenant: str, act: "Callable[[Connection], Awaitable[T]]") -> T:
    """Do something in a transaction of the installation, running or not."""
    from tamamo.kernel.database import transaction

    async def work(broker: "Broker") -> T:
        async with transaction(broker.pool) as connection:
            return await act(connection)

    return run_for(home, tenant, work)


def _local(moment: datetime) -> str:
    from tamamo.kernel.time import JST

    return moment.astimezone(JST).strftime("%Y-%m-%d %H:%M")


def _figure(value: float | None) -> str:
    from tamamo.rules.alert import figure

    return figure(value)


def _file_rules(own: Path | None) -> "Mapping[str, Rule]":
    from tamamo.rules.check import parse
    from tamamo.rules.shipped import documents, shipped

    if own is None:
        return shipped()
    made = [parse(document) for _, document in documents([own])]
    return {rule.id: rule for rule in made}
