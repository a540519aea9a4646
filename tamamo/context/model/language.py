"""Choosing one language of a LanguageProperty (clause 4.15, RFC 5646, RFC 4647)."""

from functools import lru_cache
from typing import Any

#: The language of a map entry that names none.
NO_LANGUAGE = "@none"


def choose(language_map: dict[str, Any], wanted: str) -> tuple[str, Any]:
    """Return the (language, text) that suits best; any language when none suits.

    wanted: language ranges as in Accept-Language, such as `fr-CH,fr;q=0.9,*;q=0.5`.
    """
    tags = {tag.lower(): tag for tag in language_map}
    for preference in preferences(wanted):
        for candidate in _lookup(preference):
            if candidate in tags:
                tag = tags[candidate]
                return tag, language_map[tag]
        if preference == "*":
            break
        for lowered, tag in tags.items():
            if lowered.startswith(preference + "-"):
                return tag, language_map[tag]
    tag = NO_LANGUAGE if NO_LANGUAGE in language_map else next(iter(language_map))
    return tag, language_map[tag]


@lru_cache(maxsize=256)
def preferences(wanted: str) -> tuple[str, ...]:
    """Return the language ranges in lower case, best first; equal ones in the order given."""
    weighted: list[tuple[float, str]] = []
    for part in wanted.split(","):
        language, *parameters = (piece.strip() for piece in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            name, _, text = parameter.partition("=")
            if name.strip() == "q":
                try:
                    weight = float(text)
                except ValueError:
                    weight = 0.0
        if language and weight > 0:
            weighted.append((weight, language.lower()))
    return tuple(language for _, language in sorted(weighted, key=lambda item: -item[0]))


def _lookup(language: str) -> list[str]:
    """Return the range and its ever shorter forms: zh-hant-tw, zh-hant, zh."""
    subtags = language.split("-")
    return ["-".join(subtags[:length]) for length in range(len(subtags), 0, -1)]
