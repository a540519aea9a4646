"""NGSILD-Warning: what went wrong at other sources while a request was answered (6.3.17)."""

from collections.abc import Iterable
from typing import Final

WARNING_HEADER: Final = "NGSILD-Warning"

STALE: Final = "110"
INVALID: Final = "111"
NO_ANSWER: Final = "199"
REFUSED: Final = "299"

#: Names of the IANA warning codes (table 6.3.17-1).
_NAMES: Final = {
    STALE: "Response is Stale",
    INVALID: "Revalidation Failed",
    NO_ANSWER: "Miscellaneous Warning",
    REFUSED: "Miscellaneous Persistent Warning",
}
#: Warnings that one answer carries: headers have no room for hundreds.
_MOST: Final = 20
_LONGEST: Final = 2_000


class Warnings:
    """The warnings of one answer, each once."""

    def __init__(self) -> None:
        self._texts: dict[str, None] = {}

    def __bool__(self) -> bool:
        return bool(self._texts)

    def add(self, code: str, agent: str, text: str) -> None:
        """Add a warning. agent: who warns. text: about what, in a few words."""
        plain = " ".join(f"{_NAMES[code]}: {text}".replace('"', "'").split())
        self.pass_on([f'{code} {agent} "{plain}"'])

    def pass_on(self, values: Iterable[str]) -> None:
        """Add what a source said of its own sources."""
        for value in values:
            if value and len(self._texts) < _MOST:
                printable = value.encode("ascii", "replace").decode()
                self._texts[printable[:_LONGEST]] = None

    def headers(self) -> dict[str, str]:
        """Return the header that says all of them; nothing when there are none."""
        return {WARNING_HEADER: ", ".join(self._texts)} if self._texts else {}

    def note(self, headers: dict[str, str]) -> None:
        """Add them to the headers of an answer, behind those that are there."""
        for name, value in self.headers().items():
            before = headers.get(name)
            headers[name] = value if before is None else f"{before}, {value}"
