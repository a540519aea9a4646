"""The fields of a request and of a comment, with what was typed and what is wrong with it."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tamamo.publishing.requests import Asking
from tamamo.publishing.requests.words import LONGEST_BODY, LONGEST_NAME, LONGEST_TITLE
from tamamo.web.staff.forms import Fault, FormField

NAMES: Final = ("title", "body", "name", "mail")


def asking_of(post: Mapping[str, str]) -> Asking:
    """Return what was typed."""
    typed = {name: str(post.get(name, "")) for name in NAMES}
    typed["body"] = typed["body"].replace("\r\n", "\n")
    return Asking(**typed, language=get_language() or "ja", trap=str(post.get("website", "")))


def request_fields(typed: Mapping[str, str], faults: Mapping[str, str]) -> list[FormField]:
    """Return the fields of a request."""
    title = FormField(
        "title", _("Which data do you want?"), "text", typed.get("title", ""), required=True,
        help=_("In a few words, such as “positions and timetables of bus stops”."),
        maxlength=LONGEST_TITLE, error=_fault("title", faults),
    )  # fmt: skip
    body = FormField(
        "body", _("What for, and what should be in it"), "long", typed.get("body", ""),
        required=True, error=_fault("body", faults),
        help=_("Columns, period, format, how often it should be updated. Everybody reads this: "
               "please no names or telephone numbers of people."),
    )  # fmt: skip
    return [title, body, *_person(typed, faults)]


def comment_fields(typed: Mapping[str, str], faults: Mapping[str, str]) -> list[FormField]:
    """Return the fields of a comment."""
    body = FormField(
        "body", _("Your comment"), "long", typed.get("body", ""), required=True,
        error=_fault("body", faults),
        help=_("Everybody reads this: please no names or telephone numbers of people."),
    )  # fmt: skip
    return [body, *_person(typed, faults)]


def summary(fields: list[FormField], faults: Mapping[str, str]) -> list[Fault]:
    """Return the lines of the error summary."""
    lines = [Fault(field.label, field.error, f"f-{field.name}") for field in fields if field.error]
    if "trap" in faults:
        lines.append(Fault("", _("Leave the last field of the form empty."), "f-website"))
    return lines


def _person(typed: Mapping[str, str], faults: Mapping[str, str]) -> list[FormField]:
    return [
        FormField(
            "name", _("Name to be shown"), "text", typed.get("name", ""), width="input--mid",
            help=_("Optional; a nickname will do."), maxlength=LONGEST_NAME,
            error=_fault("name", faults),
        ),
        FormField(
            "mail", _("Mail address, to be told of answers"), "text", typed.get("mail", ""),
            width="input--mid", type="email", error=_fault("mail", faults),
            help=_("Optional; never shown. You get a mail to confirm it, and can erase it at any "
                   "time."),
        ),
    ]  # fmt: skip


def _fault(name: str, faults: Mapping[str, str]) -> str:
    word = faults.get(name)
    if word is None:
        return ""
    most = {"title": LONGEST_TITLE, "body": LONGEST_BODY, "name": LONGEST_NAME}.get(name, 0)
    return {
        "short": _("Please say a little more."),
        "long": _("At most %(n)s characters.") % {"n": f"{most:,}"},
        "mail": _("This is no mail address. Example: name@example.jp"),
    }[word]
