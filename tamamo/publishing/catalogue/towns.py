"""Whose catalogue an address names, and whether whoever asks may ask now."""

from typing import Final

from psycopg import DataError
from starlette.requests import Request
from starlette.responses import Response

from tamamo.context.broker import Broker
from tamamo.context.http import problem_answer
from tamamo.kernel.errors import Problem
from tamamo.kernel.identity import ANONYMOUS
from tamamo.kernel.settings import installation_url
from tamamo.kernel.towns import DEFAULT, Town
from tamamo.publishing.catalogue.entry import Place
from tamamo.publishing.datasets import UnknownDataset, UnknownVersion, Words

#: What the installing town is called until somebody says so, as on the pages.
_DEFAULT = Words("高松市", "Takamatsu")


def asked_place(request: Request) -> Place:
    """Return the catalogue a request is about, and count the request.

    Raises UnknownDataset where there is no such town, TooManyRequests.
    """
    broker: Broker = request.state.broker
    town = request.path_params.get("town", DEFAULT)
    broker.limits.check(town, ANONYMOUS, request.scope)
    return place(broker, town)


#: What asking for something may end with. DataError: a name that no database holds (U+0000).
REFUSED: Final = (Problem, DataError)


def refusal(problem: Problem | DataError, request: Request) -> Response:
    """Return the answer for what cannot be had; names that were asked for are not said again."""
    unknown = isinstance(problem, UnknownDataset | UnknownVersion) and "field" not in problem.extra
    if unknown or isinstance(problem, DataError):
        problem = UnknownDataset("There is no such dataset, version or form for the public")
    return problem_answer(problem, request.headers)


def place(broker: Broker, town: str) -> Place:
    """Return a town's catalogue. Raises UnknownDataset where there is none."""
    known = broker.towns.get(town)
    if town != DEFAULT and (known is None or known.suspended):
        raise UnknownDataset(f"There is no town {town!r}")
    root = installation_url(broker.settings) + ("" if town == DEFAULT else f"/t/{town}")
    return Place(town, _title(known or Town(town)), root)


def _title(town: Town) -> Words:
    if not town.titles and town.name == DEFAULT:
        return _DEFAULT
    return Words(town.title("ja"), town.titles.get("en", ""))
