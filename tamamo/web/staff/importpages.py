"""The pages of an import, one a step."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tamamo.kernel.home import MEBIBYTE
from tamamo.kernel.uploads import TABLE
from tamamo.registers import Register
from tamamo.registers.imports import Import, ImportPreview, Line
from tamamo.registers.imports.matching import ENTITY_ID, targets
from tamamo.registers.imports.store import Kept
from tamamo.web.staff.cells import language, shown_change
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.done import Done
from tamamo.web.staff.forms import Fault, Option
from tamamo.web.staff.frame import show
from tamamo.web.staff.record import trail
from tamamo.web.staff.words import number

#: Values of each column shown beside it, and records of each kind shown in the preview.
_SAMPLES: Final = 3
_RECORDS: Final = 20


def _frame(desk: Desk, register: Register, step: int, **urls: str) -> dict[str, Any]:
    """Return what all steps share. step: 1 to 4."""
    names = (_("File"), _("Columns"), _("Check"), _("Result"))
    title = register.title.in_(language())
    return {
        "heading": _("Import: %(register)s") % {"register": title},
        "trail": trail(desk, register, _("Import")),
        "steps": [
            {"text": name, "current": place == step} for place, name in enumerate(names, start=1)
        ],
        "urls": {
            "back": desk.url("register", register=register.id),
            "list": desk.url("register", register=register.id),
            "again": desk.url("import", register=register.id),
            **urls,
        },
    }


def _address(desk: Desk, register: Register, upload: str, name: str = "upload") -> str:
    return desk.url(name, register=register.id, upload=upload)


def upload_page(
    request: HttpRequest,
    desk: Desk,
    register: Register,
    kept: Sequence[Kept],
    *,
    fault: Fault | None = None,
    status: int = 422,
) -> HttpResponse:
    """Ask for a file; with a fault say what is wrong with the one that came."""
    help_text = _("CSV (UTF-8 or Shift_JIS) or Excel (.xlsx), at most %(n)s MiB, with a header.")
    context = _frame(desk, register, 1, here=desk.url("import", register=register.id)) | {
        "help": help_text % {"n": TABLE.limit // MEBIBYTE},
        "accept": TABLE.accept,
        "errors": [fault] if fault else [],
        "uploads": [
            {
                "url": _address(desk, register, one.id),
                "text": one.filename,
                "state": state_word(one.state),
                "at": one.created_at,
            }
            for one in kept
        ],
    }
    return show(request, desk, "staff/import.html", context, status if fault else 200)


def state_word(state: str) -> str:
    """Return the word for where an import stands."""
    return {
        "new": _("not checked yet"),
        "previewed": _("checked, not imported yet"),
        "running": _("being imported"),
        "done": _("imported"),
        "failed": _("failed"),
    }.get(state, state)


def columns_page(
    request: HttpRequest,
    desk: Desk,
    register: Register,
    begun: Import,
    *,
    faults: Sequence[Fault] = (),
    matching: Mapping[str, str | None] | None = None,
) -> HttpResponse:
    """Let the columns of the file be matched to the register's."""
    chosen = begun.matching if matching is None else matching
    rows = ngettext("%(n)s row", "%(n)s rows", begun.rows) % {"n": number(begun.rows)}
    fields = _targets(desk, register)
    here = _address(desk, register, begun.id)
    back = desk.url("import", register=register.id)
    context = _frame(desk, register, 2, here=here, back=back) | {
        "about": f"{begun.filename} · {rows}",
        "errors": list(faults),
        "sheets": [Option(name, name, name == begun.sheet) for name in begun.sheets],
        "header_row": begun.header_row,
        "columns": [
            _column(begun, place, name, fields, chosen.get(name))
            for place, name in enumerate(begun.columns)
        ],
        "questions": _questions(request, begun),
    }
    status = 422 if faults else 200
    return show(request, desk, "staff/import_columns.html", context, status)


def _questions(request: HttpRequest, begun: Import) -> list[dict[str, Any]]:
    """Return what else is to be decided, with what was chosen before."""
    mode = request.POST.get("mode") or ("whole" if begun.whole else "rows")
    blank = request.POST.get("blank") or begun.blank
    asked = (
        (
            "mode",
            _("If some rows are wrong"),
            mode,
            ("rows", _("Leave wrong rows out and import all others")),
            ("whole", _("Import nothing unless every row is right")),
        ),
        (
            "blank",
            _("What empty cells mean"),
            blank,
            ("keep", _("Keep the value that is stored")),
            ("clear", _("Take the stored value away")),
        ),
    )
    return [
        {
            "name": name,
            "label": label,
            "options": [Option(value, text, value == chosen) for value, text in options],
        }
        for name, label, chosen, *options in asked
    ]


