"""`${…}` in custom notifications (NGSIv2, "Macro substitution"): basic replacement, no JEXL."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import orjson

from tamamo.context.model.values import Fault

_MACRO = re.compile(r"\$\{([^}]*)\}")
#: What an expression has that is no name.
_OPERATORS = re.compile(r"[\s|()\[\]{?'\"*/+<>=!&%^,]")

#: Headers that are the connection's or the notification's own and never the subscriber's.
OWN_HEADERS: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "te", "upgrade"}
)
#: Names and what they stand for in one notification.
Names = Mapping[str, Any]


def check(template: Any, *place: str | int) -> None:
    """Raise Fault where a template holds a macro that is more than a name."""
    for where, text in _texts(template, place):
        for inner in _MACRO.findall(text):
            if not inner or _OPERATORS.search(inner):
                reason = f"${{{inner[:80]}}} is not the name of an attribute; there is no JEXL here"
                raise Fault(reason, *where)


def holds_any(text: str) -> bool:
    """Whether there is a macro in a text."""
    return _MACRO.search(text) is not None


def fill_text(template: str, names: Names, encode: Callable[[str], str] = str) -> str:
    """Return a text with each macro replaced by what it stands for, as text, encoded."""
    return _MACRO.sub(lambda match: encode(as_text(_value(match[1], names))), template)


def fill(template: Any, names: Names) -> Any:
    """Return JSON with macros replaced; one that is all of its text keeps the type of its value."""
    if isinstance(template, str):
        whole = _MACRO.fullmatch(template)
        return _value(whole[1], names) if whole else fill_text(template, names)
    if isinstance(template, list):
        return [fill(item, names) for item in template]
    if isinstance(template, dict):
        return {name: fill(item, names) for name, item in template.items()}
    return template


def as_text(value: Any) -> str:
    """Return a value within a text: JSON, but texts as they are and whole numbers without .0."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return f"{value:.0f}"
    return orjson.dumps(value).decode()


def _value(name: str, names: Names) -> Any:
    """Return what a name stands for, null when nothing does; a dot leads into an object."""
    if name in names:
        return names[name]
    found: Any = names
    for part in name.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found


def _texts(
    template: Any, place: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(template, str):
        yield place, template
    elif isinstance(template, list):
        for at, item in enumerate(template):
            yield from _texts(item, (*place, at))
    elif isinstance(template, dict):
        for name, item in template.items():
            yield from _texts(item, (*place, name))
