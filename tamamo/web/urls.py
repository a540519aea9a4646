"""Addresses of the web faces: Japanese without a prefix, English under /en/."""

from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.urls import URLPattern, URLResolver, include, path

from tamamo.accounts.urls import everywhere
from tamamo.web import answering, push

_faces: list[URLPattern | URLResolver] = [
    path("", include("tamamo.web.portal.urls")),
    path("", include("tamamo.web.wall.urls")),
    path("", include("tamamo.accounts.urls")),
    path("answer/<str:token>/", answering.page, name="answer"),
    path("console/", include("tamamo.web.console.urls")),
    path("", include("tamamo.web.staff.urls")),
]
if "tamamo.plan" in settings.INSTALLED_APPS:
    _faces.append(path("", include("tamamo.plan.urls")))

#: The same address in every language: browsers keep it.
_push = [
    path("push-worker.js", push.worker, name="push-worker"),
    path("push/receipt/", push.receipt, name="push-receipt"),
    path("push/change/", push.change, name="push-change"),
]

urlpatterns = [*everywhere, *_push, *i18n_patterns(*_faces, prefix_default_language=False)]

handler400 = "tamamo.web.errors.bad_request"
handler404 = "tamamo.web.errors.not_found"
handler429 = "tamamo.accounts.pages.too_many"
handler500 = "tamamo.web.errors.server_error"
