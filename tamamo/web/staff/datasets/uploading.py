"""A file comes to the desk: for a new dataset, or as the next version of one."""

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import msgspec
from asgiref.sync import sync_to_async
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tamamo.kernel.database import single
from tamamo.kernel.home import MEBIBYTE
from tamamo.kernel.identity import organisation
from tamamo.kernel.time import JST, now
from tamamo.kernel.uploads import UploadRefused, clean_name
from tamamo.publishing.datasets import (
    Dataset,
    DatasetConflict,
    DatasetRefused,
    Metadata,
    Version,
    Words,
)
from tamamo.registers.intake import Choice, IntakeRefused, Recipe, check, compare, inspect, profile
from tamamo.web.staff.cells import language
from tamamo.web.staff.datasets import metadataform, recipeform, room
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.forms import Fault, FormField, Option
from tamamo.web.staff.frame import Step, show

#: Encodings an officer may choose from, where none of the usual ones can be: those with the
#: characters of JIS X 0213, which names of people and places use.
_RARE: Final = ("shift_jis_2004", "euc_jis_2004", "utf-16-le", "cp1252")
#: What the engine refuses of a file, or of the dataset it is for.
_REFUSED = (UploadRefused, IntakeRefused, DatasetRefused, DatasetConflict)


@asynccontextmanager
async def readable(file: "UploadedFile[Any]", told: str | None) -> AsyncIterator[Path]:
    """Yield where an uploaded file lies. Raises IntakeRefused where it is no table.

    So nothing is made for a file that cannot be read. What was small is written to the disk first.
    told: the encoding, where somebody named it.
    """
    made: Path | None = None
    try:
        if isinstance(file, TemporaryUploadedFile):
            path = Path(file.temporary_file_path())
        else:
            path = made = await sync_to_async(_written)(file)
        found = await sync_to_async(inspect)(path, file.name or "", told)
        if found.refusal is not None:
            raise IntakeRefused(found.refusal.code, found.refusal.ja, found.refusal.en)
        yield path
    finally:
        if made is not None:
            made.unlink(missing_ok=True)


def _written(file: "UploadedFile[Any]") -> Path:
    handle, name = tempfile.mkstemp(prefix="tamamo-upload-")
    with os.fdopen(handle, "wb") as target:
        for chunk in file.chunks():
            target.write(chunk)
    return Path(name)


async def begin(
    desk: Desk, dataset: Dataset, path: Path, file: "UploadedFile[Any]", told: str | None
) -> HttpResponse:
    """Begin a version with a file, and lead to what is next. Raises what `_REFUSED` names."""
    engine, name = room.engine(desk), clean_name(file.name or "")
    choice = Choice(encoding=told) if told else None
    version = await engine.begin(desk.visitor, dataset.id, path, name, choice=choice)
    names = {"dataset": dataset.id, "version": version.number}
    try:
        through = await _goes_through(desk, version)
    except (IntakeRefused, DatasetRefused):
        await engine.discard(desk.visitor, dataset.id, version.number)
        raise
    if through:
        return HttpResponseRedirect(desk.url("dataset-version", **names) + "?done=same")
    return HttpResponseRedirect(desk.url("dataset-columns", **names))


async def _goes_through(desk: Desk, version: Version) -> bool:
    """Check a file that is as the last published one was; any other waits for an officer.

    Raises IntakeRefused for a file without a table.
    """
    if version.recipe is None:
        return False
    engine, key = room.engine(desk), (desk.visitor, version.dataset, version.number)
    recipe = msgspec.convert(version.recipe, Recipe)
    found = await engine.profile(*key, recipeform.choice_by(recipe))
    if any(one.blocking for one in compare(recipe, found)) or check(recipe, found):
        return False
    await engine.settle(*key, recipe)
    await engine.check(*key)
    return True


@dataclass(frozen=True, slots=True)
class _Typed:
    """What was typed for a new dataset, and what can be chosen there."""

    texts: metadataform.Typed
    id: str
    units: list[tuple[str, str]]


