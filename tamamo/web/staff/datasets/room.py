"""What the pages of datasets share: the engine, who may do what, refusals said on a page."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from tamamo.context.errors import TooComplexQuery
from tamamo.kernel.database import single
from tamamo.kernel.errors import Forbidden
from tamamo.publishing.datasets import (
    Dataset,
    DatasetConflict,
    DatasetRefused,
    Datasets,
    UnknownDataset,
    UnknownVersion,
    Version,
)
from tamamo.registers import Visitor
from tamamo.registers.intake import IntakeRefused
from tamamo.web.staff.alerts.room import names as people
from tamamo.web.staff.cells import language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.entry import staff
from tamamo.web.staff.forms import Fault
from tamamo.web.staff.frame import Step, show

View = Callable[..., Coroutine[Any, Any, HttpResponseBase]]
Refusal = DatasetRefused | DatasetConflict | IntakeRefused


@dataclass(frozen=True, slots=True)
class Work:
    """One request about one version of a dataset."""

    request: HttpRequest
    desk: Desk
    dataset: Dataset
    version: Version

    def url(self, name: str, **parts: str) -> str:
        """Return the address of a page about this version."""
        return self.desk.url(name, dataset=self.dataset.id, version=self.version.number, **parts)

    @property
    def key(self) -> tuple[Visitor, str, int]:
        """Who asks, the dataset and the version: what every step of the engine begins with."""
        return self.desk.visitor, self.dataset.id, self.version.number


def engine(desk: Desk) -> Datasets:
    """Return the engine."""
    return Datasets(desk.broker)


def writes(desk: Desk, dataset: Dataset | None = None) -> bool:
    """Whether the person at a desk may work at a dataset, or make new ones."""
    return engine(desk).rights(desk.visitor, dataset).write


def approves(desk: Desk, dataset: Dataset | None = None) -> bool:
    """Whether the person at a desk may approve what others did."""
    return engine(desk).rights(desk.visitor, dataset).approve


def require_write(desk: Desk, dataset: Dataset | None = None) -> None:
    """Raise Forbidden unless the person at a desk may work at a dataset."""
    if not writes(desk, dataset):
        raise Forbidden


def datasets_desk(view: View) -> View:
    """Open a view to the town's staff, with what the engine refuses said on a page."""

    @staff
    @wraps(view)
    async def inside(request: HttpRequest, desk: Desk, **named: Any) -> HttpResponseBase:
        try:
            return await view(request, desk, **named)
        except (UnknownDataset, UnknownVersion) as unknown:
            raise Http404(str(unknown)) from unknown
        except (DatasetRefused, DatasetConflict, IntakeRefused) as refusal:
            text, status = refusal.text(language()), refusal.status
            return refused(request, desk, text, status, **named)
        except TooComplexQuery as refusal:
            text = _("This takes too long here. Take the file, or ask for less at once.")
            return refused(request, desk, text, refusal.status, **named)

    return inside


async def dataset_of(desk: Desk, name: str) -> Dataset:
    """Return a dataset as the person at a desk sees it. Raises UnknownDataset."""
    return await engine(desk).one(desk.visitor, desk.tenant, name)


async def version_of(desk: Desk, name: str, number: int) -> tuple[Dataset, Version]:
    """Return a dataset and one of its versions. Raises UnknownDataset, UnknownVersion."""
    found = await dataset_of(desk, name)
    return found, await engine(desk).version(desk.visitor, desk.tenant, found.id, number)


async def work(request: HttpRequest, desk: Desk, name: str, number: int) -> Work:
    """Return a request about a version. Raises UnknownDataset, UnknownVersion."""
    return Work(request, desk, *await version_of(desk, name, number))


def trail(desk: Desk, *steps: Step) -> list[Step]:
    """Return the way to a page."""
    return [
        Step(_("Home"), desk.url("town")),
        Step(_("Datasets"), desk.url("datasets") if steps else ""),
        *steps,
    ]


def step_to(desk: Desk, dataset: Dataset) -> Step:
    """Return the step of the trail that leads to a dataset."""
    return Step(title_of(dataset), desk.url("dataset", dataset=dataset.id))


def title_of(dataset: Dataset) -> str:
    """Return what a dataset is called on this page."""
    return dataset.title.in_(language()) or dataset.id


async def names(desk: Desk, *subjects: str | None) -> dict[str, str]:
    """Return what people are called; whoever is no account keeps the subject's text."""
    async with single(desk.broker.pool) as connection:
        return await people(connection, subjects)


def fault_of(refusal: Refusal, label: str = "", anchor: str = "") -> Fault:
    """Return a refusal as a line of the error summary."""
    return Fault(label, refusal.text(language()), anchor)


def refused(request: HttpRequest, desk: Desk, text: str, status: int, **named: Any) -> HttpResponse:
    """Answer 403, 409 or 422: why this cannot be now."""
    links = [{"url": desk.url("datasets"), "text": _("To the datasets")}]
    name, number = named.get("dataset"), named.get("version")
    if name:
        url = desk.url("dataset", dataset=name)
        if number:
            url = desk.url("dataset-version", dataset=name, version=number)
        links.insert(0, {"url": url, "text": _("See how it stands now")})
    context = {
        "heading": _("This cannot be done"),
        "text": text,
        "detail": _("Nothing was changed by you."),
        "links": links,
    }
    return show(request, desk, "staff/refused.html", context, status=status)


def said(reason: Any) -> str:
    """Return a text that an engine gives in both languages (members ja and en, or keys)."""
    if reason is None:
        return ""
    if isinstance(reason, dict):
        return str(reason.get(language()) or reason.get("ja") or "")
    return str(getattr(reason, language(), "") or getattr(reason, "ja", ""))


def chosen(values: Sequence[str], known: Sequence[str]) -> list[str]:
    """Return those of the values that are known, each once, in the order of `known`."""
    return [one for one in known if one in values]
