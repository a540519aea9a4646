"""Words, days and numbers of datasets, in the language of the page."""

from collections.abc import Iterable
from datetime import date, datetime

from django import template
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tamamo.kernel.time import JST
from tamamo.plan.catalog import fiscal_year
from tamamo.publishing.catalogue.forms import FORMS
from tamamo.publishing.datasets import CYCLES, Dataset, Field, Words
from tamamo.web.portal.datasets.units import sign
from tamamo.web.staff.browser import staff_messages

register = template.Library()
register.filter("unit_sign", sign)


@register.filter
def spoken(words: Words) -> str:
    """Return a text in the language of the page, else in the other one."""
    return words.in_(get_language() or "ja")


@register.filter
def grouped(number: int) -> str:
    """Return a number with groups of three digits."""
    return f"{number:,}"


@register.filter
def day(moment: datetime | date) -> str:
    """Return 2026年11月22日 or 22 Nov 2026, in Japan."""
    local = moment.astimezone(JST).date() if isinstance(moment, datetime) else moment
    if (get_language() or "ja") == "ja":
        return f"{local.year}年{local.month}月{local.day}日"
    return f"{local.day} {local:%b %Y}"


@register.filter
def fiscal(year: int) -> str:
    """Return a fiscal year: 令和2年度(2020年度) or FY2020."""
    text = fiscal_year(year)
    return text.ja if (get_language() or "ja") == "ja" else text.en


@register.filter
def form_names(formats: Iterable[str]) -> list[str]:
    """Return what forms of files are called, each name once."""
    return list(dict.fromkeys(FORMS[one].name for one in formats if one in FORMS))


@register.filter
def cycle_title(dataset: Dataset) -> str:
    """Return how often a dataset is brought up to date."""
    cycle = CYCLES.get(dataset.metadata.cycle)
    return spoken(cycle.title) if cycle else ""


@register.filter
def dotted(number: float) -> str:
    """Return a coordinate of a drawing, with a point in every language."""
    return f"{number:g}"


@register.filter
def kind_of(field: Field) -> str:
    """Return what a column's values are."""
    return {
        "integer": _("whole number"),
        "number": _("number"),
        "boolean": _("yes or no"),
        "date": _("date"),
        "time": _("time of day"),
        "service_time": _("time of day, past 24:00 too"),
        "moment": _("date and time"),
        "month": _("year and month"),
        "year": _("year"),
        "code": _("code"),
        "url": _("address on the web"),
        "phone": _("telephone number"),
        "latitude": _("latitude (degrees)"),
        "longitude": _("longitude (degrees)"),
    }.get(field.kind, _("text"))


@register.filter
def change_word(kind: str) -> str:
    """Return how a row differs between two versions."""
    return {"added": _("New rows"), "removed": _("Rows gone"), "changed": _("Rows changed")}[kind]


@register.simple_tag
def dataset_messages() -> dict[str, str]:
    """Return the texts that the map of a dataset shows."""
    return staff_messages() | {"mapTitle": _("Map of the rows of this dataset")}
