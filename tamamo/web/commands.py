"""`tamamo basemap`: the operator's additions to the offline base map."""

from pathlib import Path

import click

from tamamo.kernel import settings
from tamamo.web.portal import basemap as borders


@click.group()
def basemap() -> None:
    """Manage the offline base map."""


@basemap.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--credit", default="", help="Whose data it is, shown on the map.")
@click.option("--home", type=click.Path(path_type=Path), default=None, help="Installation's home.")
def add(file: Path, credit: str, home: Path | None) -> None:
    """Add municipal borders (GeoJSON) to the map of this installation."""
    configuration = settings.load({"home": home})
    kept = borders.add(configuration.home, file, credit or file.stem)
    place = f"{kept.name} to {kept.path.parent}"
    click.echo(f"Added {place}; the map shows the credit {kept.credit!r}.")
