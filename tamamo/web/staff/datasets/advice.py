"""What an officer may still want to do: a kind of the standard that fits, missing words."""

from typing import Any, Final

from django.utils.translation import gettext as _

from tamamo.publishing.datasets import Dataset, Version
from tamamo.publishing.standard import Column, guess, kind
from tamamo.web.staff.cells import language

#: From here on a kind of the standard is proposed.
_LIKELY: Final = 0.5
_PERCENT: Final = 100


def likely_kind(dataset: Dataset, version: Version) -> dict[str, Any] | None:
    """Return the kind of the national standard that a table seems to be; None: none, or said."""
    if dataset.metadata.standard or not version.fields:
        return None
    sources = {
        one["name"]: one.get("source", "") for one in (version.recipe or {}).get("columns", ())
    }
    columns = [
        Column(one.name, sources.get(one.name, ""), one.label.ja, one.kind)
        for one in version.fields
    ]
    found = guess(columns, f"{dataset.title.ja} {version.filename}")
    if not found or found[0].confidence < _LIKELY:
        return None
    told = kind(found[0].kind)
    return {
        "id": told.id,
        "name": told.en if language() == "en" else told.ja,
        "percent": round(found[0].confidence * _PERCENT),
    }


def missing(dataset: Dataset, version: Version) -> list[str]:
    """Return what readers would look for and nobody has written yet."""
    told = dataset.metadata
    unnamed = sum(1 for one in version.fields if not one.label.en)
    pairs = [
        (not told.title.en, _("the title in English")),
        (not told.description.ja, _("the description in Japanese")),
        (not told.description.en, _("the description in English")),
        (not told.unit, _("the department")),
        (not told.groups, _("a theme")),
        (not told.tags, _("keywords")),
        (unnamed > 0, _("English names of %(n)s columns") % {"n": unnamed}),
    ]
    return [text for lacks, text in pairs if lacks]
