"""`tamamo user`, `tamamo key` and `tamamo org`."""

import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from tamamo.kernel.errors import SetupError
from tamamo.server.identity import running
from tamamo.server.identity.running import Day, Moment

home_option = click.option(
    "--home", type=click.Path(path_type=Path), help="Directory of everything kept [.tamamo]."
)
tenant_option = click.option("--tenant", default="default", show_default=True, help="Which town.")
_ROLES = click.Choice(
    ["resident", "reporter", "editor", "approver", "operator", "auditor", "developer"]
)


@click.group()
def user() -> None:
    """Accounts and the roles they hold; residents and staff sign in on the pages."""


@user.command("create-admin")
@home_option
@click.option("--email", prompt="E-mail", help="The address to sign in with.")
@click.option("--name", default="", help="What people see; the address's first part if left out.")
@click.option("--language", type=click.Choice(["ja", "en"]), default="ja", show_default=True)
@click.option("--generate", is_flag=True, help="Make a password and show it, instead of asking.")
def create_admin(home: Path | None, email: str, name: str, language: str, generate: bool) -> None:
    """Make an operator of the whole installation; the first one is made so.

    The password is asked for twice, or made and shown once: never on the command line.
    """
    from tamamo.kernel import settings as kernel_settings
    from tamamo.server.identity import accounts, passwords

    made = generate or not sys.stdin.isatty()
    if made:
        password = passwords.generate()
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        passwords.check(password, kernel_settings.load({"home": home}))
    shown = name or email.partition("@")[0]
    subject = running.act(
        home,
        lambda connection: accounts.create_operator(connection, email, shown, password, language),
    )
    click.echo(f"{subject} {email} is an operator of this installation.", err=True)
    if made:
        click.echo("The password, shown this once:", err=True)
        click.echo(password)


@user.command("list")
@home_option
def list_users(home: Path | None) -> None:
    """Show accounts and what they hold."""
    from tamamo.server.identity import accounts

    rows = running.act(home, accounts.listing)
    running.table(("SUBJECT", "E-MAIL", "NAME", "HOME", "STATE", "LAST SIGN-IN", "ROLES"), rows)


@user.command()
@home_option
@click.argument("who")
@click.argument("role", type=_ROLES)
@click.option("--tenant", required=True, help="Which town; * for the whole installation.")
@click.option(
    "--unit", help="Only what this unit, or one under it, answers for: 総務局/危機管理課."
)
@click.option("--type", "types", multiple=True, help="Only this entity type (name or IRI).")
@click.option("--scope", "scopes", multiple=True, help="Only this scope and all under it.")
@click.option("--from", "valid_from", type=Moment(), help="From this day or time on [now].")
@click.option("--until", "valid_to", type=Moment(), help="Until this day or time [for good].")
def grant(
    home: Path | None, who: str, role: str, tenant: str, types: tuple[str, ...], **limits: Any
) -> None:
    """Give a role to WHO: an e-mail address, user:17 or client:ID."""
    from tamamo.kernel.database import Connection
    from tamamo.kernel.identity import Role, grants, system
    from tamamo.server.identity import accounts

    limits["types"] = [running.iri_of(name) for name in types] or None
    limits["scopes"] = limits["scopes"] or None

    async def work(connection: Connection) -> str:
        subject = await accounts.subject_of(connection, who)
        return await grants.give(connection, system("user"), subject, tenant, Role(role), **limits)

    click.echo(running.act(home, work))


@user.command()
@home_option
@click.argument("who")
@click.option("--role", type=_ROLES, help="Only this role.")
@click.option("--tenant", help="Only in this town; * for grants of the whole installation.")
@click.option("--all", "everything", is_flag=True, help="Everything WHO holds.")
def revoke(
    home: Path | None, who: str, role: str | None, tenant: str | None, everything: bool
) -> None:
    """Take roles away from WHO at once: an e-mail address, user:17 or client:ID."""
    from tamamo.kernel.database import Connection
    from tamamo.kernel.identity import grants, system
    from tamamo.server.identity import accounts

    if role is None and tenant is None and not everything:
        raise SetupError("Say what to take away: --role, --tenant or --all.")

    async def work(connection: Connection) -> int:
        subject = await accounts.subject_of(connection, who)
        held = [
            held
            for held in await grants.listing(connection, subject=subject, tenant=tenant)
            if role is None or held.role == role
        ]
        for one in held:
            await grants.revoke(connection, system("user"), one.tenant, one.id)
        return len(held)

    count = running.act(home, work)
    if not count:
        raise SetupError(f"{who} holds nothing of that kind.")
    click.echo(f"Taken away: {count:,}. It counts within 5 seconds.")


