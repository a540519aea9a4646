"""Topics with names in them (`/json/{key}/{device}/attrs`), and the filters of MQTT (4.7). Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from tamamo.kernel.identity.credentials import KEY_PREFIX

#: Names whose level is never filled in where a topic is shown or compared with a key's.
KEY, ATTRIBUTE = "key", "attribute"
_LEVEL: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_LONGEST: Final = 1000


class Pattern:
    """A topic whose levels may be names in braces, `+` and, at its end, `#`."""

    def __init__(self, text: str) -> None:
        """Raise ValueError where it is none."""
        self._levels = text.split("/")
        self.text = text
        self.names: list[str] = []
        if not text or len(text) > _LONGEST or "\0" in text:
            raise ValueError(f"{text!r} is no topic")
        for index, level in enumerate(self._levels):
            found = _LEVEL.fullmatch(level)
            if found:
                self.names.append(found[1])
            elif level == "#" and index == len(self._levels) - 1:
                continue
            elif level != "+" and set("{}+#") & set(level):
                raise ValueError(f"{text!r}: a level is a name in braces as a whole, +, # or text")
        if len(set(self.names)) < len(self.names):
            raise ValueError(f"{text!r} has a name twice")
        self.filter = "/".join("+" if _LEVEL.fullmatch(one) else one for one in self._levels)

    def match(self, topic: str) -> dict[str, str] | None:
        """Return the levels by their names, None for a topic that does not fit."""
        levels = topic.split("/")
        wanted = self._levels
        if wanted[-1] == "#":
            wanted = wanted[:-1]
            levels, rest = levels[: len(wanted)], levels[len(wanted) :]
            if len(levels) < len(wanted) or any(one.startswith("$") for one in rest[:1]):
                return None
        elif len(levels) != len(wanted):
            return None
        found: dict[str, str] = {}
        for want, level in zip(wanted, levels, strict=True):
            if want == level and want != "+":
                continue
            if want == "+":
                continue
            if not want.startswith("{"):
                return None
            if not level:
                return None
            found[want[1:-1]] = level
        return found

    def shown(self, found: Mapping[str, str]) -> str:
        """Return the topic with the names filled in, but for the key and the attribute.

        It is what a device's key is for (`Device.may_publish`), and what people see.
        """
        return "/".join(
            found.get(level[1:-1], level)
            if level.startswith("{") and level[1:-1] not in (KEY, ATTRIBUTE)
            else level
            for level in self._levels
        )


def blanked(topic: str) -> str:
    """Return a topic without levels that look like a key, for people."""
    levels = ["{key}" if KEY_PREFIX in level else level for level in topic.split("/")]
    return "/".join(levels)[:_LONGEST].replace("\0", "")


def fewest(filters: Iterable[str]) -> list[str]:
    """Return the filters without those that another one covers: brokers may send doubles."""
    wanted = sorted(set(filters))
    return [
        one for one in wanted if not any(other != one and covers(other, one) for other in wanted)
    ]


def covers(wide: str, narrow: str) -> bool:
    """Whether every topic of one filter is one of the other's."""
    left, right = wide.split("/"), narrow.split("/")
    for index, level in enumerate(left):
        if level == "#":
            return True
        if index >= len(right) or right[index] == "#":
            return False
        if level not in ("+", right[index]):
            return False
    return len(left) == len(right)
