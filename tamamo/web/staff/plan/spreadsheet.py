"""The workbook of a year: taken, sent back, previewed, entered; what cannot be comes back."""

import io
from collections.abc import Mapping
from dataclasses import astuple
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from tamamo.feeds.quality import Reason
from tamamo.kernel.home import MEBIBYTE
from tamamo.kernel.uploads import MEDIA_TYPES, Kind, UploadRefused, inspect
from tamamo.plan.catalog import plan_number, the_plan
from tamamo.plan.present import amount, asked
from tamamo.plan.year import TypedValue, YearRefused, book, overview
from tamamo.plan.year.desk import NOTHING_STOOD, Key, Part, Stood, number_of, standing
from tamamo.web.staff.cells import language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.forms import Fault
from tamamo.web.staff.frame import Step, show
from tamamo.web.staff.plan import room

_BOOK: Final = Kind("table", ("xlsx",), 4 * MEBIBYTE)
#: What a preview holds is taken back for so long; then the file is sent again.
_SECONDS: Final = 3600


@require_safe
@room.plan_desk
async def export(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The year's values as a workbook to be filled in."""
    year = room.year_of(request.GET.get("year", ""))
    items = await room.engine(desk).sheets(desk.tenant, room.years())
    content = await sync_to_async(book.write)(the_plan(), year, items)
    return _file(content, f"plan-{year}.xlsx")


@require_http_methods(["GET", "HEAD", "POST"])
@room.plan_desk
async def send(request: HttpRequest, desk: Desk) -> HttpResponse:
    """A workbook comes back: preview, then entered; its rejects as a workbook."""
    year = room.year_of(request.GET.get("year", ""))
    if request.method != "POST":
        return _page(request, desk, year)
    step = request.POST.get("step", "")
    if step == "rejects":
        return _rejects(desk, request)
    if step == "enter":
        return await _enter(request, desk, year)
    sent = request.FILES.get("file")
    if sent is None:
        return _page(request, desk, year, _("Choose the workbook first."))
    try:
        content = await sync_to_async(sent.read)(_BOOK.limit + 1)
        inspect(io.BytesIO(content), sent.name or "", _BOOK)
        reading, stood = await _read(desk, year, content)
    except UploadRefused as refused:
        return _page(request, desk, year, refused.text(language()))
    except ValueError as wrong:
        reason = wrong.args[0] if wrong.args and isinstance(wrong.args[0], Reason) else None
        return _page(request, desk, year, room.said(reason or book.NO_HEADS))
    return _preview(request, desk, year, reading, stood)


async def _read(desk: Desk, year: int, content: bytes) -> tuple[book.Reading, Mapping[Key, Stood]]:
    """Return what a workbook would enter, and what stands in the year now."""
    items = await room.engine(desk).sheets(desk.tenant, room.years())
    mine = {
        one.folder.manifest.id: room.enters(desk, one)
        for one in overview.listed(the_plan(), year, items, room.today())
    }
    try:
        reading = await sync_to_async(book.read)(content, the_plan(), year, items, mine)
    except (KeyError, OSError, EOFError) as broken:  # a workbook that openpyxl cannot read
        raise ValueError(book.NO_HEADS) from broken
    return reading, standing(item for item in items if item.year == year)


def _preview(
    request: HttpRequest,
    desk: Desk,
    year: int,
    reading: book.Reading,
    stood: Mapping[Key, Stood],
) -> HttpResponse:
    salt = _salt(desk)
    rows = [
        {
            "number": row.number,
            "name": f"{plan_number(row.folder.manifest.plan)} "
            f"{row.indicator.name.pick(language())}",
            "old": amount(row.old, row.indicator.unit, language()) if row.old is not None else "—",
            "new": amount(number_of(row.typed.text) or 0, row.indicator.unit, language())  # type: ignore[arg-type]
            + asked(row.indicator, number_of(row.typed.answers), language()),
            "source": row.typed.source,
            "reason": row.typed.reason,
        }
        for row in reading.rows
    ]
    rejects = [
        {
            "number": one.number,
            "name": one.cells[3] or one.cells[0],
            "why": " ".join(f"{wrong.cell}: {room.said(wrong.reason)}" for wrong in one.reasons),
            "cells": list(one.cells),
        }
        for one in reading.rejects
    ]
    kept = [
        [row.folder.manifest.id, row.indicator.id,
         stood.get((row.folder.manifest.id, row.indicator.id), NOTHING_STOOD), astuple(row.typed)]
        for row in reading.rows
    ]  # fmt: skip
    refused = [(one["number"], one["cells"], one["why"]) for one in rejects]
    context: dict[str, Any] = {
        "trail": _trail(desk, year),
        "year_text": room.year_text(year),
        "rows": rows,
        "rejects": rejects,
        "unchanged": reading.unchanged,
        "kept": signing.dumps([year, kept], salt=salt, compress=True),
        "refused": signing.dumps(refused, salt=salt, compress=True) if refused else "",
        "here": request.get_full_path(),
        "back": f"{desk.url('plan-import')}?year={year}",
    }
    return show(request, desk, "staff/plan/preview.html", context)


async def _enter(request: HttpRequest, desk: Desk, year: int) -> HttpResponse:
    """Enter exactly what the preview showed, all projects or none; what changed since is said."""
    try:
        was, kept = signing.loads(request.POST.get("kept", ""), salt=_salt(desk), max_age=_SECONDS)
    except signing.BadSignature:
        return _page(request, desk, year, _("The preview is too old. Send the workbook again."))
    typed: dict[str, dict[str, TypedValue]] = {}
    stood: dict[Key, Stood] = {}
    for project, name, (holds, waits), value in kept:
        typed.setdefault(project, {})[name] = TypedValue(*value)
        stood[project, name] = (holds, waits)
    parts: dict[str, Part] = {}
    for project, values in typed.items():
        one, items = await room.due(desk, project, was)
        room.require(room.enters(desk, one), "This project is another division's")
        before = overview.before(one.folder, was, items)
        parts[project] = Part(
            [(i, values[i.id]) for i in overview.indicators(one.folder) if i.id in values],
            overview.comparable(one.folder, was, before),
            overview.printed(one.folder, was),
        )
    try:
        await room.engine(desk).save_many(
            desk.tenant, was, parts, desk.actor.subject, stood=stood
        )  # fmt: skip
    except YearRefused as refused:
        why = " ".join(_named(field, reason) for field, reason in refused.faults.items())
        text = _("Nothing was entered. %(why)s Send the workbook again.")
        return _page(request, desk, was, text % {"why": why})
    return HttpResponseRedirect(f"{desk.url('plan')}?year={was}&show=entered&done=imported")


def _named(field: str, reason: Reason) -> str:
    """Return a fault with what it is of; field: "<project>/<part>.<indicator>"."""
    project, _slash, name = field.partition("/")
    folder = room.folder_of(project)
    number = plan_number(folder.manifest.plan)
    return f"{number} {room.name_of(folder, name.partition('.')[2])}: {room.said(reason)}"


def _rejects(desk: Desk, request: HttpRequest) -> HttpResponse:
    try:
        refused = signing.loads(request.POST.get("refused", ""), salt=_salt(desk), max_age=_SECONDS)
    except signing.BadSignature:
        year = room.year_of("")
        return _page(request, desk, year, _("The preview is too old. Send the workbook again."))
    return _file(book.write_rejects(refused), "plan-rejects.xlsx")


def _page(request: HttpRequest, desk: Desk, year: int, error: str = "") -> HttpResponse:
    context = {
        "trail": _trail(desk, year),
        "year_text": room.year_text(year),
        "accept": _BOOK.accept,
        "errors": [Fault(_("Workbook"), error, "f-file")] if error else [],
        "error": error,
        "here": f"{desk.url('plan-import')}?year={year}",
        "export": f"{desk.url('plan-export')}?year={year}",
        "back": f"{desk.url('plan')}?year={year}",
    }
    return show(request, desk, "staff/plan/send.html", context, 422 if error else 200)


def _trail(desk: Desk, year: int) -> list[Step]:
    return room.trail(desk, Step(_("Workbook of %(year)s") % {"year": room.year_text(year)}))


def _salt(desk: Desk) -> str:
    return f"plan-workbook:{desk.tenant}:{desk.actor.subject}"


def _file(content: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=MEDIA_TYPES["xlsx"])
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer
