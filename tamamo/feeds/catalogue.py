"""Where the feeds a town can switch on are found: `feed.py` of the project folders."""

import importlib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

from tamamo.feeds.offers import Offer, by_id
from tamamo.kernel.errors import SetupError

PACKAGE = Path(str(files("tamamo.feeds"))).parent


def modules(package: Path = PACKAGE) -> Iterator[str]:
    """Yield the names of the modules that declare feeds."""
    for file in sorted((package / "projects").glob("*/feed.py")):
        yield f"{package.name}.projects.{file.parent.name}.feed"


@cache
def offered() -> Mapping[str, Offer]:
    """Return all feeds that projects offer, by id. Raises SetupError for a wrong declaration."""
    return by_id(offer for name in modules() for offer in _offers(name))


def _offers(name: str) -> tuple[Offer, ...]:
    found = getattr(importlib.import_module(name), "FEEDS", ())
    if not all(isinstance(offer, Offer) for offer in found):
        raise SetupError(f"{name}: FEEDS holds something that is no Offer")
    return tuple(found)
