"""The review of a drill: all that happened, what was expected against what was done, comments."""

from collections import defaultdict
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from tamamo.drills import events, exports
from tamamo.drills.acting import Acts
from tamamo.drills.catalogue import find
from tamamo.drills.events import Note
from tamamo.drills.log import Line
from tamamo.drills.review import Judged, judge
from tamamo.kernel import time
from tamamo.kernel.database import single
from tamamo.kernel.drills.entry import Entry
from tamamo.kernel.drills.errors import InvalidDrill
from tamamo.kernel.identity import Role
from tamamo.web.staff.cells import language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.done import Done
from tamamo.web.staff.drills import room, words
from tamamo.web.staff.drills.running import decision, shown
from tamamo.web.staff.entry import staff
from tamamo.web.staff.forms import Fault
from tamamo.web.staff.frame import Step, show

_REVIEWERS = (Role.EDITOR, Role.APPROVER, Role.OPERATOR)


@require_http_methods(["GET", "HEAD", "POST"])
@staff
async def page(request: HttpRequest, desk: Desk, drill: str) -> HttpResponse:
    """Show the review, or keep what a reviewer says."""
    entry = await room.entry_of(desk, drill)
    if request.method != "POST":
        return await _page(request, desk, entry)
    typed = request.POST
    about = typed.get("about", "")
    try:
        await Acts(desk.broker).judge(
            desk.actor,
            entry,
            about,
            comment=typed.get("comment", ""),
            verdict=typed.get("verdict") or None,
        )
    except InvalidDrill:
        text = _("Say something, in at most 2000 characters.")
        fault = Fault(_("Comment"), text, f"f-comment-{_anchor(about)}")
        return await _page(request, desk, entry, [fault], typed)
    url = desk.url("drill-review", drill=drill)
    return HttpResponseRedirect(f"{url}?done=kept#about-{_anchor(about)}")


async def _read(
    desk: Desk, entry: Entry, *, file: bool = False
) -> tuple[list[Line], list[Judged], list[Note]]:
    script, position = find(entry.drill.scenario), entry.drill.clock.position_at(time.now())
    lines = await room.lines_of(desk, entry, file=file)
    async with single(desk.broker.pool) as connection:
        notes = await events.notes(connection, entry.drill.tenant)
    return lines, judge(script.expected if script else (), lines, notes, position), notes


async def _page(
    request: HttpRequest,
    desk: Desk,
    entry: Entry,
    faults: list[Fault] | None = None,
    typed: Any = None,
) -> HttpResponse:
    lines, judged, notes = await _read(desk, entry)
    named = await _named(desk, lines, judged, notes)
    script = find(entry.drill.scenario)
    clock, back = entry.drill.clock, desk.url("drill", drill=entry.drill.tenant)
    said: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in notes:
        if one.comment:
            said[one.about].append({"text": one.comment, "by": named[one.by], "at": one.at})
    failed = typed.get("about", "") if typed else None
    context = {
        "trail": room.trail(desk, Step(entry.drill.title, back), Step(_("Review"))),
        "entry": entry,
        "script": script,
        "sources": [
            {"text": one.text.in_(language()), "url": one.url}
            for one in (script.sources if script else ())
        ],
        "rows": [_row(line, said, shown(line, clock, named), failed) for line in lines],
        "decisions": [
            decision(one, clock, named) | _talk(one.expected.key, said, failed) for one in judged
        ],
        "whole": _talk("", said, failed),
        "counts": _counts(judged),
        "may_say": desk.actor.speaks(desk.tenant, *_REVIEWERS),
        "may_delete": room.may_lead(desk) and not entry.drill.open,
        "errors": faults or [],
        "typed": typed.get("comment", "") if typed else "",
        "done": _done(request),
        "urls": {
            "here": desk.url("drill-review", drill=entry.drill.tenant),
            "csv": desk.url("drill-log", drill=entry.drill.tenant, form="csv"),
            "xlsx": desk.url("drill-log", drill=entry.drill.tenant, form="xlsx"),
            "delete": desk.url("drill-delete", drill=entry.drill.tenant),
            "drill": back,
        },
    }
    return show(request, desk, "staff/drills/review.html", context, 422 if faults else 200)


async def _named(
    desk: Desk, lines: list[Line], judged: list[Judged], notes: list[Note]
) -> dict[str, str]:
    subjects = [*(line.actor for line in lines), *(one.by for one in judged)]
    return await room.names(desk, [*subjects, *(note.by for note in notes)])


def _row(
    line: Line, said: dict[str, list[dict[str, Any]]], row: dict[str, Any], failed: str | None
) -> dict[str, Any]:
    return row | _talk(line.key, said, failed) | {"source": line.source}


def _talk(key: str, said: dict[str, list[dict[str, Any]]], failed: str | None) -> dict[str, Any]:
    """Return what was said of something, and whether a comment on it was refused just now."""
    return {
        "about": key,
        "anchor": _anchor(key),
        "comments": said.get(key, []),
        "failed": failed is not None and failed == key,
    }


def _anchor(key: str) -> str:
    return key.replace(":", "-") or "whole"


def _counts(judged: list[Judged]) -> list[tuple[str, str, int]]:
    """Return (word, chip, how many) of each verdict that occurs."""
    verdicts = [one.verdict for one in judged]
    return [
        (words.verdict_word(one), words.verdict_chip(one), verdicts.count(one))
        for one in dict.fromkeys(sorted(verdicts))
    ]


def _done(request: HttpRequest) -> Done | None:
    text = {
        "ended": _("The drill is ended: nothing of it is written or sent any more"),
        "kept": _("What you said is kept"),
    }.get(request.GET.get("done", ""))
    return Done("success", text) if text else None


@require_safe
@staff
async def export(request: HttpRequest, desk: Desk, drill: str, form: str) -> HttpResponse:
    """Send the log with the decisions and comments as a file."""
    entry = await room.entry_of(desk, drill)
    lines, judged, notes = await _read(desk, entry, file=True)
    named = await _named(desk, lines, judged, notes)
    table = exports.table(
        entry.drill,
        lines,
        judged,
        notes,
        names=named,
        text_of=lambda line: words.line_text(line, language()),
        kind_of=words.kind_word,
        language=language(),
    )
    if form == "csv":
        body, media = exports.to_csv(table), exports.CSV
    else:
        body, media = exports.to_xlsx(table), exports.XLSX
    answer = HttpResponse(body, content_type=media)
    name = f"log-{entry.drill.tenant}.{form}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer
