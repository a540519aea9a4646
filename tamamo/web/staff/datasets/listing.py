"""All datasets of a town at the desk: what waits for whom, what is overdue, what there is."""

from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from tamamo.kernel.whole import whole
from tamamo.publishing.datasets import Dataset, DatasetQuery, Version
from tamamo.web.staff.cells import language
from tamamo.web.staff.datasets import room, words
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.frame import show
from tamamo.web.staff.words import number

_SIZE: Final = 50
_LONGEST: Final = 100
_LAST_PAGE: Final = 10_000
_TABS: Final = ("all", "published", "overdue", "draft", "unpublished")
#: States in which a version waits for whoever works at it.
_WORKING: Final = ("new", "settled", "checked", "failed")


@require_safe
@room.datasets_desk
async def index(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Show them."""
    engine = room.engine(desk)
    state, q, page = _asked(request)
    found = await engine.search(desk.visitor, desk.tenant, _query(state, q, page), facets=())
    counts = {}
    for tab in _TABS:
        one = await engine.search(desk.visitor, desk.tenant, _query(tab, q, 1, rows=1), facets=())
        counts[tab] = one.total
    opened = await engine.open_versions(desk.visitor)
    here = desk.url("datasets")
    mine = [one for one in opened if waits_for(desk, one)]
    pages = max(1, -(-found.total // _SIZE))
    context = {
        "trail": room.trail(desk),
        "here": here,
        "q": q,
        "state": state,
        "tabs": [_tab(here, tab, q, counts[tab], current=tab == state) for tab in _TABS],
        "rows": [_row(desk, one) for one in found.datasets],
        "count": found.total,
        "page": page,
        "pages": pages,
        "previous": _address(here, state, q, page - 1) if page > 1 else "",
        "next": _address(here, state, q, page + 1) if page < pages else "",
        "waiting": [item(desk, one) for one in mine],
        "working": [item(desk, one) for one in opened if one not in mine],
        "new": desk.url("dataset-new") if room.writes(desk) else "",
        "counted": await _counted(desk),
    }
    return show(request, desk, "staff/datasets/list.html", context)


def _asked(request: HttpRequest) -> tuple[str, str, int]:
    state = request.GET.get("state", "")
    page = whole(request.GET.get("page", ""), least=1, most=_LAST_PAGE)
    q = request.GET.get("q", "").replace("\0", "").strip()[:_LONGEST]
    return (state if state in _TABS else "all"), q, page


def _query(state: str, q: str, page: int, *, rows: int = _SIZE) -> DatasetQuery:
    sort = "relevance" if q else "title"
    return DatasetQuery(
        q=q,
        state="published" if state == "overdue" else state,
        overdue=True if state == "overdue" else None,
        sort=sort,
        start=(page - 1) * _SIZE,
        rows=rows,
    )


def _address(here: str, state: str, q: str, page: int = 1) -> str:
    pairs = [("state", state if state != "all" else ""), ("q", q),
             ("page", str(page) if page > 1 else "")]  # fmt: skip
    query = urlencode([(name, value) for name, value in pairs if value])
    return f"{here}?{query}" if query else here


def _tab(here: str, tab: str, q: str, count: int, *, current: bool) -> dict[str, Any]:
    texts = {
        "all": pgettext("datasets", "All"),
        "published": pgettext("datasets", "Published"),
        "overdue": pgettext("datasets", "Overdue"),
        "draft": pgettext("datasets", "Not published yet"),
        "unpublished": pgettext("datasets", "Withdrawn"),
    }
    url = _address(here, tab, q)
    return {"text": texts[tab], "count": number(count), "current": current, "url": url}


async def _counted(desk: Desk) -> dict[str, Any]:
    """Return the number of open datasets by the rule of the plan, with what was left out."""
    told = await room.engine(desk).count(desk.tenant)
    return {
        "datasets": told.total,
        "total": number(told.total),
        "left_out": [
            (text.in_(language()), number(count)) for _id, text, count in told.left_out if count
        ],
    }


def _row(desk: Desk, dataset: Dataset) -> dict[str, Any]:
    return {
        "id": dataset.id,
        "title": room.title_of(dataset),
        "url": desk.url("dataset", dataset=dataset.id),
        "unit": dataset.organization.title,
        "state": words.state_word(dataset.state),
        "chip": words.chip(dataset.state),
        "live": dataset.kind == "live",
        "rows": number(dataset.rows) if dataset.rows is not None else "",
        "modified": dataset.modified_at,
        "due": words.day(dataset.next_due) if dataset.next_due else "",
        "overdue": dataset.overdue,
        "simulated": dataset.metadata.simulated,
        "opened": dataset.open_version,
    }


def waits_for(desk: Desk, version: Version) -> bool:
    """Whether an open version waits for the person at a desk."""
    subject = desk.actor.subject
    if version.state == "submitted":
        return room.approves(desk) and subject not in version.worked
    return version.state in _WORKING and subject in version.worked


def item(desk: Desk, version: Version) -> dict[str, Any]:
    """Return an open version as a line of a list."""
    return {
        "title": version.title.in_(language()) or version.dataset,
        "url": desk.url("dataset-version", dataset=version.dataset, version=version.number),
        "number": version.number,
        "filename": version.filename,
        "state": words.version_word(version.state),
        "chip": words.chip(version.state),
        "at": version.changed_at,
    }


async def waiting_here(desk: Desk) -> list[tuple[str, datetime, str]]:
    """Return what waits for somebody, for the home page: text, since when, address."""
    if not room.writes(desk):
        return []
    found = await room.engine(desk).open_versions(desk.visitor)
    return [
        (
            f"{one.title.in_(language()) or one.dataset} ({words.version_word(one.state)})",
            one.changed_at,
            desk.url("dataset-version", dataset=one.dataset, version=one.number),
        )
        for one in found
        if waits_for(desk, one)
    ]
