"""Two versions of a dataset beside each other, row by row."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from tamamo.kernel.whole import whole
from tamamo.publishing.datasets import Comparison, RowChange, Version
from tamamo.publishing.datasets.model import Field
from tamamo.web.staff.cells import language
from tamamo.web.staff.datasets import room, words
from tamamo.web.staff.datasets.shown import text
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.frame import Step, show
from tamamo.web.staff.words import number

ChangeKind = Literal["changed", "added", "removed"]
KINDS: Final[tuple[ChangeKind, ...]] = ("changed", "added", "removed")
_SIZE: Final = 50
_LAST_PAGE: Final = 20_000
#: States of versions that have rows to compare.
_WITH_ROWS: Final = ("checked", "submitted", "published")


@require_safe
@room.datasets_desk
async def page(request: HttpRequest, desk: Desk, dataset: str) -> HttpResponse:
    """Show what differs between two versions."""
    found = await room.dataset_of(desk, dataset)
    engine = room.engine(desk)
    versions = await engine.versions(desk.visitor, desk.tenant, found.id)
    known = [one for one in versions if one.published_at or one.state in _WITH_ROWS]
    a, b = _asked(request, known)
    kinds = tuple(one for one in KINDS if one == request.GET.get("kind")) or KINDS
    kind = kinds[0] if len(kinds) == 1 else ""
    here = whole(request.GET.get("page", ""), least=1, most=_LAST_PAGE)
    told: Comparison | None = None
    if a and b and a != b:
        told = await engine.compare(
            desk.visitor, desk.tenant, found.id, a, b,
            kinds=kinds, limit=_SIZE, offset=(here - 1) * _SIZE,
        )  # fmt: skip
    address = desk.url("dataset-compare", dataset=found.id)
    base = f"{address}?a={a}&b={b}" + (f"&kind={kind}" if kind else "")
    fields = _fields(known, a, b)
    context = {
        "heading": _("Versions compared: %(title)s") % {"title": room.title_of(found)},
        "trail": room.trail(desk, room.step_to(desk, found), Step(_("Compare"))),
        "here": address,
        "a": a,
        "b": b,
        "kind": kind,
        "choices": [_choice(one) for one in known],
        "told": told,
        "tabs": _tabs(address, a, b, kind, told),
        "rows": [_row(one, fields) for one in told.rows] if told else [],
        **_pages(base, here, told, kinds),
    }
    return show(request, desk, "staff/datasets/compare.html", context)


def _asked(request: HttpRequest, known: list[Version]) -> tuple[int, int]:
    """Return the two versions of the address; else the public one and the one beside it."""
    numbers = [one.number for one in known]

    def asked(name: str) -> int:
        found = whole(request.GET.get(name, ""))
        return found if found in numbers else 0

    newest = numbers[0] if numbers else 0
    older = next((one for one in numbers if one < (asked("b") or newest)), 0)
    return asked("a") or older, asked("b") or newest


def _choice(version: Version) -> dict[str, Any]:
    return {
        "number": version.number,
        "text": _("Version %(n)s (%(state)s)")
        % {"n": version.number, "state": words.version_word(version.state)},
    }


def _fields(known: list[Version], a: int, b: int) -> dict[str, Field]:
    """Return the columns of both versions by name; the second one's words count."""
    found: dict[str, Field] = {}
    for wanted in (a, b):
        for one in known:
            if one.number == wanted:
                found |= {field.name: field for field in one.fields}
    return found


def _tabs(address: str, a: int, b: int, kind: str, told: Comparison | None) -> list[dict[str, Any]]:
    if told is None:
        return []
    counts = {"changed": told.changed, "added": told.added, "removed": told.removed}
    texts = {
        "": pgettext("rows", "All"),
        "changed": pgettext("rows", "Changed"),
        "added": pgettext("rows", "New"),
        "removed": pgettext("rows", "Gone"),
    }
    counts[""] = sum(counts.values())
    return [
        {
            "text": texts[one],
            "count": number(counts[one]),
            "current": one == kind,
            "url": f"{address}?a={a}&b={b}" + (f"&kind={one}" if one else ""),
            "name": one or "all",
        }
        for one in ("", *KINDS)
    ]


def _row(change: RowChange, fields: Mapping[str, Field]) -> dict[str, Any]:
    """Return a row that differs: of a changed one only what changed, of others everything."""
    names = (
        change.fields if change.kind == "changed" else tuple(change.after or change.before or ())
    )
    cells = []
    for name in names:
        field = fields.get(name)
        cells.append(
            {
                "label": field.label.in_(language()) if field else name,
                "before": text(field, (change.before or {}).get(name)),
                "after": text(field, (change.after or {}).get(name)),
            }
        )
    told = {
        "changed": pgettext("row", "Changed"),
        "added": pgettext("row", "New"),
        "removed": pgettext("row", "Gone"),
    }
    chips = {"changed": "chip--yellow", "added": "chip--green", "removed": "chip--red"}
    return {
        "kind": change.kind,
        "word": told[change.kind],
        "chip": chips[change.kind],
        "key": change.key,
        "cells": [one for one in cells if one["before"] or one["after"]],
    }


def _pages(
    base: str, here: int, told: Comparison | None, kinds: tuple[ChangeKind, ...]
) -> dict[str, str]:
    if told is None:
        return {"previous": "", "next": ""}
    counts = {"changed": told.changed, "added": told.added, "removed": told.removed}
    last = -(-sum(counts[one] for one in kinds) // _SIZE)
    return {
        "previous": f"{base}&page={here - 1}" if here > 1 else "",
        "next": f"{base}&page={here + 1}" if here < last else "",
    }
