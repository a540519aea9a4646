"""Which town's requests a page is about, and what states are called."""

import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from tamamo.context.broker import Broker
from tamamo.publishing.requests import NoSuchRequest, Post, Request, Requests, State
from tamamo.web.portal.warnings.banner import broker_of
from tamamo.web.towns import town_of

_P = ParamSpec("_P")
_JAPANESE: Final = re.compile(r"[ぁ-ゖァ-ヺ一-龥]")


@dataclass(frozen=True, slots=True)
class Room:
    """The requests of the town a page is about."""

    broker: Broker
    tenant: str
    #: Who acts, for the audit log.
    by: str

    @property
    def engine(self) -> Requests:
        """The engine."""
        return Requests(self.broker)


View = Callable[Concatenate[HttpRequest, Room, _P], Coroutine[Any, Any, HttpResponse]]


def requests_of_town(
    view: View[_P],
) -> Callable[Concatenate[HttpRequest, _P], Coroutine[Any, Any, HttpResponse]]:
    """Give a view the requests of the page's town; what is not there is 404."""

    @wraps(view)
    async def inside(request: HttpRequest, /, *args: _P.args, **named: _P.kwargs) -> HttpResponse:
        broker = broker_of(request)
        if broker is None:
            raise Http404
        actor = getattr(request, "actor", None)
        room = Room(broker, town_of(request).name, str(getattr(actor, "subject", "anonymous")))
        try:
            return await view(request, room, *args, **named)
        except NoSuchRequest as unknown:
            raise Http404(str(unknown)) from unknown

    return inside


def state_word(state: State) -> str:
    """Return what a state is called."""
    return {
        "open": _("Awaits an answer"),
        "working": _("Being looked at"),
        "answered": _("Answered"),
        "published": _("Data published"),
        "declined": _("Cannot be published"),
    }[state]


#: State → the chip's colour; the word says the same.
CHIPS: dict[State, str] = {
    "open": "yellow",
    "working": "blue",
    "answered": "green",
    "published": "green",
    "declined": "red",
}


def language_of(text: str) -> str:
    """Return the language of what somebody wrote: its letters tell Japanese from English."""
    return "ja" if _JAPANESE.search(text) else "en"


@dataclass(frozen=True, slots=True)
class Card:
    """A request as a list shows it."""

    request: Request

    @property
    def word(self) -> str:
        """What its state is called."""
        return state_word(self.request.state)

    @property
    def chip(self) -> str:
        """The colour of its chip."""
        return CHIPS[self.request.state]

    @property
    def unit(self) -> str:
        """Who answers, by the unit's own name."""
        return self.request.unit.rpartition("/")[2]

    @property
    def language(self) -> str:
        """The language its title is written in, as far as its letters tell."""
        return language_of(self.request.title)

    @property
    def replies(self) -> int:
        """Texts beside the request's own."""
        return max(0, self.request.posts - 1)


@dataclass(frozen=True, slots=True)
class Said:
    """A text of a thread as it is shown."""

    post: Post

    @property
    def who(self) -> str:
        """Who says it."""
        if self.post.kind == "answer":
            unit = self.post.unit.rpartition("/")[2]
            return unit or _("The town")
        return self.post.name or _("Anonymous")

    @property
    def language(self) -> str:
        """The language it is written in, as far as its letters tell."""
        return language_of(self.post.body)

    @property
    def word(self) -> str:
        """What the request became by it; "" for no answer."""
        return state_word(self.post.state) if self.post.state else ""

    @property
    def chip(self) -> str:
        """The colour of that."""
        return CHIPS[self.post.state] if self.post.state else ""
