"""The places of a dataset's rows for its map: one by one where they are few, else as tiles."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tamamo.publishing.datasets import DataRow, Dataset, Field, RowsQuery
from tamamo.web.portal.datasets.entry import Reading, reads
from tamamo.web.portal.datasets.page import MOST_POINTS
from tamamo.web.portal.datasets.table import cell
from tamamo.web.portal.datasets.units import sign

#: No dataset has more rows; PostgreSQL would refuse numbers without end.
_LAST = 1_000_000_000
_ROLES = ("latitude", "longitude")


@reads
async def points(request: HttpRequest, reading: Reading, dataset: str) -> HttpResponse:
    """GeoJSON features of rows that match `?q=`, each with its name and its row's address."""
    found = await reading.engine.one(None, reading.town, dataset)
    query = RowsQuery(q=request.GET.get("q", "").strip()[:200], limit=MOST_POINTS)
    page = await reading.engine.rows(None, reading.town, dataset, query)
    name = naming(found)
    located = [row for row in page.rows if row.longitude is not None]
    features = [_feature(row, found, name) for row in located]
    note = _("%(n)s of %(total)s rows have a place.") % {
        "n": f"{len(located):,}",
        "total": f"{len(page.rows):,}",
    }
    if page.more:
        note = _("The first %(n)s rows; a filter or the list shows the others.") % {
            "n": f"{len(page.rows):,}"
        }
    body = {"type": "FeatureCollection", "features": features, "note": note}
    answer = JsonResponse(body)
    answer["Cache-Control"] = "no-cache"
    return answer


def _feature(row: DataRow, dataset: Dataset, name: Field | None) -> dict[str, object]:
    told = str(row.values.get(name.name) or "") if name else ""
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [row.longitude, row.latitude]},
        "properties": {
            "name": told or _("Row %(n)s") % {"n": row.number},
            "url": reverse("data-row", args=[dataset.id, row.number]),
        },
    }


def naming(dataset: Dataset) -> Field | None:
    """Return the column a row is called by: a text named so, else the first text."""
    texts = [one for one in dataset.fields if one.kind == "text" and one.role not in _ROLES]
    likely = [one for one in texts if "name" in one.name.lower() or "名" in one.label.ja]
    return next(iter(likely or texts), None)


@reads
async def row(request: HttpRequest, reading: Reading, dataset: str, number: int) -> HttpResponse:
    """One row with all its columns: where a point of the map leads."""
    if not 0 < number <= _LAST:
        raise Http404("rows are numbered from 1")
    found = await reading.engine.one(None, reading.town, dataset)
    one = await reading.engine.row(None, reading.town, dataset, number)
    language = get_language() or "ja"
    cells = [
        (
            field.label.in_(language) or field.name,
            sign(field.unit),
            cell(field, one.values.get(field.name)),
        )
        for field in found.fields
    ]
    name = naming(found)
    title = str(one.values.get(name.name) or "") if name else ""
    context = {"dataset": found, "number": number, "title": title, "cells": cells}
    return render(request, "portal/datasets/row.html", context)
