"""The answer: what it makes of the request, its text, what everybody will read, then sending."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tamamo.kernel.errors import Forbidden
from tamamo.publishing.datasets import DatasetQuery, Datasets
from tamamo.publishing.requests import OUTCOMES, Answer, InvalidPost, Request, State
from tamamo.publishing.requests.words import LONGEST_BODY
from tamamo.web.portal.requests.room import CHIPS, state_word
from tamamo.web.staff.cells import language
from tamamo.web.staff.desk import Desk
from tamamo.web.staff.forms import Fault, FormField, Option
from tamamo.web.staff.frame import Step, show
from tamamo.web.staff.requests import room

#: Datasets that a list offers; with more of them, the id is typed.
_CHOICES: Final = 200


@require_http_methods(["GET", "HEAD", "POST"])
@room.requests_desk
async def answer(request: HttpRequest, desk: Desk, number: int) -> HttpResponse:
    """Show the form, then what will be public, then answer."""
    thread = await room.engine(desk).thread(desk.tenant, number, staff=True)
    found = thread.request
    if not room.answers(desk, found):
        raise Forbidden("This request is another department's")
    if request.method != "POST":
        return await _form(request, desk, found, {"seen": found.changed_at.isoformat()}, {})
    typed = request.POST
    made = _answer(typed)
    faults = await _faults(desk, made)
    if typed.get("step") == "back" or faults:
        faults = {} if typed.get("step") == "back" else faults
        return await _form(request, desk, found, typed, faults)
    if typed.get("step") != "send":
        return _check(request, desk, found, made)
    await room.engine(desk).answer(desk.actor, desk.tenant, number, made)
    return HttpResponseRedirect(desk.url("request", number=number) + "?done=answered")


async def datasets_of(desk: Desk) -> list[tuple[str, str]]:
    """Return the town's public datasets to choose from, by title; [] where they are too many."""
    query = DatasetQuery(sort="title", rows=_CHOICES)
    found = await Datasets(desk.broker).search(None, desk.tenant, query)
    if found.total > _CHOICES:
        return []
    return [(one.id, one.title.in_(language())) for one in found.datasets]


def fields_of(
    typed: Mapping[str, str], faults: Mapping[str, str], known: Sequence[tuple[str, str]] = ()
) -> list[FormField]:
    """Return the fields of an answer. known: the datasets to choose from."""
    chosen = typed.get("state", "")
    options = tuple(
        Option(value, text, value == chosen)
        for value, text in (("", _("Choose")), *((one, _outcome(one)) for one in OUTCOMES))
    )
    return [
        FormField(
            "state", _("What becomes of the request"), "choice", required=True, options=options,
            error=_said("state", faults),
        ),
        FormField(
            "body", _("Answer"), "long", typed.get("body", ""), required=True,
            help=_("Everybody reads it. When declining: the reason."), error=_said("body", faults),
        ),
        _dataset_field(typed.get("dataset", ""), _said("dataset", faults), known),
    ]  # fmt: skip


def _dataset_field(chosen: str, error: str, known: Sequence[tuple[str, str]]) -> FormField:
    label = _("Published dataset")
    if not known:
        text = _("Only when data was published: the dataset's id, as it stands in its address "
                 "/data/<id>/.")  # fmt: skip
        return FormField("dataset", label, "text", chosen, text, width="input--mid", error=error)
    options = (Option("", _("No dataset"), not chosen),
               *(Option(name, title, name == chosen) for name, title in known))  # fmt: skip
    return FormField("dataset", label, "choice", options=options, error=error,
                     help=_("Only when data was published."))  # fmt: skip


def _answer(typed: Mapping[str, str]) -> Answer:
    state: Any = typed.get("state", "")
    body = typed.get("body", "").replace("\r\n", "\n")
    dataset = typed.get("dataset", "").strip().strip("/").rpartition("/")[2]
    return Answer(state, body, dataset, typed.get("seen", ""))


async def _faults(desk: Desk, made: Answer) -> dict[str, str]:
    try:
        await room.engine(desk).look(desk.tenant, made)
    except InvalidPost as problem:
        return problem.faults
    return {}


async def _form(
    request: HttpRequest,
    desk: Desk,
    found: Request,
    typed: Mapping[str, str],
    faults: Mapping[str, str],
) -> HttpResponse:
    fields = fields_of(typed, faults, await datasets_of(desk))
    context = {
        "trail": _trail(desk, found, _("Answer")),
        "title": found.title,
        "fields": fields,
        "errors": [Fault(one.label, one.error, f"f-{one.name}") for one in fields if one.error],
        "seen": typed.get("seen", ""),
        "here": desk.url("request-answer", number=found.number),
        "back": desk.url("request", number=found.number),
    }
    return show(request, desk, "staff/requests/answer.html", context, 422 if faults else 200)


def _check(request: HttpRequest, desk: Desk, found: Request, made: Answer) -> HttpResponse:
    context = {
        "trail": _trail(desk, found, _("Check the answer")),
        "title": found.title,
        "made": made,
        "word": state_word(made.state),
        "chip": CHIPS[made.state],
        "typed": [(name, getattr(made, name)) for name in ("state", "body", "dataset", "seen")],
        "public": found.visible == "shown",
        "here": desk.url("request-answer", number=found.number),
    }
    return show(request, desk, "staff/requests/check.html", context)


def _trail(desk: Desk, found: Request, last: str) -> list[Step]:
    back = Step(room.number_of(found), desk.url("request", number=found.number))
    return room.trail(desk, back, Step(last))


def _outcome(state: State) -> str:
    return {
        "working": _("We are looking at it"),
        "answered": _("Answered, without new data"),
        "published": _("Data was published"),
        "declined": _("Declined, with the reason"),
    }[state]


def _said(name: str, faults: Mapping[str, str]) -> str:
    word = faults.get(name)
    if word is None:
        return ""
    return {
        "state": _("Choose what becomes of the request."),
        "short": _("Say what the answer is."),
        "long": _("At most %(n)s characters.") % {"n": f"{LONGEST_BODY:,}"},
        "dataset": _("No public dataset has this id."),
    }[word]
