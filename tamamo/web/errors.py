"""Error pages, in the language of the address."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404."""
    context = {
        "heading": _("This page does not exist"),
        "text": _("The address may be mistyped, or the page has moved."),
    }
    return render(request, "web/error.html", context, status=404)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400."""
    context = {
        "heading": _("This request cannot be read"),
        "text": _("Please go back and try again."),
    }
    return render(request, "web/error.html", context, status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500."""
    context = {
        "heading": _("Something went wrong here"),
        "text": _("The fault is ours and has been recorded. Please try again in a little while."),
    }
    return render(request, "web/error.html", context, status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 to a form that did not come from this site or whose cookie is gone."""
    context = {
        "heading": _("This form is too old"),
        "text": _("Please go back, reload the page and send it again. Nothing was changed."),
    }
    return render(request, "web/error.html", context, status=403)