@require_http_methods(["GET", "HEAD", "POST"])
@room.datasets_desk
async def new(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Begin a dataset with its first file and its title; the rest is asked later."""
    room.require_write(desk)
    units = await units_of(desk)
    if request.method != "POST":
        empty = metadataform.typed_from(Metadata(title=Words()))
        return _new_page(request, desk, _Typed(empty, "", units), [])
    texts = metadataform.typed_of(request.POST)
    typed = _Typed(texts, request.POST.get("id", "").strip(), units)
    file = request.FILES.get("file")
    metadata, faults = metadataform.read(texts)
    if not isinstance(file, UploadedFile):
        faults.insert(0, Fault(_("File"), _("Choose a file."), "f-file"))
        return _new_page(request, desk, typed, faults)
    typed = replace(typed, id=metadataform.id_from(typed.id, file.name or ""))
    if wrong := metadataform.id_fault(typed.id):
        faults.append(Fault(metadataform.label("id"), wrong, "f-id"))
    if metadata is None or faults:
        return _new_page(request, desk, typed, faults)
    made, told = None, _encoding(request)
    try:
        async with readable(file, told) as path:
            await sync_to_async(profile)(path, file.name or "", Choice(encoding=told))
            made = await room.engine(desk).create(desk.visitor, typed.id, metadata)
            return await begin(desk, made, path, file, told)
    except _REFUSED as refusal:
        if made is not None:
            return _upload_page(request, desk, made, refusal)
        of_id = isinstance(refusal, DatasetRefused | DatasetConflict)
        anchor, label = ("f-id", metadataform.label("id")) if of_id else ("f-file", _("File"))
        faults = [Fault(label, refusal.text(language()), anchor)]
        return _new_page(request, desk, typed, faults, refusal=refusal)


def _new_page(
    request: HttpRequest, desk: Desk, typed: _Typed, faults: list[Fault], *, refusal: Any = None
) -> HttpResponse:
    wrong = {fault.anchor: fault.text for fault in reversed(faults)}
    fields = metadataform.Fields(typed.texts, wrong, typed.units)
    help_ = _("Small letters a–z, digits, - and _. Empty: made from the name of the file.")
    short = FormField("id", metadataform.label("id"), "text", typed.id, help=help_,
                      error=wrong.get("f-id", ""), width="input--mid")  # fmt: skip
    context = {
        "heading": _("New dataset"),
        "trail": room.trail(desk, Step(_("New dataset"))),
        "steps": steps(1),
        "here": desk.url("dataset-new"),
        "back": desk.url("datasets"),
        "help": help_text(desk),
        "accept": ".csv,.xlsx",
        "file_error": wrong.get("f-file", ""),
        "fields": [fields.text("title_ja", required=True), fields.text("title_en"), short,
                   *fields.first()[1:]],
        "encodings": _encodings(request, refusal),
        "errors": faults,
    }  # fmt: skip
    status = refusal.status if refusal else 422 if faults else 200
    return show(request, desk, "staff/datasets/new.html", context, status)


def _encoding(request: HttpRequest) -> str | None:
    """Return the encoding that somebody named."""
    named = request.POST.get("encoding", "")
    return named if named in _RARE else None


def _encodings(request: HttpRequest, refusal: Any) -> list[Option]:
    """Return the encodings to choose from, where a file's could not be found out."""
    named = _encoding(request)
    if named is None and getattr(refusal, "code", "") != "unknown_encoding":
        return []
    return [Option(one, one, one == named) for one in _RARE]


@require_http_methods(["GET", "HEAD", "POST"])
@room.datasets_desk
async def upload(request: HttpRequest, desk: Desk, dataset: str) -> HttpResponse:
    """Take the file of the next version."""
    found = await room.dataset_of(desk, dataset)
    room.require_write(desk, found)
    if request.method != "POST":
        return _upload_page(request, desk, found, None)
    file, told = request.FILES.get("file"), _encoding(request)
    if not isinstance(file, UploadedFile):
        return _upload_page(request, desk, found, None, missing=True)
    try:
        async with readable(file, told) as path:
            return await begin(desk, found, path, file, told)
    except _REFUSED as refusal:
        return _upload_page(request, desk, found, refusal)


def _upload_page(
    request: HttpRequest,
    desk: Desk,
    dataset: Dataset,
    refusal: Any,
    *,
    missing: bool = False,
) -> HttpResponse:
    """Ask for a file; with a refusal say what is wrong with the one that came."""
    text = _("Choose a file.") if missing else refusal.text(language()) if refusal else ""
    context = {
        "heading": _("New version: %(title)s") % {"title": room.title_of(dataset)},
        "trail": room.trail(desk, room.step_to(desk, dataset), Step(_("New version"))),
        "steps": steps(1),
        "here": desk.url("dataset-upload", dataset=dataset.id),
        "back": desk.url("dataset", dataset=dataset.id),
        "help": help_text(desk),
        "accept": ".csv,.xlsx",
        "file_error": text,
        "fields": [],
        "encodings": _encodings(request, refusal),
        "errors": [Fault(_("File"), text, "f-file")] if text else [],
        "first": dataset.version is None,
    }
    status = 200 if not text else refusal.status if refusal else 422
    return show(request, desk, "staff/datasets/new.html", context, status)


def help_text(desk: Desk) -> str:
    """Return what files are taken."""
    text = _("Excel (.xlsx) or CSV as the department keeps it, at most %(n)s MiB.")
    return text % {"n": desk.broker.settings.max_upload // MEBIBYTE}


def steps(current: int) -> list[dict[str, Any]]:
    """Return the steps of a version, as the pages name them."""
    names = (_("File"), _("Columns"), _("Check"), _("Approval"))
    return [{"text": name, "current": place == current} for place, name in enumerate(names, 1)]


async def units_of(desk: Desk) -> list[tuple[str, str]]:
    """Return the units of the town that are valid today: id and name."""
    async with single(desk.broker.pool) as connection:
        found = await organisation.units(connection, desk.tenant, now().astimezone(JST).date())
    return [(one.id, one.id) for one in found]
