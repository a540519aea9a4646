"""What datasets, versions and columns are called on the desk's pages."""

from datetime import date
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from tamamo.web.staff.cells import language
from tamamo.web.staff.words import number

#: Kinds of columns, in the order of the form.
KINDS: Final = (
    "text", "integer", "number", "boolean", "date", "time", "service_time", "moment", "year",
    "month", "code", "url", "phone", "latitude", "longitude", "point",
)  # fmt: skip
_CHIPS: Final = {
    "published": "chip--green", "submitted": "chip--yellow", "failed": "chip--red",
    "declined": "chip--red", "checked": "chip--blue", "settled": "chip--blue", "new": "chip--blue",
    "checking": "chip--blue",
}  # fmt: skip
#: From here on a guess is called sure, and fairly sure.
_SURE: Final = 0.9
_FAIRLY: Final = 0.6
_WEEKDAYS: Final = "月火水木金土日"


def state_word(state: str) -> str:
    """Return the word for a dataset's state."""
    return {
        "draft": pgettext("dataset", "Not published yet"),
        "published": pgettext("dataset", "Published"),
        "unpublished": pgettext("dataset", "Withdrawn"),
    }.get(state, state)


def version_word(state: str) -> str:
    """Return the word for a version's state."""
    return {
        "new": pgettext("version", "Columns to be settled"),
        "settled": pgettext("version", "Columns settled, to be checked"),
        "checking": pgettext("version", "Being checked"),
        "checked": pgettext("version", "Checked, not sent yet"),
        "failed": pgettext("version", "Cannot be published so"),
        "submitted": pgettext("version", "Waiting for approval"),
        "published": pgettext("version", "Published"),
        "declined": pgettext("version", "Declined"),
        "discarded": pgettext("version", "Put aside"),
    }.get(state, state)


def chip(state: str) -> str:
    """Return the class of a state's chip."""
    return _CHIPS.get(state, "")


def kind_word(kind: str) -> str:
    """Return what a kind of column is called."""
    return {
        "text": pgettext("column", "Text"),
        "integer": pgettext("column", "Whole number"),
        "number": pgettext("column", "Number"),
        "boolean": pgettext("column", "Yes or no"),
        "date": pgettext("column", "Date"),
        "time": pgettext("column", "Time of day"),
        "service_time": pgettext("column", "Time of a service day (25:30)"),
        "moment": pgettext("column", "Date and time"),
        "year": pgettext("column", "Year"),
        "month": pgettext("column", "Month"),
        "code": pgettext("column", "Code"),
        "url": pgettext("column", "Web address"),
        "phone": pgettext("column", "Phone number"),
        "latitude": pgettext("column", "Latitude"),
        "longitude": pgettext("column", "Longitude"),
        "point": pgettext("column", "Latitude and longitude in one cell"),
    }.get(kind, kind)


def sure_word(confidence: float) -> str:
    """Return how sure a guess is, in words and per cent."""
    text = _("not sure (%(percent)s %%)")
    if confidence >= _SURE:
        text = _("sure (%(percent)s %%)")
    elif confidence >= _FAIRLY:
        text = _("fairly sure (%(percent)s %%)")
    return text % {"percent": round(confidence * 100)}


def level_word(level: str) -> str:
    """Return how grave a doubt is."""
    return {
        "info": pgettext("doubt", "For information"),
        "check": pgettext("doubt", "Please check"),
        "problem": pgettext("doubt", "Problem"),
    }.get(level, level)


def level_chip(level: str) -> str:
    """Return the class of a doubt's chip."""
    return {"check": "chip--yellow", "problem": "chip--red"}.get(level, "chip--blue")


def act_word(action: str) -> str:
    """Return the word for something somebody did to a dataset."""
    return {
        "create": pgettext("dataset act", "Begun"),
        "describe": pgettext("dataset act", "Described"),
        "begin": pgettext("dataset act", "File uploaded"),
        "settle": pgettext("dataset act", "Columns settled"),
        "check": pgettext("dataset act", "Checked"),
        "submit": pgettext("dataset act", "Sent for approval"),
        "take_back": pgettext("dataset act", "Taken back"),
        "publish": pgettext("dataset act", "Approved and published"),
        "decline": pgettext("dataset act", "Declined"),
        "discard": pgettext("dataset act", "Put aside"),
        "unpublish": pgettext("dataset act", "Withdrawn from the public"),
        "roll_back": pgettext("dataset act", "An earlier version made public again"),
        "entities": pgettext("dataset act", "Rows written as entities"),
    }.get(action.removeprefix("dataset."), action)


def rows_text(count: int | None) -> str:
    """Return a number of rows in words; — where it is not known."""
    if count is None:
        return "—"
    return ngettext("%(n)s row", "%(n)s rows", count) % {"n": number(count)}


def day(value: date) -> str:
    """Return a day as people write it."""
    if language() == "ja":
        return f"{value.year}年{value.month}月{value.day}日({_WEEKDAYS[value.weekday()]})"
    return f"{value.day} {value:%b %Y}"


def size_text(size: int) -> str:
    """Return a file's size in words."""
    for unit, step in (("MiB", 1024**2), ("KiB", 1024)):
        if size >= step:
            return f"{size / step:,.1f} {unit}"
    return f"{size:,} B"
