"""`tamamo backup` and `tamamo restore`."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tamamo.kernel import settings as kernel_settings
from tamamo.kernel.time import JST, from_text

if TYPE_CHECKING:
    from tamamo.kernel.backup.manifest import Manifest
    from tamamo.kernel.backup.prove import Proof

home_option = click.option(
    "--home", type=click.Path(path_type=Path), help="Directory of everything kept [.tamamo]."
)
file_type = click.Path(path_type=Path, dir_okay=False)


@click.command()
@home_option
@click.option("--with-secrets", is_flag=True, help="Keys and passwords too: guard the file then.")
@click.option(
    "--check",
    "checked",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Prove this backup by restoring it into a scratch database; touches no installation.",
)
@click.option(
    "--scratch",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Where the scratch database goes [directory of temporary files].",
)
@click.argument("file", type=file_type, required=False)
def backup(
    *,
    home: Path | None,
    with_secrets: bool,
    checked: Path | None,
    scratch: Path | None,
    file: Path | None,
) -> None:
    """Write everything the installation keeps to FILE, beside a running server.

    FILE: a new one in HOME/backups unless it is named. The moment it shows is one for all tables.
    """
    settings = kernel_settings.load({"home": home})
    if checked is None:
        _make(settings, file, with_secrets)
        return
    if file is not None or with_secrets:
        raise click.UsageError("--check FILE stands alone: it makes no backup.")
    _check(settings, checked, scratch)


def _make(settings: kernel_settings.Settings, file: Path | None, secrets: bool) -> None:
    from tamamo.kernel.backup.state import perform
    from tamamo.kernel.installation import opened

    with opened(settings) as ready:
        made = perform(
            ready,
            trigger="command",
            actor="system:backup",
            file=None if file is None else file.absolute(),
            secrets=secrets,
            progress=_progress(),
        )
    click.echo(f"{made.file}: {_size(made.size)} in {made.seconds:.1f} s")
    click.echo(f"SHA-256 {made.sha256}")
    _tell_counts(made.manifest)
    if secrets:
        click.echo("It HOLDS SECRETS (keys, passwords of other services): guard it like them.")
    else:
        click.echo(
            "Without secrets: keep HOME/secrets and oidc.toml elsewhere. After a restore without"
            " them the installation's key and all sessions are new and second factors have to be"
            " set up again (--with-secrets puts them in)."
        )


def _check(settings: kernel_settings.Settings, file: Path, scratch: Path | None) -> None:
    from tamamo.kernel.backup import manifest
    from tamamo.kernel.backup.prove import check

    with file.open("rb") as content:
        sha256 = manifest.digest(content)
    proof = check(file, scratch, _progress())
    _tell_counts(proof.manifest)
    faults = proof.faults + proof.audit_faults
    _note_check(settings, sha256, faults)
    for fault in faults:
        click.echo(f"fault: {fault}")
    if faults:
        click.echo(f"{file} is NOT good: {len(faults)} faults.")
        sys.exit(1)
    click.echo(
        f"{file} is good: restored, {len(proof.manifest.tables)} tables compared row by row, audit"
        f" log of {proof.events:,} events verified."
    )


def _note_check(settings: kernel_settings.Settings, sha256: str, faults: list[str]) -> None:
    """Note the proof in the installation, where there is one on this machine."""
    from tamamo.kernel.backup.state import note_check
    from tamamo.kernel.installation import opened

    home = settings.home.expanduser()
    if settings.database_url is None and not (
        (home / "cluster").exists() or (home / "postgres").exists()
    ):
        return
    with opened(settings) as ready:
        note_check(ready, sha256, faults)


@click.command()
@home_option
@click.option("--force", is_flag=True, help="Take the place of what is there; it is put aside.")
@click.option("--drop-former", is_flag=True, help="Remove what earlier restores put aside.")
@click.argument(
    "file", type=click.Path(path_type=Path, dir_okay=False, exists=True), required=False
)
def restore(*, home: Path | None, force: bool, drop_former: bool, file: Path | None) -> None:
    """Restore a backup into a home (and DATABASE_URL, where set); the server must not run.

    All or nothing: a new database is filled, compared with the backup's counts and checksums, and
    only then takes the name of the old one.
    """
    from tamamo.kernel.backup import restore as restoring

    settings = kernel_settings.load({"home": home})
    if drop_former:
        for name in restoring.drop_former(settings):
            click.echo(f"Removed: database {name}")
    if file is None:
        if not drop_former:
            raise click.UsageError("Which FILE?")
        return
    done = restoring.restore(settings, file.absolute(), force=force, progress=_progress())
    _tell(done.proof)
    if done.former is not None:
        click.echo(
            f"What stood here before is kept: database {done.former}, files in"
            f" {settings.home / restoring.FORMER}. `tamamo restore --drop-former` removes it."
        )


def _tell(proof: "Proof") -> None:
    _tell_counts(proof.manifest)
    for fault in proof.audit_faults:
        click.echo(f"warning: {fault}")
    if not proof.manifest.secrets:
        click.echo(
            "It held no secrets: copy HOME/secrets and oidc.toml of the old machine here before the"
            " start; without them the installation's key and all sessions are new, and second"
            " factors have to be set up again."
        )
    click.echo("Restored: every table has the rows and the content of the backup.")


def _tell_counts(said: "Manifest") -> None:
    at = from_text(said.made_at).astimezone(JST)
    click.echo(
        f"As of {at:%Y-%m-%d %H:%M:%S} (Japan), Tamamo {said.tamamo}: {said.rows:,} rows in"
        f" {len(said.tables)} tables, {len(said.files)} files"
    )
    for name, tenant in said.tenants.items():
        if not name.isprintable():
            continue  # what a snapshot holds
        click.echo(
            f"  {name}: {sum(tenant.entities.values()):,} entities of {len(tenant.entities)} types,"
            f" {tenant.history:,} instances in the history, {tenant.audit:,} audit events"
        )


def _progress() -> Callable[[float, str], None]:
    """Return what shows progress on a terminal: one line, written over; elsewhere nothing."""
    if not sys.stderr.isatty():
        return lambda share, text: None

    def show(share: float, text: str) -> None:
        end = "\n" if share >= 1 else ""
        click.echo(f"\r{share:4.0%} {text[:60]:<60}", err=True, nl=False)
        if end:
            click.echo(err=True)

    return show


def _size(size: int) -> str:
    return f"{size / 1_000_000:,.1f} MB"
