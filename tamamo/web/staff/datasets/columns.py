"""The columns of a file: what was found, every doubt, and what the officer settles."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from tamamo.publishing.datasets import DatasetRefused, Version
from tamamo.registers.intake import (
    Choice,
    Difference,
    Finding,
    IntakeRefused,
    Profile,
    Recipe,
    check,
    compare,
    settle,
)
from tamamo.web.staff.cells import language
from tamamo.web.staff.datasets import recipeform, room
from tamamo.web.staff.datasets.room import Work
from tamamo.web.staff.datasets.uploading import steps
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.forms import Fault, Option
from tamamo.web.staff.frame import Step, show
from tamamo.web.staff.words import number

#: States of a version whose columns can be settled.
EDITABLE: Final = ("new", "settled", "checked", "failed")
#: Encodings an officer may choose from, where the guess is wrong.
_ENCODINGS: Final = ("utf-8", "cp932", "euc_jp", "utf-16")
_DELIMITERS: Final = (",", "\t", ";")
_SAMPLE_ROWS: Final = 5


@require_http_methods(["GET", "HEAD", "POST"])
@room.datasets_desk
async def page(request: HttpRequest, desk: Desk, dataset: str, version: int) -> HttpResponse:
    """Show the columns as they are settled; settle and check what was typed."""
    work = await room.work(request, desk, dataset, version)
    room.require_write(desk, work.dataset)
    if work.version.state not in EDITABLE:
        return HttpResponseRedirect(work.url("dataset-version"))
    if request.method == "POST" and request.POST.get("do") == "reread":
        return await _reread(work)
    choice = recipeform.choice_of(request.POST)[0] if "fresh" in request.POST else None
    profile, recipe = await _base(work, choice)
    if request.method != "POST":
        return await _page(work, profile, recipe)
    if request.POST.get("mark") != recipeform.mark_of(recipe):
        text = _("The file was read anew meanwhile: these are its columns now.")
        return await _page(work, profile, recipe, faults=[Fault("", text)])
    return await _settle(work, profile, recipeform.read(request.POST, recipe))


async def _base(work: Work, choice: Choice | None) -> tuple[Profile, Recipe]:
    """Return what a file looks like and how it is read as far as that is known.

    choice: what the form told about it; the columns of a file read otherwise are its own.
    """
    profile_of = room.engine(work.desk).profile
    if choice is not None:
        profile = await profile_of(*work.key, choice)
        return profile, recipeform.pinned(settle(profile), choice)
    if work.version.recipe is None:
        profile = await profile_of(*work.key)
        return profile, settle(profile)
    kept = msgspec.convert(work.version.recipe, Recipe)
    profile = await profile_of(*work.key, recipeform.choice_by(kept))
    return profile, recipeform.merged(kept, settle(profile))


async def _settle(work: Work, profile: Profile, typed: Recipe) -> HttpResponse:
    """Keep the mapping and check the file by it; what is wrong with it is said at the columns."""
    engine, settled = room.engine(work.desk), recipeform.rebound(typed, work.request.POST)
    try:
        await engine.settle(*work.key, settled)
    except DatasetRefused as refusal:
        findings = check(settled, profile)
        faults = recipeform.lines(findings, typed) or [room.fault_of(refusal)]
        return await _page(work, profile, typed, faults=faults, findings=findings)
    await engine.check(*work.key)
    return HttpResponseRedirect(work.url("dataset-version"))


async def _reread(work: Work) -> HttpResponse:
    """Read the file again: another sheet, other rows with headings, another encoding."""
    choice, faults = recipeform.choice_of(work.request.POST)
    if not faults:
        try:
            profile, recipe = await _base(work, choice)
            return await _page(work, profile, recipe, fresh=True)
        except (IntakeRefused, DatasetRefused) as refusal:
            faults = [room.fault_of(refusal, _("Rows with the headings"), "f-header_rows")]
    profile, recipe = await _base(work, None)
    return await _page(work, profile, recipe, faults=faults, reread=True)


async def _page(
    work: Work,
    profile: Profile,
    recipe: Recipe,
    *,
    faults: Sequence[Fault] = (),
    findings: Sequence[Finding] = (),
    reread: bool = False,
    fresh: bool = False,
) -> HttpResponse:
    desk, dataset, version = work.desk, work.dataset, work.version
    differences = await _differences(work, profile)
    listed = recipeform.doubts(profile, recipe)
    columns = recipeform.shown(recipe, profile, findings, work.request.POST)
    context = {
        "heading": _("Columns: %(title)s") % {"title": room.title_of(dataset)},
        "trail": room.trail(desk, room.step_to(desk, dataset), Step(_("Columns"))),
        "steps": steps(2),
        "about": about(version, profile),
        "facts": facts(profile),
        "notes": [(number(one.row), one.text) for one in profile.notes[:20]],
        "differences": [
            {"text": one.en if language() == "en" else one.ja, "grave": one.blocking}
            for one in sorted(differences, key=lambda one: not one.blocking)
        ],
        "compared": dataset.version,
        "doubts": [one for one in listed if one.level != "info"],
        "remarks": [one for one in listed if one.level == "info"],
        "columns": columns,
        "mark": recipeform.mark_of(recipe),
        "fresh": fresh or "fresh" in work.request.POST,
        "key": _guessed_key(profile),
        "totals": recipe.totals,
        "reading": _reading(work.request, profile, recipe, reread=reread),
        "sample": _sample(profile),
        "sources": [one.source for one in profile.columns],
        "here": work.url("dataset-columns"),
        "back": desk.url("dataset", dataset=dataset.id),
        "original": work.url("dataset-original"),
        "discard": work.url("dataset-step", step="discard"),
        "errors": list(faults),
    }
    status = 422 if faults else 200
    return show(work.request, desk, "staff/datasets/columns.html", context, status)


async def _differences(work: Work, profile: Profile) -> list[Difference]:
    """Return how a file differs from the mapping of the last published version."""
    if work.version.state != "new":
        return await room.engine(work.desk).differences(*work.key)
    if work.version.recipe is None:
        return []
    # Nothing was settled yet: what is kept is that mapping, and the file is not read once more.
    return compare(msgspec.convert(work.version.recipe, Recipe), profile)


def about(version: Version, profile: Profile) -> str:
    """Return the file in a line: name, sheet, rows, columns."""
    rows = ngettext("%(n)s row", "%(n)s rows", profile.rows) % {"n": number(profile.rows)}
    columns = ngettext("%(n)s column", "%(n)s columns", len(profile.columns))
    told = [version.filename, profile.sheet, rows, columns % {"n": number(len(profile.columns))}]
    return " · ".join(one for one in told if one)


def facts(profile: Profile) -> list[tuple[str, str]]:
    """Return how the file was read, as pairs of label and text."""
    pairs = [
        (_("Encoding"), profile.encoding),
        (_("Rows with the headings"), ", ".join(map(str, profile.header_rows))),
        (_("Rows with data"), f"{number(profile.first_row)}–{number(profile.last_row)}"),
        (_("Blank rows left out"), number(profile.blank_rows) if profile.blank_rows else ""),
        (
            _("Empty rows of a form left out"),
            number(profile.template_rows) if profile.template_rows else "",
        ),
    ]
    pairs += [(name, text) for name, text in list(profile.about.items())[:20]]
    return [(label, text) for label, text in pairs if text]


def _guessed_key(profile: Profile) -> str:
    if profile.key is None:
        return _("No column tells the rows apart: versions can only be compared as a whole.")
    return profile.key.en if language() == "en" else profile.key.ja


def _reading(
    request: HttpRequest, profile: Profile, recipe: Recipe, *, reread: bool
) -> dict[str, Any]:
    """Return the fields by which the file can be read otherwise, with what was typed."""
    told = recipeform.told_of(recipe)
    was = {
        **told,
        "header_rows": ", ".join(map(str, profile.header_rows)),
        "sheet": profile.sheet,
    }
    typed = {name: request.POST.get(name, "") for name in was} if reread else was
    separators = {",": _("comma"), "\t": _("tabulator"), ";": _("semicolon")}
    encodings = _ENCODINGS if profile.kind == "csv" else ()
    delimiters = _DELIMITERS if profile.kind == "csv" else ()
    return {
        "open": reread,
        "told": [(f"told.{name}", text) for name, text in told.items() if text],
        "was": [(f"was.{name}", text) for name, text in was.items() if text],
        "header_rows": typed["header_rows"],
        "sheets": [Option(x.name, x.name, x.name == typed["sheet"]) for x in profile.sheets],
        "encodings": [Option(x, x, x == typed["encoding"]) for x in encodings],
        "delimiters": [Option(x, separators[x], x == typed["delimiter"]) for x in delimiters],
    }


def _sample(profile: Profile) -> list[dict[str, Any]]:
    width = len(profile.columns)
    return [
        {"number": number(one.number), "cells": (one.cells + [""] * width)[:width]}
        for one in profile.sample[:_SAMPLE_ROWS]
    ]
