"""`tamamo project`: check the 36 folders, find one, list all. Needs no database and no home."""

import sys
from pathlib import Path

import click

from tamamo.plan.catalog import Plan, load_plan, plan_number, read_words
from tamamo.plan.check import check_folders
from tamamo.plan.loading import (
    PACKAGE,
    PROJECTS,
    BadPlan,
    Fault,
    Folder,
    read_folders,
    read_outline,
)
from tamamo.plan.render import OVERVIEW, stale
from tamamo.plan.search import find as search

_ROOT = PACKAGE.parents[1]
_folders_option = click.option(
    "--projects",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=PROJECTS,
    help="Directory of the project folders [the installed ones].",
)


@click.group()
def project() -> None:
    """Check, find and list the plan's project folders."""


@project.command()
@click.option("--write", is_flag=True, help="Bring README.md and docs/projects.md up to date.")
@_folders_option
def check(write: bool, projects: Path) -> None:
    """Check every project folder; one line for each fault, exit code 1 when there is one."""
    try:
        outline = read_outline()
        folders, faults = read_folders(projects)
        faults += check_folders(folders, outline)
        if not faults:
            page = OVERVIEW if projects == PROJECTS else projects.parent / "docs" / "projects.md"
            faults = stale(Plan(outline, read_words(), folders), page, write)
    except BadPlan as bad:
        folders, faults = [], bad.faults
    _report(faults, folders, projects)


def _report(faults: list[Fault], folders: list[Folder], projects: Path) -> None:
    base = _ROOT if projects == PROJECTS else projects
    for fault in faults:
        click.echo(fault.line(base), err=True)
    if faults:
        noun = "fault" if len(faults) == 1 else "faults"
        click.echo(f"{len(faults)} {noun} in {len(folders)} readable project folders.", err=True)
        sys.exit(1)
    figures = sum(len(f.figures.indicator) for f in folders if f.figures)
    click.echo(f"{len(folders)} projects, {figures} recorded figures: no fault.")


@project.command()
@click.argument("words", nargs=-1, required=True)
@_folders_option
def find(words: tuple[str, ...], projects: Path) -> None:
    """Say which project has to do with WORDS (Japanese or English), where it stands, and why."""
    matches = search(_plan(projects), " ".join(words))
    for match in matches:
        click.echo(f"{_line(match.folder)}  [{'; '.join(match.why)}]")
    if not matches:
        click.echo(f"No project matches {' '.join(words)!r}.", err=True)
        sys.exit(1)


@project.command(name="list")
@_folders_option
def list_(projects: Path) -> None:
    """List the projects in the plan's order."""
    for folder in _plan(projects).folders:
        click.echo(_line(folder))


def _plan(projects: Path) -> Plan:
    try:
        return load_plan(projects)
    except BadPlan as bad:
        for fault in bad.faults:
            click.echo(fault.line(_ROOT), err=True)
        sys.exit(1)


def _line(folder: Folder) -> str:
    manifest = folder.manifest
    path = folder.path
    shown = path.relative_to(_ROOT) if path.is_relative_to(_ROOT) else path
    name = f"{manifest.name.ja} / {manifest.name.en}"
    return f"{plan_number(manifest.plan)} {manifest.id}  {name}  {shown}"
