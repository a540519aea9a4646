"""Forms in the house's form: label, ※必須, support text, error, and what ties them together."""

from contextlib import suppress
from typing import Any

from django import template
from django.forms import BaseForm, BoundField, HiddenInput
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from tamamo.kernel.identity import ANONYMOUS, STAFF, Role

register = template.Library()

#: What a User-Agent holds → what people call it; the first that is found counts.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
#: Roles → a face's first page, and what it is called.
FACES = (
    (STAFF, "staff:home", gettext_lazy("Staff pages")),
    ({Role.OPERATOR, Role.AUDITOR}, "console:overview", gettext_lazy("Operators' console")),
)


@register.inclusion_tag("account/fields.html")
def fields(form: BaseForm) -> dict[str, Any]:
    """Draw every field of a form that is seen; the hidden ones as they are."""
    seen = [field for field in form if not isinstance(field.field.widget, HiddenInput)]
    return {"fields": seen, "hidden": form.hidden_fields()}


@register.inclusion_tag("account/errors.html")
def errors(form: BaseForm) -> dict[str, Any]:
    """Draw the error summary, nothing when there is none."""
    of_fields = [(field, text) for field in form for text in field.errors]
    return {"general": form.non_field_errors(), "of_fields": of_fields}


@register.filter
def browser_name(user_agent: str) -> str:
    """Return what people call a browser, such as Firefox, Windows; else what it says itself."""
    name = next((text for mark, text in BROWSERS if mark in user_agent), None)
    system = next((text for mark, text in SYSTEMS if mark in user_agent), None)
    return f"{name}, {system}" if name and system else user_agent[:60]


@register.simple_tag
def faces(request: HttpRequest) -> list[tuple[str, Any]]:
    """Return (address, text) of the inner faces somebody's roles open."""
    grants = getattr(request, "actor", ANONYMOUS).grants
    roles = {grant.role for grant in grants}
    found = []
    for wanted, name, text in FACES:
        if not roles.isdisjoint(wanted):
            with suppress(NoReverseMatch):
                found.append((reverse(name), text))
    return found


@register.filter
def control(field: BoundField) -> SafeString:
    """Draw a field's control, tied to its texts."""
    attributes: dict[str, Any] = {"class": "input", "placeholder": False}
    texts = [
        f"{field.id_for_label}_{part}"
        for part, there in (("support", field.help_text), ("error", field.errors))
        if there
    ]
    if texts:
        attributes["aria-describedby"] = " ".join(texts)
    if field.errors:
        attributes["aria-invalid"] = "true"
    return field.as_widget(attrs=attributes)
