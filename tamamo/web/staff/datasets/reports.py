"""What a check found, as the pages show it: rows, differences, standard, personal data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from tamamo.publishing.datasets import Version
from tamamo.publishing.datasets.model import Field
from tamamo.publishing.standard import CODES, kind
from tamamo.web.staff.cells import language
from tamamo.web.staff.datasets import room
from tamamo.web.staff.words import number

#: Lines of a list on the page; the rest is counted.
FIXES: Final = 50
_REJECTS: Final = 20
_RARE: Final = 10
_PERCENT: Final = 100


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a list: where, what, as it is now and as it should be."""

    where: str
    column: str
    text: str
    now: str = ""
    should: str = ""
    grave: bool = False


def labels_of(fields: Sequence[Field]) -> dict[str, str]:
    """Return what columns are called on this page, by their names."""
    return {one.name: one.label.in_(language()) or one.name for one in fields}


def figures(version: Version) -> list[dict[str, str]]:
    """Return what became of the file's rows, and what would change for the public."""
    counts, reports = version.counts, version.reports
    pairs = [
        ("in", _("Rows of the file"), counts.get("in", 0)),
        ("out", _("Rows to publish"), counts.get("out", 0)),
        ("rejected", _("Rejected rows"), counts.get("rejected", 0)),
    ]
    if reports.against is not None:
        pairs += [
            ("added", _("New"), reports.added),
            ("changed", _("Changed"), reports.changed),
            ("removed", _("Gone"), reports.removed),
        ]
    return [{"name": name, "label": label, "text": number(value)} for name, label, value in pairs]


def differences(version: Version) -> list[Line]:
    """Return what is not as in the version before, what stops first."""
    told = [
        Line("", str(one.get("column") or ""), room.said(one), grave=bool(one.get("blocking")))
        for one in map(dict, version.reports.differences)
    ]
    return sorted(told, key=lambda one: not one.grave)


def rejects(version: Version) -> list[Line]:
    """Return the first rejected rows with their reasons."""
    labels = labels_of(version.fields)
    listed: Sequence[Mapping[str, Any]] = getattr(version.reports, "rejects", ())
    return [
        Line(
            number(int(one.get("number") or 0)),
            labels.get(str(one.get("column") or ""), str(one.get("column") or "")),
            room.said(dict(one)),
            now=str(one.get("sample") or ""),
        )
        for one in listed[:_REJECTS]
    ]


def reasons(version: Version) -> list[str]:
    """Return how many rows were rejected for each reason, with the first of those that say why."""
    told = {str(one.get("code")): room.said(dict(one)) for one in reversed(version.reports.rejects)}
    counted = sorted(version.reports.reasons.items(), key=lambda one: -one[1])
    return [
        ngettext("%(n)s row, such as: %(text)s", "%(n)s rows, such as: %(text)s", count)
        % {"n": number(count), "text": told.get(code, code)}
        for code, count in counted
    ]


def standard(version: Version) -> dict[str, Any] | None:
    """Return how far the table is what its kind of the standard asks for; None: not compared."""
    told = version.reports.standard
    if not told:
        return None
    labels = labels_of(version.fields)
    parts = told.get("parts") or {}
    counts: Mapping[str, int] = told.get("counts") or {}
    fixes = [
        Line(
            number(int(one["row"])) if one.get("row") else "",
            labels.get(str(one.get("column") or ""), str(one.get("column") or one.get("item"))),
            room.said(dict(one)),
            now=str(one.get("now") or ""),
            should="" if one.get("should") is None else str(one["should"]),
        )
        for one in (told.get("fixes") or ())[:FIXES]
    ]
    return {
        "kind": _kind_name(str(told.get("kind", ""))),
        "score": told.get("score", 0),
        "parts": [
            (_("Required items there"), _share(parts.get("required"))),
            (_("Columns with the standard's names"), _share(parts.get("names"))),
            (_("Cells as the standard wants them"), _share(parts.get("values"))),
        ],
        "codes": [
            (_code_name(code), number(count))
            for code, count in sorted(counts.items(), key=lambda one: -one[1])
        ],
        "fixes": fixes,
        "more": max(0, sum(counts.values()) - len(fixes)),
        "unmatched": [labels.get(str(one), str(one)) for one in told.get("unmatched") or ()],
    }


def _kind_name(identifier: str) -> str:
    try:
        found = kind(identifier)
    except KeyError:
        return identifier
    return found.en if language() == "en" else found.ja


def _code_name(code: str) -> str:
    ja, en = CODES.get(code, (code, code))
    return en if language() == "en" else ja


def _share(value: Any) -> str:
    return f"{round(float(value or 0) * _PERCENT)} %"


def privacy(version: Version) -> dict[str, Any] | None:
    """Return what looks personal, with the verdict in a sentence; None: not examined."""
    told = version.reports.privacy
    if not told:
        return None
    labels = labels_of(version.fields)

    def called(name: Any) -> str:
        return labels.get(str(name), str(name))

    return {
        "verdict": told.get("verdict", "look"),
        "word": verdict_word(str(told.get("verdict", "look"))),
        "banner": {"clear": "success", "serious": "error"}.get(str(told.get("verdict")), "warning"),
        "text": room.said(dict(told)),
        "flags": [
            {
                "column": called(one.get("column")),
                "kind": flag_word(str(one.get("kind"))),
                "text": room.said(dict(one)),
                "count": number(int(one.get("count") or 0)),
                "share": _share(one.get("share")),
                "samples": "、".join(str(text) for text in one.get("samples") or ()),
            }
            for one in told.get("flags") or ()
        ],
        "small": [
            {
                "column": called(one.get("column")),
                "count": number(int(one.get("count") or 0)),
                "rows": ", ".join(number(int(row)) for row in (one.get("rows") or ())[:10]),
            }
            for one in told.get("small_cells") or ()
        ],
        "quasi": "、".join(called(one) for one in told.get("quasi_identifiers") or ()),
        "k": told.get("k"),
        "k_by": told.get("k_by", ""),
        "below": told.get("below", 0),
        "threshold": told.get("threshold"),
        "rare": [
            {
                "row": number(int(one.get("row") or 0)),
                "text": "、".join(
                    f"{called(name)}={value}" for name, value in (one.get("values") or {}).items()
                ),
                "count": number(int(one.get("count") or 0)),
            }
            for one in (told.get("rare") or ())[:_RARE]
        ],
    }


def verdict_word(verdict: str) -> str:
    """Return the word for what was found."""
    return {
        "clear": pgettext("privacy", "Nothing looks personal"),
        "look": pgettext("privacy", "Look at this before it is published"),
        "serious": pgettext("privacy", "This looks like personal data"),
    }.get(verdict, verdict)


def flag_word(kind_: str) -> str:
    """Return what a column seems to hold."""
    return {
        "name": pgettext("privacy", "Names of people"),
        "phone": pgettext("privacy", "Phone numbers"),
        "address": pgettext("privacy", "Addresses of homes"),
        "mail": pgettext("privacy", "Mail addresses"),
        "free_text": pgettext("privacy", "Free text"),
        "birthday": pgettext("privacy", "Dates of birth"),
        "id": pgettext("privacy", "Numbers of persons"),
    }.get(kind_, kind_)


def serious(version: Version) -> bool:
    """Whether an approver has to say why it may be published."""
    return (
        bool(version.reports.privacy)
        and (version.reports.privacy or {}).get("verdict") == "serious"
    )
