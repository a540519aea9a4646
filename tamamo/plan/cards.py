"""The 36 cards with the newest values, and the same plan narrowed by chapter, state and owner."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from tamamo.kernel.time import JST, now
from tamamo.plan.catalog import Plan, fiscal_year, the_plan
from tamamo.plan.loading import Folder
from tamamo.plan.model import Indicator, Text
from tamamo.plan.pages import ChapterView, PlanView, ProjectView, SectionView, plan_view
from tamamo.plan.present import FigureRow, amount, recorded_text, step_text, target_text
from tamamo.plan.report.series import day_text
from tamamo.plan.year.model import working_year
from tamamo.plan.year.public import Key, YearValue, break_between, judged

#: Those of a project without any indicator, among the states to choose from.
NO_FIGURES: Final = "no_figures"


@dataclass(frozen=True, slots=True)
class Figure:
    """An indicator on a card, in one language. row: as the plan's tables have it."""

    row: FigureRow
    basis: str
    basis_word: str
    trend: str
    simulated: bool
    approved_by: str
    approved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a filter."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the address narrows the page to; "" is everything. year: 0 is the newest of each."""

    chapter: str = ""
    state: str = ""
    owner: str = ""
    year: int = 0

    @property
    def any(self) -> bool:
        """Whether anything is left out, or another year shown."""
        return bool(self.chapter or self.state or self.owner or self.year)

    def query(self) -> str:
        """Return the address's query."""
        named = {"chapter": self.chapter, "state": self.state, "owner": self.owner,
                 "year": str(self.year or "")}  # fmt: skip
        return urlencode({name: value for name, value in named.items() if value})


@dataclass(frozen=True, slots=True)
class Cards:
    """The page. figures: of each project; filters: name, label, choices."""

    chapters: list[ChapterView]
    figures: dict[str, list[Figure]]
    filters: list[tuple[str, str, list[Choice]]]
    #: Outcome, how many figures have it, and how many of these are simulated.
    counts: list[tuple[str, int, int]]
    shown: int
    chosen: Chosen
    #: Whether anything but what the report printed is shown.
    newer: bool = False


def chosen_of(given: Mapping[str, str], plan: Plan, years: Sequence[int]) -> Chosen:
    """Return what an address asks for; what it cannot be is left out."""
    chapters = {str(n) for n, _chapter in enumerate(plan.outline.chapter, 1)}
    states = {*plan.words["outcome"], NO_FIGURES}
    owners = {number for number, _name in owners_of(plan).values()}
    known = {str(year): year for year in years}

    def one(name: str, among: set[str]) -> str:
        value = given.get(name, "")
        return value if value in among else ""

    year = known.get(given.get("year", ""), 0)
    return Chosen(one("chapter", chapters), one("state", states), one("owner", owners), year)


def owners_of(plan: Plan) -> dict[str, tuple[str, Text]]:
    """Return each division that owns a project: its number in the outline, and its name."""
    owned = {folder.manifest.owner for folder in plan.folders}
    return {
        one.name.ja: (str(number), one.name)
        for number, one in enumerate(plan.outline.division, 1)
        if one.name.ja in owned
    }


def cards(
    values: Mapping[Key, Sequence[YearValue]], given: Mapping[str, str], language: str
) -> Cards:
    """Return the page of the plan with its values. given: the address's parameters."""
    plan, whole = the_plan(), plan_view(language)
    years = sorted({one.year for found in values.values() for one in found}, reverse=True)
    chosen = chosen_of(given, plan, years)
    figures = {
        folder.manifest.id: figures_of(plan, folder, values, language, chosen.year)
        for folder in plan.folders
    }
    kept = [
        folder.manifest.id
        for folder in plan.folders
        if _fits(folder, figures[folder.manifest.id], chosen)
    ]
    told = [figure for project in kept for figure in figures[project]]
    counted: Counter[str] = Counter(figure.row.outcome for figure in told)
    made: Counter[str] = Counter(figure.row.outcome for figure in told if figure.simulated)
    return Cards(
        chapters=_narrowed(whole, set(kept)),
        figures=figures,
        filters=_filters(plan, whole, chosen, years, language),
        counts=[
            (plan.word("outcome", name).pick(language), counted[name], made[name])
            for name in plan.words["outcome"]
            if counted[name]
        ],
        shown=len(kept),
        chosen=chosen,
        newer=any(figure.basis not in {"", "recorded"} for figure in told),
    )


def figures_of(
    plan: Plan,
    folder: Folder,
    values: Mapping[Key, Sequence[YearValue]],
    language: str,
    year: int = 0,
) -> list[Figure]:
    """Return a project's indicators with the newest value, or that of a year."""
    found = []
    for one in folder.figures.indicator if folder.figures else []:
        series = list(values.get((folder.manifest.id, one.id), []))
        if year:
            series = [value for value in series if value.year <= year]
        shown = series[-1] if series and (not year or series[-1].year == year) else None
        found.append(_figure(plan, one, (shown, series), language, year))
    return found


def basis_word(basis: str) -> str:
    """Return where a value comes from, in a word."""
    return {
        "recorded": _("recorded in the report"),
        "entered": _("entered by its owner, approved"),
        "computed": _("counted by Tamamo"),
        "imported": _("published by its source, imported"),
    }[basis]


