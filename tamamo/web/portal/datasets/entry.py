"""Who asks on these pages and where: the engine, the town, the visitor; unknown things are 404."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from tamamo.context.broker import Broker
from tamamo.publishing.catalogue.entry import Place
from tamamo.publishing.catalogue.towns import place
from tamamo.publishing.datasets import (
    Dataset,
    Datasets,
    Field,
    RowPage,
    RowsQuery,
    UnknownDataset,
    UnknownVersion,
)
from tamamo.registers.model import Visitor
from tamamo.web.portal.warnings.banner import broker_of
from tamamo.web.towns import town_of

_P = ParamSpec("_P")


@dataclass(frozen=True, slots=True)
class Reading:
    """A page's way to the datasets of its town, as the public sees them."""

    broker: Broker
    engine: Datasets
    place: Place

    @property
    def town(self) -> str:
        """The town's name."""
        return self.place.town


@dataclass(frozen=True, slots=True)
class Subject:
    """A dataset in one version (None: the public one), as a visitor sees it.

    given: the query of the page it is shown on.
    """

    engine: Datasets
    visitor: Visitor | None
    dataset: Dataset
    version: int | None
    fields: Sequence[Field]
    given: Mapping[str, str]

    async def rows(self, query: RowsQuery) -> RowPage:
        """Return rows of the version."""
        query = replace(query, version=self.version)
        return await self.engine.rows(self.visitor, self.dataset.town, self.dataset.id, query)


Answer = Coroutine[Any, Any, HttpResponse]
View = Callable[Concatenate[HttpRequest, Reading, _P], Answer]


def reads(view: View[_P]) -> Callable[Concatenate[HttpRequest, _P], Answer]:
    """Make a page of a view: GET only, with the engine; what there is not answers 404."""

    @wraps(view)
    async def answer(request: HttpRequest, *args: _P.args, **kwargs: _P.kwargs) -> HttpResponse:
        try:
            return await view(request, reading_of(request), *args, **kwargs)
        except (UnknownDataset, UnknownVersion) as unknown:
            raise Http404(unknown.detail) from unknown

    safe: Any = require_safe(answer)
    return safe  # type: ignore[no-any-return]


def reading_of(request: HttpRequest) -> Reading:
    """Return the way to the datasets of the town a page is about. Raises Http404."""
    broker = broker_of(request)
    if broker is None:
        raise Http404("no broker")
    return Reading(broker, Datasets(broker), place(broker, town_of(request).name))
