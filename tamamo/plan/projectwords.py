"""Words of a project's panels: `words.toml` of its folder, in both languages."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tamamo.plan.loading import convert, read_toml
from tamamo.plan.model import Text


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a project in one language."""

    language: str
    texts: dict[str, Text]

    def text(self, name: str, **values: object) -> str:
        """Return a text with its places filled. Raises KeyError for one there is not."""
        return self.texts[name].pick(self.language).format(**values)

    def marked(self, text: str, *, simulated: bool) -> str:
        """Return a text that says first that what it tells of is simulated."""
        if not simulated:
            return text
        return f"【模擬】{text}" if self.language == "ja" else f"[simulated] {text}"

    def listed(self, parts: Iterable[str]) -> str:
        """Return words in a row."""
        return ("、" if self.language == "ja" else ", ").join(parts)


@cache
def read_words(file: Path, language: str) -> Words:
    """Return the words of a file. Raises BadPlan where it does not fit."""
    return Words(language, convert(read_toml(file), dict[str, Text], file))
