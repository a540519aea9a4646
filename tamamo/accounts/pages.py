"""Views of the libraries as pages of ours: imported when first asked for, with our manners.

A form that was filled in wrongly answers 422; who has to wait gets 429 with Retry-After; nothing of
an account is kept by a cache.
"""

from collections.abc import Callable
from typing import Any

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.module_loading import import_string
from psycopg_pool import PoolTimeout

from tamamo.accounts.lockout import Locked
from tamamo.accounts.requests import broker_of
from tamamo.kernel.errors import Unavailable
from tamamo.kernel.towns.errors import TooManyRequests

View = Callable[..., HttpResponseBase]


def page(where: str, *, limited: bool = False, program: bool = False) -> View:
    """Return the view that `where` (module.name) names.

    limited: every POST counts as a try to sign in from its address. program: asked by programs,
    which have no cookie that another site could use.
    """

    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            if limited and request.method == "POST":
                broker_of(request).limits.check_sign_in(request.scope)  # type: ignore[attr-defined]
            answer = import_string(where)(request, *args, **kwargs)
        except (OperationalError, PoolTimeout) as error:
            raise Unavailable("The database cannot be reached now.") from error
        except Locked as error:
            answer = locked(request, error.seconds)
        except TooManyRequests as error:
            answer = locked(request, int(error.extra.get("seconds", 60)))
        return private(_judged(request, answer))

    view.csrf_exempt = program  # type: ignore[attr-defined]
    return view


def _judged(request: HttpRequest, answer: HttpResponseBase) -> HttpResponseBase:
    """Give an answer that shows a wrong form its status."""
    context = getattr(answer, "context_data", None)
    if request.method == "POST" and answer.status_code == 200 and context:
        forms = [one for one in context.values() if getattr(one, "is_bound", False)]
        if any(form.errors for form in forms):
            answer.status_code = 422
    return answer


def private(answer: HttpResponseBase) -> HttpResponseBase:
    """Keep an answer out of all caches."""
    answer["Cache-Control"] = "no-store"
    patch_vary_headers(answer, ["Cookie"])
    return answer


def locked(request: HttpRequest, seconds: int) -> HttpResponse:
    """Answer 429: signing in is not possible now."""
    context = {"minutes": -(-seconds // 60)}
    answer = render(request, "account/locked.html", context, status=429)
    answer["Retry-After"] = str(seconds)
    return answer


def too_many(request: HttpRequest) -> HttpResponse:
    """Answer 429 where allauth counts itself: mails sent, accounts made; in one minute each."""
    return locked(request, 60)