def _column(
    begun: Import, place: int, name: str, fields: Sequence[tuple[str, str]], chosen: str | None
) -> dict[str, Any]:
    samples = [row[place] for row in begun.sample if place < len(row) and row[place]]
    return {
        "place": place,
        "name": name,
        "samples": "、".join(samples[:_SAMPLES]),
        "options": [Option(value, label, value == chosen) for value, label in fields],
    }


def _targets(desk: Desk, register: Register) -> list[tuple[str, str]]:
    """Return what a column can go into, with the words for it."""
    ends = {"latitude": _("Latitude"), "longitude": _("Longitude")}
    found = []
    for target in targets(register, desk.rights(register).fields):
        name, _dot, end = target.partition(".")
        if target == ENTITY_ID:
            found.append((target, _("ID of the record (URI)")))
            continue
        label = register.column(name).label.in_(language())
        found.append((target, f"{label} ({ends[end]})" if end else label))
    return found


def preview_page(
    request: HttpRequest,
    desk: Desk,
    register: Register,
    begun: Import,
    preview: ImportPreview,
    *,
    whole: bool,
) -> HttpResponse:
    """Show what would change: new, changed, unchanged, rejected with reasons."""
    writes = preview.new + preview.changed
    stopped = whole and preview.rejected > 0
    text = ngettext("Import %(n)s record", "Import %(n)s records", writes)
    faults = []
    if stopped:
        faults.append(Fault("", _("Some rows are wrong, so nothing is imported. Mend the file.")))
    address = _address(desk, register, begun.id)
    sample = preview.rejected_sample
    context = _frame(desk, register, 3, here=address, columns=address) | {
        "errors": faults,
        "figures": _figures(
            {
                "new": preview.new,
                "changed": preview.changed,
                "unchanged": preview.unchanged,
                "rejected": preview.rejected,
            }
        ),
        "rejects": [
            {"row": one.row, "field": one.column, "reason": one.text(language())} for one in sample
        ],
        "rejects_more": _more(preview.rejected - len(sample)),
        "groups": _groups(register, preview),
        "may_apply": writes > 0 and not stopped,
        "nothing": not writes and not preview.rejected,
        "save_text": text % {"n": number(writes)},
    }
    context["urls"]["rejects"] = _address(desk, register, begun.id, "rejects")
    return show(request, desk, "staff/import_preview.html", context, 422 if stopped else 200)


def _more(count: int) -> str:
    if count <= 0:
        return ""
    return ngettext("and %(n)s more", "and %(n)s more", count) % {"n": number(count)}


def _figures(counts: Mapping[str, int]) -> list[dict[str, str]]:
    pairs = (
        ("new", _("New")),
        ("changed", _("Changed")),
        ("unchanged", _("Unchanged")),
        ("rejected", _("Rejected")),
    )
    return [
        {"name": name, "label": label, "text": number(counts.get(name, 0))} for name, label in pairs
    ]


def _groups(register: Register, preview: ImportPreview) -> list[dict[str, Any]]:
    kinds = (
        (_("Changed records (the first ones)"), preview.changed_sample),
        (_("New records (the first ones)"), preview.new_sample),
    )
    return [
        {"title": title, "samples": [_sample(register, line) for line in lines[:_RECORDS]]}
        for title, lines in kinds
        if lines
    ]


def _sample(register: Register, line: Line) -> dict[str, Any]:
    return {
        "title": line.title,
        "row": line.row,
        "changes": [shown_change(register, change) for change in line.changes],
    }


def progress_text(done: int, total: int) -> str:
    """Return how far an import is, in words."""
    if not total:
        return _("Waiting for its turn")
    return _("%(done)s of %(total)s rows") % {"done": number(done), "total": number(total)}


def running_page(
    request: HttpRequest, desk: Desk, register: Register, begun: Import
) -> HttpResponse:
    """Show how far an import is."""
    address = _address(desk, register, begun.id)
    progress = _address(desk, register, begun.id, "progress")
    text = progress_text(begun.done, begun.total)
    context = _frame(desk, register, 4, here=f"{address}?started=1", progress=progress) | {
        "progress": {"done": begun.done, "total": begun.total, "text": text}
    }
    return show(request, desk, "staff/import_running.html", context)


def result_page(
    request: HttpRequest, desk: Desk, register: Register, begun: Import
) -> HttpResponse:
    """Show what was imported, with its undo."""
    undo = ""
    if begun.batch:
        undo = desk.url("undo-batch", register=register.id, batch=begun.batch)
    context = _frame(desk, register, 4) | {
        "done": Done("success", _("The table is imported"), begun.filename, undo),
        "figures": _figures(begun.counts),
    }
    if begun.counts.get("rejected"):
        context["urls"]["rejects"] = _address(desk, register, begun.id, "rejects")
    return show(request, desk, "staff/import_result.html", context)
