"""Who sends a request: session, user and actor, without a thread or a look at the database for
whoever brings no session.

Sets `request.session`, `request.user` (Django's) and `request.actor` (tamamo.kernel.identity). The
actor is fresh for each request: a role taken away or an account switched off counts at the next.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib import auth
from django.contrib.messages.storage import default_storage
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.decorators import async_only_middleware
from django.utils.translation import gettext as _
from psycopg_pool import PoolTimeout

from tamamo.accounts.requests import broker_of
from tamamo.kernel.errors import Unavailable
from tamamo.kernel.identity import ANONYMOUS, STAFF, Actor

Handler = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

#: Members of a session: when it began, when it was last used (seconds since 1970).
SINCE, SEEN = "since", "seen"
#: How exactly "last used" is kept, in seconds: every request would be a write.
_SEEN_STEP = 60.0


@dataclass(slots=True)
class Visitor:
    """What the database says about a session."""

    user: Any
    second_factor: bool = False
    #: The session was there, and is over: nobody used it, or it is too old.
    expired: bool = False


@async_only_middleware
def people(get_response: Handler) -> Handler:
    """Middleware: say who asks; keep the session's changes afterwards."""
    keeper = SessionMiddleware(lambda request: HttpResponse())

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        request.session = SessionStore(key)
        request._messages = default_storage(request)  # type: ignore[attr-defined]
        _introduce(request, Visitor(_nobody()))
        try:
            if key is not None:
                _introduce(request, await sync_to_async(look)(request.session))
            if request.user.is_authenticated:
                await _act(request)
        except (OperationalError, PoolTimeout, Unavailable):
            # Who it is cannot be said now: nobody is taken for nobody, and nothing is lost.
            return _away(request)
        response = await get_response(request)
        if request._messages.used or request._messages.added_new:  # type: ignore[attr-defined]
            await sync_to_async(request._messages.update)(response)  # type: ignore[attr-defined]
        if request.session.accessed or request.session.modified:
            response = await sync_to_async(_keep)(keeper, request, response)
        return response

    return middleware


def _keep(keeper: SessionMiddleware, request: HttpRequest, response: Any) -> Any:
    return keeper.process_response(request, response)


def _nobody() -> Any:
    from django.contrib.auth.models import AnonymousUser  # noqa: PLC0415 - after the apps

    return AnonymousUser()


def _introduce(request: HttpRequest, visitor: Visitor) -> None:
    async def auser() -> Any:
        return request.user

    request.user = visitor.user
    request.auser = auser
    request.actor = ANONYMOUS  # type: ignore[attr-defined]
    request.session_expired = visitor.expired  # type: ignore[attr-defined]
    request.has_second_factor = visitor.second_factor  # type: ignore[attr-defined]
    request.second_factor_missing = False  # type: ignore[attr-defined]


def _away(request: HttpRequest) -> HttpResponse:
    context = {
        "heading": _("The data cannot be reached"),
        "text": _("The database does not answer now. Please try again in a little while."),
    }
    answer = render(request, "web/error.html", context, status=503)
    answer["Retry-After"] = "10"
    return answer


async def _act(request: HttpRequest) -> None:
    actor: Actor = await broker_of(request).identity.user(request.user.pk or 0)
    if (
        not request.has_second_factor  # type: ignore[attr-defined]
        and settings.INSTALLATION.staff_second_factor
        and any(grant.role in STAFF for grant in actor.grants)
    ):
        request.second_factor_missing = True  # type: ignore[attr-defined]
        others = tuple(grant for grant in actor.grants if grant.role not in STAFF)
        actor = replace(actor, grants=others)
    request.actor = actor  # type: ignore[attr-defined]


def look(session: SessionStore) -> Visitor:
    """Return whose session it is; one that is over is emptied."""
    from django.contrib.auth.models import AnonymousUser  # noqa: PLC0415 - after the apps

    holder = HttpRequest()
    holder.session = session
    user: Any = auth.get_user(holder)
    if not user.is_authenticated:
        return Visitor(AnonymousUser())
    now = time.time()
    installation = settings.INSTALLATION
    since, seen = session.get(SINCE, now), session.get(SEEN, now)
    if (
        now - seen > installation.session_idle_minutes * 60
        or now - since > installation.session_hours * 3600
    ):
        end(session)
        return Visitor(AnonymousUser(), expired=True)
    if now - session.get(SEEN, 0) > _SEEN_STEP:
        session[SEEN] = now
        session.setdefault(SINCE, now)
        _used(session)
    return Visitor(user, second_factor=_has_second_factor(user))


def end(session: SessionStore) -> None:
    """Empty a session, and take it off the list of its user."""
    from allauth.usersessions.models import UserSession  # noqa: PLC0415 - after the apps

    UserSession.objects.filter(session_key=session.session_key).delete()
    session.flush()


def _used(session: SessionStore) -> None:
    from allauth.usersessions.models import UserSession  # noqa: PLC0415 - after the apps
    from django.utils import timezone  # noqa: PLC0415

    UserSession.objects.filter(session_key=session.session_key).update(last_seen_at=timezone.now())


def _has_second_factor(user: Any) -> bool:
    if not settings.INSTALLATION.staff_second_factor:
        return False
    from allauth.mfa.models import Authenticator  # noqa: PLC0415 - after the apps

    return bool(Authenticator.objects.filter(user_id=user.pk, type="totp").exists())


async def session_user(cookies: Mapping[str, str]) -> int | None:
    """Return the id of the user whose session these cookies are, for whoever is not Django.

    Where roles need a second factor, nobody who has none.
    """
    key = cookies.get(settings.SESSION_COOKIE_NAME)
    if not key:
        return None
    visitor = await sync_to_async(_once)(key)
    if not visitor.user.is_authenticated:
        return None
    if settings.INSTALLATION.staff_second_factor and not visitor.second_factor:
        return None
    number: int = visitor.user.pk
    return number


def _once(key: str) -> Visitor:
    from django.db import close_old_connections  # noqa: PLC0415

    try:
        session = SessionStore(key)
        visitor = look(session)
        if session.modified and visitor.user.is_authenticated:
            session.save()
        return visitor
    finally:
        close_old_connections()
