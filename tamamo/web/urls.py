"""Addresses of the web faces: Japanese without a prefix, English under /en/."""

from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.urls import URLPattern, URLResolver, include, path

_faces: list[URLPattern | URLResolver] = [path("", include("tamamo.web.portal.urls"))]
if "tamamo.plan" in settings.INSTALLED_APPS:
    _faces.append(path("", include("tamamo.plan.urls")))

urlpatterns = i18n_patterns(*_faces, prefix_default_language=False)

handler400 = "tamamo.web.errors.bad_request"
handler404 = "tamamo.web.errors.not_found"
handler500 = "tamamo.web.errors.server_error"
