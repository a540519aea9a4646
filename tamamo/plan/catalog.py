"""The whole plan in memory: outline, words and the 36 folders in the plan's order."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tamamo.plan.loading import (
    OUTLINE,
    PACKAGE,
    PROJECTS,
    BadPlan,
    Folder,
    convert,
    read_folders,
    read_outline,
    read_toml,
)
from tamamo.plan.model import Chapter, Outline, Section, Text

WORDS = PACKAGE / "words.toml"
Words = dict[str, dict[str, Text]]
#: Circled numbers: the plan writes its third project of 1(1) as 1(1)③.
CIRCLED = "①②③④⑤⑥⑦⑧⑨"


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan as the folders hold it."""

    outline: Outline
    words: Words
    folders: list[Folder]

    def find(self, project: str) -> Folder | None:
        """Return the folder with that id, or None."""
        return next((f for f in self.folders if f.manifest.id == project), None)

    def sections(self) -> Iterator[tuple[Chapter, int, Section, int, list[Folder]]]:
        """Yield chapter, its number, section, its number and the section's projects, in order."""
        for chapter_number, chapter in enumerate(self.outline.chapter, 1):
            for section_number, section in enumerate(chapter.section, 1):
                place = (chapter_number, section_number)
                inside = [folder for folder in self.folders if folder.order[:2] == place]
                yield chapter, chapter_number, section, section_number, inside

    def division(self, name: str) -> Text:
        """Return a division's name in both languages. Raises KeyError for an unknown one."""
        for division in self.outline.division:
            if division.name.ja == name:
                return division.name
        raise KeyError(name)

    def source_title(self, source: str) -> Text:
        """Return the title of a report. Raises KeyError for an unknown one."""
        for known in self.outline.source:
            if known.id == source:
                return known.title
        raise KeyError(source)

    def word(self, kind: str, value: str) -> Text:
        """Return the word shown for one value of a kind (state, outcome, shape, part, mark)."""
        return self.words[kind][value]


def plan_number(number: str) -> str:
    """Return a plan number as the plan writes it: 1-3-1 is 1(3)①."""
    chapter, section, place = number.split("-")
    return f"{chapter}({section}){CIRCLED[int(place) - 1]}"


def fiscal_year(year: int) -> Text:
    """Return a fiscal year in both languages. Years from 2019 on are 令和."""
    if year < 2019:
        return Text(ja=f"平成{year - 1988}年度({year}年度)", en=f"FY{year}")
    era = "元" if year == 2019 else str(year - 2018)
    return Text(ja=f"令和{era}年度({year}年度)", en=f"FY{year}")


_YEAR_NAMED = re.compile(
    r"(?:(?P<era>R|H|令和|平成)(?P<of>[0-9]{1,2}|元)|(?P<plain>[0-9]{4}))(?:年度?)?"
)
_ERA_STARTS = {"R": 2018, "令和": 2018, "H": 1988, "平成": 1988}


def year_named(text: str) -> int | None:
    """Return the fiscal year that 2020, R2, 令和2年度 or 令和元 names; None for another text."""
    found = _YEAR_NAMED.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if found is None:
        return None
    if found["plain"]:
        return int(found["plain"])
    return _ERA_STARTS[found["era"]] + (1 if found["of"] == "元" else int(found["of"]))


def read_words(file: Path = WORDS) -> Words:
    """Return the words shown for the kinds."""
    return convert(read_toml(file), Words, file)


def load_plan(projects: Path = PROJECTS, outline: Path = OUTLINE) -> Plan:
    """Return the plan. Raises BadPlan when a folder's files do not fit."""
    folders, faults = read_folders(projects)
    if faults:
        raise BadPlan(faults)
    return Plan(read_outline(outline), read_words(), folders)


@cache
def the_plan() -> Plan:
    """Return the installed plan, read once a process."""
    return load_plan()
