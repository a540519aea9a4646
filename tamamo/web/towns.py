"""Which town a page is about: the default one at /, others under /t/<name>/ (docs/adr/0036)."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from asgiref.sync import markcoroutinefunction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import get_language

from tamamo.kernel.identity import ANONYMOUS
from tamamo.kernel.towns import DEFAULT, Town, Towns
from tamamo.kernel.towns.errors import TooManyRequests
from tamamo.web.errors import too_many

Handler = Callable[[HttpRequest], Awaitable[HttpResponseBase]]
Application = Callable[[dict[str, Any], Any, Any], Awaitable[None]]

_PREFIX: Final = re.compile(r"/t/([^/]+)(?=/)")
#: Where views stand that show a town; other pages are of the whole installation.
_OF_A_TOWN: Final = ("tamamo.web.portal.", "tamamo.web.wall.")
#: What the default tenant is called until somebody says so (`tamamo tenant set default`).
TITLES: Final = {"ja": "高松市", "en": "Takamatsu"}


@dataclass(frozen=True, slots=True)
class Link:
    """A town of this installation, for the list at the foot of each page."""

    title: str
    url: str
    current: bool


class TownPrefix:
    """ASGI: take /t/<name> off the path, so that addresses made in a page begin with it."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            found = _PREFIX.match(scope["path"])
            if found is not None:
                root = scope.get("root_path", "") + found[0]
                scope = {**scope, "root_path": root, "town": found[1]}
        await self._app(scope, receive, send)


class TownMiddleware:
    """Says which town a request is about as `request.town`; 404 where there is none.

    A page counts for whoever signed in, else for the reader's address, as a request to an API does.
    """

    async_capable, sync_capable = True, False

    def __init__(self, get_response: Handler) -> None:
        self._get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer one request."""
        scope = request.scope  # type: ignore[attr-defined]
        name = scope.get("town", DEFAULT)
        request.town = found(scope, name)  # type: ignore[attr-defined]
        broker = (scope.get("state") or {}).get("broker")
        if broker is not None:
            try:
                broker.limits.check_page(getattr(request, "actor", ANONYMOUS), scope)
            except TooManyRequests as problem:
                return too_many(request, problem)
        return await self._get_response(request)

    async def process_view(
        self, request: HttpRequest, view: Any, _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        """Refuse a town there is not; lead pages that are of no town to their own address."""
        if "town" not in request.scope:  # type: ignore[attr-defined]
            return None
        town: Town | None = request.town  # type: ignore[attr-defined]
        if town is None:
            raise Http404("no such town")
        if town.name != DEFAULT and view.__module__.startswith(_OF_A_TOWN):
            return None
        query = request.META.get("QUERY_STRING", "")
        return HttpResponseRedirect(request.path_info + (f"?{query}" if query else ""))


def found(scope: Any, name: str) -> Town | None:
    """Return a town that pages show; the default one always, others unless suspended."""
    broker = (scope.get("state") or {}).get("broker")
    known: Towns | None = getattr(broker, "towns", None)
    town = None if known is None else known.get(name)
    if name == DEFAULT:
        town = town or Town(DEFAULT)
        return town if town.titles else replace(town, titles=TITLES)
    return None if town is None or town.suspended else town


def town_of(request: HttpRequest) -> Town:
    """Return the town a page is about: the default one where it is of none."""
    town: Town | None = getattr(request, "town", None)
    return town or Town(DEFAULT, TITLES)


def address_of(town: Town) -> str:
    """Return where a town's pages begin, in the language of this page."""
    language = get_language() or "ja"
    root = "/" if town.name == DEFAULT else f"/t/{town.name}/"
    return root if language == "ja" else f"{root}{language}/"


def links(request: HttpRequest) -> list[Link]:
    """Return the towns with a name and something to show, when there is more than one."""
    broker = request.scope.get("state", {}).get("broker")  # type: ignore[attr-defined]
    known: Towns | None = getattr(broker, "towns", None)
    if known is None:
        return []
    here, language = town_of(request).name, get_language() or "ja"
    shown = [
        found(request.scope, town.name)  # type: ignore[attr-defined]
        for town in sorted(known.all(), key=lambda town: (town.name != DEFAULT, town.name))
        if town.name == DEFAULT
        or (town.titles and town.public_types and not town.suspended and town.drill is None)
    ]
    towns = [town for town in shown if town is not None]
    if len(towns) < 2:
        return []
    return [Link(town.title(language), address_of(town), town.name == here) for town in towns]