def value_text(one: Indicator, shown: YearValue, language: str) -> str:
    """Return a year's value with its unit."""
    if shown.recorded is not None:
        return recorded_text(shown.recorded, one.unit, language)
    return amount(shown.value, one.unit, language) if shown.value is not None else "—"


def year_text(shown: YearValue, language: str) -> str:
    """Return the year of a value; of the year that is not over yet, the day it is as of."""
    year = fiscal_year(shown.year).pick(language)
    if shown.recorded is not None or shown.year <= working_year(now().astimezone(JST).date()):
        return year
    return _("%(year)s so far (%(day)s)") % {"year": year, "day": day_text(shown.at, language)}


def trend(one: Indicator, series: Sequence[YearValue], language: str) -> str:
    """Say how the newest value stands to the year before it that has one; "" without two.

    A simulated value is compared with a simulated one only.
    """
    numbers = [value for value in series if value.value is not None]
    numbers = [value for value in numbers if value.simulated == numbers[-1].simulated]
    if len(numbers) < 2 or numbers[-1] is not series[-1]:
        return ""
    before, after = numbers[-2], numbers[-1]
    since = fiscal_year(before.year).pick(language)
    if why := break_between(one, before, after):
        said = _("No comparison with %(year)s: counted differently (%(why)s)")
        return said % {"year": since, "why": why.pick(language)}
    assert before.value is not None and after.value is not None
    step = after.value - before.value
    if not step:
        return _("The same as in %(year)s") % {"year": since}
    text = step_text(step, one.unit, language)
    said = _("%(step)s more than in %(year)s") if step > 0 else _("%(step)s less than in %(year)s")
    return said % {"step": text, "year": since}


def _figure(
    plan: Plan,
    one: Indicator,
    of: tuple[YearValue | None, list[YearValue]],
    language: str,
    year: int,
) -> Figure:
    shown, series = of
    target = one.target
    at = shown.year if shown else year
    verdict = judged(one, shown) if shown else None
    outcome = verdict.outcome if verdict else "not_reported"
    row = FigureRow(
        id=one.id,
        name=one.name.pick(language),
        value=value_text(one, shown, language) if shown else "—",
        year=year_text(shown, language) if shown else fiscal_year(at).pick(language),
        target=target_text(target, one.unit, at, language) if target else "",
        target_year=fiscal_year(target.year).pick(language) if target and target.year else "",
        outcome=outcome,
        outcome_word=plan.word("outcome", outcome).pick(language),
        ratio=f"{verdict.ratio}%" if verdict and verdict.ratio is not None else "",
        shape=plan.word("shape", one.shape).pick(language),
        printed=shown.recorded.printed if shown and shown.recorded else "",
        note=one.note.pick(language) if one.note else "",
    )
    return Figure(
        row=row,
        basis=shown.basis if shown else "",
        basis_word=basis_word(shown.basis) if shown else "",
        trend=trend(one, series, language) if shown else "",
        simulated=bool(shown and shown.simulated),
        approved_by=shown.approved_by if shown else "",
        approved_at=shown.approved_at if shown else None,
    )


def _fits(folder: Folder, figures: Sequence[Figure], chosen: Chosen) -> bool:
    if chosen.chapter and str(folder.order[0]) != chosen.chapter:
        return False
    if chosen.owner and owners_of(the_plan())[folder.manifest.owner][0] != chosen.owner:
        return False
    if not chosen.state:
        return True
    if chosen.state == NO_FIGURES:
        return not figures
    return any(figure.row.outcome == chosen.state for figure in figures)


def _narrowed(whole: PlanView, kept: set[str]) -> list[ChapterView]:
    chapters = []
    for chapter in whole.chapters:
        sections = []
        for section in chapter.sections:
            projects: list[ProjectView] = [p for p in section.projects if p.id in kept]
            if projects:
                sections.append(SectionView(section.number, section.name, projects))
        if sections:
            chapters.append(ChapterView(chapter.number, chapter.name, sections))
    return chapters


def _filters(
    plan: Plan, whole: PlanView, chosen: Chosen, years: Sequence[int], language: str
) -> list[tuple[str, str, list[Choice]]]:
    def choices(every: str, now: str, pairs: Any) -> list[Choice]:
        return [Choice("", every, not now), *(Choice(v, text, v == now) for v, text in pairs)]

    chapters = [(str(c.number), f"{c.number} {c.name}") for c in whole.chapters]
    states = [(name, text.pick(language)) for name, text in plan.words["outcome"].items()]
    states.append((NO_FIGURES, _("No indicator")))
    owners = [(number, name.pick(language)) for number, name in owners_of(plan).values()]
    named = [(str(year), fiscal_year(year).pick(language)) for year in years]
    return [
        ("chapter", _("Chapter"), choices(_("All chapters"), chosen.chapter, chapters)),
        ("state", _("State"), choices(_("All states"), chosen.state, states)),
        ("owner", _("Owner"), choices(_("All owners"), chosen.owner, owners)),
        ("year", _("Fiscal year"),
         choices(_("The newest of each"), str(chosen.year or ""), named)),
    ]  # fmt: skip