@click.group()
def key() -> None:
    """Keys of devices: one topic or one entity type each."""


@key.command("create")
@home_option
@tenant_option
@click.argument("name")
@click.option("--type", "type_", help="The one entity type it writes (name or IRI).")
@click.option("--topic", help="The one MQTT topic it publishes to.")
@click.option("--until", "valid_to", type=Moment(), help="Until this day or time [for good].")
def create_key(
    *,
    home: Path | None,
    tenant: str,
    name: str,
    type_: str | None,
    topic: str | None,
    valid_to: datetime | None,
) -> None:
    """Register a device and show its key, this once."""
    from tamamo.kernel.identity import devices, system

    iri = None if type_ is None else running.iri_of(type_)
    device, text = running.act(
        home,
        lambda connection: devices.create(
            connection, system("key"), tenant, name, type=iri, topic=topic, valid_to=valid_to
        ),
    )
    click.echo(f"Device {device}. Its key, shown this once:", err=True)
    click.echo(text)


@key.command("list")
@home_option
@tenant_option
def list_keys(home: Path | None, tenant: str) -> None:
    """Show devices: what each is for, its state, and when it was last heard."""
    from tamamo.kernel.identity import devices
    from tamamo.kernel.time import now

    moment = now()
    rows = [
        (
            one.id,
            one.name,
            one.type or f"topic {one.topic}",
            one.state(moment),
            ", ".join(f"…{known.hint}" for known in one.keys),
            running.day(one.valid_to),
            running.day(one.last_used_at),
        )
        for one in running.act(home, lambda connection: devices.listing(connection, tenant))
    ]
    running.table(("DEVICE", "NAME", "FOR", "STATE", "KEYS", "UNTIL", "LAST USED"), rows)


@key.command()
@home_option
@tenant_option
@click.argument("device")
@click.option(
    "--overlap",
    type=click.FloatRange(0, 90 * 24),
    default=24.0,
    show_default=True,
    help="Hours for which the old key still works; 0 where it was lost.",
)
def rotate(home: Path | None, tenant: str, device: str, overlap: float) -> None:
    """Give DEVICE a new key and show it, this once."""
    from tamamo.kernel.identity import devices, system

    text = running.act(
        home,
        lambda connection: devices.rotate(
            connection, system("key"), tenant, device, timedelta(hours=overlap)
        ),
    )
    click.echo(
        f"The old key works for {overlap:g} hours more. The new one, shown this once:", err=True
    )
    click.echo(text)


@key.command("revoke")
@home_option
@tenant_option
@click.argument("device")
def revoke_key(home: Path | None, tenant: str, device: str) -> None:
    """End DEVICE and all its keys."""
    from tamamo.kernel.identity import devices, system

    running.act(home, lambda connection: devices.revoke(connection, system("key"), tenant, device))
    click.echo("Ended. It counts within 5 seconds.")


@click.group()
def org() -> None:
    """The organisation of a town: its units and the days on which they are valid."""


@org.command("import")
@home_option
@tenant_option
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--from", "on", type=Day(), help="The day from which the list holds [today].")
@click.option(
    "--moved", "moved", multiple=True, help="OLD=NEW: the unit that takes another's place."
)
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
def import_list(
    *,
    home: Path | None,
    tenant: str,
    file: Path,
    on: date | None,
    moved: tuple[str, ...],
    dry_run: bool,
) -> None:
    """Make the units in FILE (XLSX, CSV) the organisation: 局, 部, 課 … a column a level."""
    from tamamo.kernel.identity import lists
    from tamamo.kernel.time import JST, now
    from tamamo.server.identity import importing

    reading = lists.read(file)
    for number, note in reading.notes:
        click.echo(f"Line {number}: {note}.", err=True)
    change = running.act(
        home,
        lambda connection: importing.install(
            connection,
            tenant,
            reading.units,
            on=on or now().astimezone(JST).date(),
            moved=importing.pairs(moved),
            keep=not dry_run,
        ),
    )
    importing.tell(change, kept=not dry_run)


@org.command("list")
@home_option
@tenant_option
@click.option("--on", type=Day(), help="As of this day [today].")
def list_units(home: Path | None, tenant: str, on: date | None) -> None:
    """Show the units, those under another one indented."""
    from tamamo.kernel.identity import organisation
    from tamamo.kernel.time import JST, now

    day = on or now().astimezone(JST).date()
    for unit in running.act(home, lambda c: organisation.units(c, tenant, day)):
        click.echo(f"{'  ' * unit.id.count(organisation.SEPARATOR)}{unit.name}")
