"""Answers "where is …?" over the 36 folders, in Japanese or English.

Compared after NFKC and case folding, so half-width, full-width and capitals do not matter. A term
in Latin letters must start a word: `ai` finds AI, not maintain.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from tamamo.plan.catalog import Plan, plan_number
from tamamo.plan.loading import Folder


@dataclass(frozen=True, slots=True)
class Match:
    """A project found: why says which field matched each term; a higher score comes first."""

    folder: Folder
    score: int
    why: list[str]


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    text: str
    weight: int
    shown: bool


@lru_cache(maxsize=4096)  # a plan has some 1,500 texts, each compared with every term
def fold(text: str) -> str:
    """Return text as it is compared."""
    return unicodedata.normalize("NFKC", text).casefold()


def find(plan: Plan, words: str) -> list[Match]:
    """Return the projects in which every term of words stands, best first."""
    terms = [_pattern(term) for term in fold(words).split()]
    if not terms:
        return []
    matches = [match for folder in plan.folders if (match := _match(plan, folder, terms))]
    return sorted(matches, key=lambda match: (-match.score, match.folder.order))


def _pattern(term: str) -> re.Pattern[str]:
    start = r"(?<![a-z0-9])" if term[0].isascii() and term[0].isalnum() else ""
    return re.compile(start + re.escape(term))


def _match(plan: Plan, folder: Folder, terms: list[re.Pattern[str]]) -> Match | None:
    fields = list(_fields(plan, folder))
    score, why = 0, []
    for term in terms:
        hits = [field for field in fields if term.search(fold(field.text))]
        if not hits:
            return None
        best = max(hits, key=lambda field: field.weight)
        whole = term.fullmatch(fold(best.text)) is not None
        score += best.weight + (1 if whole else 0)
        why.append(f"{best.name} {best.text}" if best.shown else best.name)
    return Match(folder, score, why)


def _fields(plan: Plan, folder: Folder) -> Iterator[_Field]:
    manifest = folder.manifest
    yield _Field("id", manifest.id, 10, True)
    yield _Field("id", manifest.id.replace("_", " "), 10, True)
    yield _Field("number", manifest.plan, 10, True)
    yield _Field("number", plan_number(manifest.plan), 10, True)
    for name in (manifest.name.ja, manifest.name.en):
        yield _Field("name", name, 9, True)
    for keyword in manifest.keywords:
        yield _Field("keyword", keyword, 8, True)
    for indicator in folder.figures.indicator if folder.figures else []:
        for name in (indicator.name.ja, indicator.name.en):
            yield _Field("indicator", name, 6, True)
    owner = plan.division(manifest.owner)
    for name in (owner.ja, owner.en):
        yield _Field("owner", name, 5, True)
    for text in (manifest.purpose.ja, manifest.purpose.en):
        yield _Field("purpose", text, 4, False)
    for report in folder.record.report:
        for passage in report.passage:
            yield _Field(f"report of {report.year}", passage.ja, 3, False)
            yield _Field(f"report of {report.year}", passage.en, 3, False)
    readme = folder.path / "README.md"
    if readme.exists():
        yield _Field("README.md", readme.read_text("utf-8"), 2, False)
