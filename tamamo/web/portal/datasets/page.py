"""A dataset's page: what it is, its rows, map, chart, versions, files, and how programs read it.

`shown` makes the context of `portal/datasets/body.html`, for the public's page and for the preview
that staff see before a version is published.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language

from tamamo.context.broker import Broker
from tamamo.publishing.catalogue.entry import Place, entry_of, licence_of
from tamamo.publishing.catalogue.forms import FORMS, Form
from tamamo.publishing.catalogue.towns import place
from tamamo.publishing.datasets import CYCLES, Dataset, Datasets, Version
from tamamo.publishing.standard import kind, kinds
from tamamo.registers.model import Visitor
from tamamo.web.portal.datasets import charts, examples, structured, table
from tamamo.web.portal.datasets.entry import Reading, Subject, reads

#: Versions told on the page; the others are on the page of versions.
_VERSIONS: Final = 10
#: Places drawn one by one; more come as tiles.
MOST_POINTS: Final = 2_000


@dataclass(frozen=True, slots=True)
class File:
    """A form to download. name: of the file."""

    form: Form
    title: str
    url: str
    name: str


@reads
async def page(request: HttpRequest, reading: Reading, dataset: str) -> HttpResponse:
    """One dataset."""
    context = await shown(reading.broker, None, reading.town, dataset, given=request.GET)
    return render(request, "portal/datasets/dataset.html", context)


async def shown(
    broker: Broker,
    visitor: Visitor | None,
    town: str,
    dataset: str,
    *,
    version: int | None = None,
    given: Mapping[str, str],
) -> dict[str, Any]:
    """Return what `portal/datasets/body.html` shows of a dataset.

    visitor: None for the public. version: None for what the public sees; a number for a preview.
    given: the query of the page (q, sort, page, y of its table and chart). Raises UnknownDataset,
    UnknownVersion.
    """
    engine, where = Datasets(broker), place(broker, town)
    found = await engine.one(visitor, town, dataset)
    chosen = None
    if version is not None:
        chosen = await engine.version(visitor, town, dataset, version)
    fields = chosen.fields if chosen is not None else found.fields
    subject = Subject(engine, visitor, found, version, fields, given)
    versions = await engine.versions(visitor, town, dataset) if found.kind == "file" else []
    language = get_language() or "ja"
    return {
        "dataset": found,
        "version": chosen,
        "preview": chosen is not None and not chosen.current,
        "language": language,
        "fields": fields,
        "table": await table.read(subject),
        "chart": await charts.read(subject),
        "cycle": CYCLES.get(found.metadata.cycle),
        "licence": licence_of(found.metadata.licence),
        "files": files(found, where),
        "versions": _told(versions),
        "map": _map(found, where),
        "examples": examples.of(found, where),
        **_standard(found, chosen, versions),
        "structured": structured.script(found, where),
        "published_by": entry_of(found, where).publisher.title.in_(language),
        "place": where,
    }


def files(dataset: Dataset, where: Place, version: int | None = None) -> list[File]:
    """Return the forms a dataset, or one version of it, is had in."""
    language = get_language() or "ja"
    forms = [FORMS[name] for name in dataset.formats if name in FORMS]
    return [
        File(
            form,
            form.title.in_(language),
            _path(where.file(dataset.id, form, version), where),
            dataset.id + form.suffix,
        )
        for form in forms
    ]


def _path(address: str, where: Place) -> str:
    """Return an address of this host as a path: right behind any name the host is reached by."""
    base = where.root.removesuffix(f"/t/{where.town}")
    return address.removeprefix(base)


def _told(versions: Sequence[Version]) -> list[tuple[Version, Version | None]]:
    """Return the public versions, each with the one before it."""
    public = [one for one in versions if one.published_at is not None]
    return [
        (one, public[place + 1] if place + 1 < len(public) else None)
        for place, one in enumerate(public[:_VERSIONS])
    ]


def _standard(
    dataset: Dataset, chosen: Version | None, versions: Sequence[Version]
) -> dict[str, Any]:
    """Return the national standard a dataset follows, and how well its version does (0 to 100)."""
    if dataset.metadata.standard not in {one.id for one in kinds()}:
        return {}
    followed = kind(dataset.metadata.standard)
    said = chosen or next((one for one in versions if one.current), None)
    report = (said.reports.standard if said else None) or {}
    title = followed.en if get_language() == "en" else followed.ja
    return {"standard": title, "score": report.get("score")}


def _map(dataset: Dataset, where: Place) -> dict[str, Any] | None:
    """Return what the map is drawn from; None where the rows have no places."""
    if not dataset.located:
        return None
    try:
        points = reverse("data-points", args=[dataset.id])
    except NoReverseMatch:
        return None
    many = dataset.kind == "file" and (dataset.rows or 0) > MOST_POINTS
    collection = _path(f"{where.root}/ogc/collections/dataset.{dataset.id}", where)
    tiles = f"{collection}/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}"
    row = reverse("data-row", args=[dataset.id, 0])
    return {"points": points, "tiles": tiles if many else "", "bbox": dataset.bbox, "row": row}
