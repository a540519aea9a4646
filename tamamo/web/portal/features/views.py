"""Pages of the OGC API: what there is, collections with their map, features as tables."""

from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import orjson
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tamamo.context.broker import Broker
from tamamo.kernel.errors import Problem
from tamamo.kernel.identity import ANONYMOUS
from tamamo.kernel.towns import DEFAULT
from tamamo.publishing.features import features
from tamamo.registers.features import documents, resources
from tamamo.registers.features.documents import Frame
from tamamo.registers.features.model import Collection, Feature, FeaturePage, ItemsQuery
from tamamo.registers.features.resources import Address, Answer, Asked
from tamamo.registers.model import Visitor

#: Longest value shown in a table.
_LONGEST: Final = 200


@require_safe
async def page(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Answer with a page of the API, as nobody in particular sees it."""
    scope: Any = request.scope  # type: ignore[attr-defined]
    address = resources.address_of(scope)
    if address is None:
        raise Http404(rest)
    if request.GET.get("f") == "json":  # which stands at one address for every language
        return HttpResponseRedirect(request.get_full_path().replace("/en/ogc", "/ogc", 1))
    try:
        frame, answer = await _answer(scope["state"]["broker"], request, address)
    except Problem as problem:
        return _refused(request, problem)
    told = _context(frame, answer) | {"frame": frame, "json": _as_json(frame, address, request)}
    response = render(request, f"portal/features/{answer.page}.html", told)
    response["Vary"] = "Accept, Accept-Language"
    response["Link"] = documents.links_header(answer.document)
    for name, value in answer.headers.items():
        response[name] = value
    return response


async def _answer(broker: Broker, request: HttpRequest, address: Address) -> tuple[Frame, Answer]:
    tenant = address.town or DEFAULT
    access = await broker.identity.access(ANONYMOUS, tenant)
    language = "en" if get_language() == "en" else "ja"
    visitor = Visitor(tenant, ANONYMOUS, access)
    reader = await resources.reader_of(features(), broker, visitor, language)
    one, names = address.resource
    if not one.has_page:
        raise Http404(one.path)
    query = request.META.get("QUERY_STRING", "")
    params = resources.params_of(query.encode("latin-1"))
    # Links of a page need no host, and the one a request names is nobody to be trusted.
    frame = resources.frame_of("", address, reader)
    return frame, await one.handler(Asked(features(), reader, frame, names, params))


def _refused(request: HttpRequest, problem: Problem) -> HttpResponse:
    headings = {
        HTTPStatus.UNAUTHORIZED: _("This is not open to everybody"),
        HTTPStatus.FORBIDDEN: _("This is not open to everybody"),
        HTTPStatus.NOT_FOUND: _("This page does not exist"),
        HTTPStatus.BAD_REQUEST: _("This request cannot be read"),
    }
    status = HTTPStatus(problem.status)
    context = {
        "heading": headings.get(status, _("Something went wrong here")),
        "detail": problem.detail if status is HTTPStatus.BAD_REQUEST else "",
    }
    return render(request, "portal/features/refused.html", context, status=problem.status)


def _as_json(frame: Frame, address: Address, request: HttpRequest) -> str:
    params = resources.params_of(request.META.get("QUERY_STRING", "").encode("latin-1"))
    return f"{frame.base}{address.rest}{documents.asked({**params, 'f': ''})}"


def _context(frame: Frame, answer: Answer) -> dict[str, Any]:
    about = answer.about
    told: dict[str, Any] = {"document": answer.document, "title": frame.text(documents.TITLE)}
    if "collections" in about:
        told["collections"] = [_collection(frame, one) for one in about["collections"]]
    if "collection" in about:
        told["collection"] = _collection(frame, about["collection"])
    if "features" in about:
        told |= _items(frame, about["collection"], about["features"], about["query"], answer)
    if "feature" in about:
        told |= _item(about["collection"], about["feature"])
    return told


def _collection(frame: Frame, one: Collection) -> dict[str, Any]:
    path = documents.path_of(one)
    return {
        "id": one.id,
        "kind": {
            "type": _("Entity type"), "register": _("Register"), "dataset": _("Dataset"),
        }[one.kind],
        "title": frame.text(one.title),
        "description": frame.text(one.description),
        "url": f"{frame.page}{path}",
        "items": f"{frame.page}{path}/items",
        "tiles": f"{frame.path}{path}/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}" if one.tiled else "",
        "full_tiles": f"{frame.base}{path}/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}",
        "item": f"{frame.page}{path}/items/ID",
        "bounds": ",".join(str(value) for value in one.bounds) if one.bounds else "",
        "licence": one.licence,
        "page": f"{frame.site}{one.page}" if one.page else "",
        "properties": [
            {
                "name": found.name,
                "type": found.type,
                "filtered": found.filtered,
                "title": frame.text(found.title) if found.title else "",
            }
            for found in one.properties
        ],
    }  # fmt: skip


def _items(
    frame: Frame, collection: Collection, found: FeaturePage, query: ItemsQuery, answer: Answer
) -> dict[str, Any]:
    wanted = query.properties
    columns = [p for p in collection.properties if wanted is None or p.name in wanted]
    path = f"{frame.page}{documents.path_of(collection)}/items"
    following = next((x["href"] for x in answer.document["links"] if x["rel"] == "next"), "")
    return {
        "columns": [frame.text(p.title) if p.title else p.name for p in columns],
        "rows": [
            {
                "id": one.id,
                "url": f"{path}/{quote(one.id, safe=':')}",
                "cells": [text_of(one.properties.get(p.name)) for p in columns],
            }
            for one in found.features
        ],
        "returned": len(found.features),
        "total": found.total,
        "next": following.replace(frame.base, frame.page, 1),
    }


def _item(collection: Collection, one: Feature) -> dict[str, Any]:
    titles = {p.name: p.title.in_(get_language() or "ja") for p in collection.properties if p.title}
    return {
        "feature": one,
        "cells": [
            (titles.get(name, name), text_of(value)) for name, value in one.properties.items()
        ],
        "geometry": text_of(one.geometry),
    }


def text_of(value: Any) -> str:
    """Return a property's value in words; what has parts as JSON, cut where it is long."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        text = "、".join(value) if get_language() == "ja" else ", ".join(value)
    else:
        text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
