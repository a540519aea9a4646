"""The form of a mapping: what was typed ↔ the recipe by which a file is read."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

import msgspec
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tamamo.registers.intake import (
    Choice,
    ColumnGuess,
    Doubt,
    Finding,
    Profile,
    Recipe,
    RecipeColumn,
)
from tamamo.registers.intake.model import Bad, Kind
from tamamo.web.staff.cells import language
from tamamo.web.staff.datasets import words
from tamamo.web.staff.forms import Fault, Option

#: Texts of a column, and its ticks.
_TEXTS: Final = ("name", "label", "label_en", "unit")
_LONGEST: Final = {"name": 60, "label": 200, "label_en": 200, "unit": 40}
_BAD: Final = ("reject", "blank", "keep")
_MOST_HEADER_ROWS: Final = 2
_SAMPLES: Final = 4


@dataclass(frozen=True, slots=True)
class ShownDoubt:
    """A doubt as the page shows it. anchor: where the column it is about stands."""

    level: str
    word: str
    chip: str
    text: str
    sample: str
    column: str
    rows: str
    anchor: str


@dataclass(frozen=True, slots=True)
class ShownColumn:
    """A column of the file with what becomes of it. errors: by field, "" for the whole."""

    place: int
    source: str
    samples: str
    about: str
    kind: str
    guess: str
    texts: Mapping[str, str]
    kinds: tuple[Option, ...]
    bads: tuple[Option, ...]
    use: bool
    required: bool
    key: bool
    errors: Mapping[str, str]
    doubts: tuple[ShownDoubt, ...]
    #: Whether this file has no such column; what it may be read from then.
    gone: bool = False
    sources: tuple[Option, ...] = ()

    @property
    def prefix(self) -> str:
        """What stands before the names of its fields."""
        return f"c{self.place}."

    @property
    def open(self) -> bool:
        """Whether somebody should look at it: it is shown unfolded."""
        return self.gone or bool(self.errors) or any(one.level != "info" for one in self.doubts)


def mark_of(recipe: Recipe) -> str:
    """Return a mark of the columns of the file: a form made for other columns is not read."""
    told = "\n".join(f"{one.source}\t{one.occurrence}" for one in recipe.columns)
    return hashlib.blake2s(told.encode(), digest_size=8).hexdigest()


def merged(recipe: Recipe, proposed: Recipe) -> Recipe:
    """Return a recipe of an earlier file with the columns that only this one has, left out.

    proposed: what an unattended import would do with this file. Where a column stands now counts.
    """
    now = {(one.source, one.occurrence): one for one in proposed.columns}
    columns = [
        msgspec.structs.replace(one, position=found.position) if found is not None else one
        for one in recipe.columns
        for found in (now.pop((one.source, one.occurrence), None),)
    ]
    columns += [msgspec.structs.replace(one, use=False) for one in now.values()]
    return msgspec.structs.replace(recipe, columns=columns)


def pinned(recipe: Recipe, choice: Choice) -> Recipe:
    """Return a recipe that reads next month's file in the way this one had to be told."""
    return msgspec.structs.replace(
        recipe,
        sheet=choice.sheet or recipe.sheet,
        encoding=choice.encoding,
        delimiter=choice.delimiter,
        header_rows=choice.header_rows,
    )


def read(post: QueryDict, base: Recipe) -> Recipe:
    """Return the recipe that was typed; base: whose columns the form shows."""
    columns = [_column(post, place, one) for place, one in enumerate(base.columns)]
    keys = {place for place in range(len(columns)) if f"c{place}.key" in post}
    totals = "leave_out" if post.get("totals") == "leave_out" else "keep"
    return msgspec.structs.replace(
        base,
        columns=columns,
        key=[one.name for place, one in enumerate(columns) if place in keys],
        totals=totals,
    )


def rebound(recipe: Recipe, post: QueryDict) -> Recipe:
    """Return a recipe whose columns are read from the headings that were chosen for them.

    What a chosen heading was by itself is no column of its own any more.
    """
    count = len(recipe.columns)
    chosen = {}
    for place in range(count):
        text = post.get(f"c{place}.from", "")
        if text.isdecimal() and len(text) < 5 and int(text) < count:
            chosen[place] = recipe.columns[int(text)]
    taken = [id(one) for one in chosen.values()]
    columns = [
        one
        if (to := chosen.get(place)) is None
        else msgspec.structs.replace(
            one, source=to.source, occurrence=to.occurrence, position=to.position
        )
        for place, one in enumerate(recipe.columns)
        if id(one) not in taken
    ]
    return msgspec.structs.replace(recipe, columns=columns)


def _column(post: QueryDict, place: int, base: RecipeColumn) -> RecipeColumn:
    prefix = f"c{place}."
    typed = {
        name: " ".join(post.get(prefix + name, "").split())[: _LONGEST[name]] for name in _TEXTS
    }
    kind = post.get(prefix + "kind", "")
    kind = kind if kind in words.KINDS else base.kind
    bad = post.get(prefix + "bad", "")
    return msgspec.structs.replace(
        base,
        **typed,
        kind=cast("Kind", kind),
        # A format belongs to the kind it was found with, a code to the unit.
        format=base.format if kind == base.kind else "",
        unit_code=base.unit_code if typed["unit"] == base.unit else "",
        use=prefix + "use" in post,
        required=prefix + "required" in post,
        bad=cast("Bad", bad) if bad in _BAD else base.bad,
    )


def choice_of(post: QueryDict) -> tuple[Choice, list[Fault]]:
    """Return how the file is to be read again, and what of it could not be read.

    Fields that still say what was found out (`was.…`) tell nothing: next month it is found again.
    """
    told = {}
    for name in ("sheet", "encoding", "delimiter", "header_rows"):
        same = post.get(name, "") == post.get(f"was.{name}", "")
        told[name] = post.get(f"told.{name}" if same else name, "")
    rows, faults = _header_rows(told["header_rows"])
    choice = Choice(
        sheet=told["sheet"] or None,
        encoding=told["encoding"] or None,
        delimiter=told["delimiter"] or None,
        header_rows=rows,
    )
    return choice, faults


def choice_by(recipe: Recipe) -> Choice:
    """Return how a file is read by a recipe."""
    return Choice(
        sheet=recipe.sheet,
        encoding=recipe.encoding,
        delimiter=recipe.delimiter,
        header_rows=recipe.header_rows,
        area=recipe.area,
    )


def told_of(recipe: Recipe) -> dict[str, str]:
    """Return what a recipe had to be told of how the file is read, as texts of the form."""
    rows = ", ".join(map(str, recipe.header_rows)) if recipe.header_rows else ""
    return {
        "sheet": recipe.sheet or "",
        "encoding": recipe.encoding or "",
        "delimiter": recipe.delimiter or "",
        "header_rows": rows,
    }


def _header_rows(text: str) -> tuple[list[int] | None, list[Fault]]:
    parts = text.replace("、", ",").replace("，", ",").replace(",", " ").split()
    if not parts:
        return None, []
    numbers = [int(one) for one in parts if one.isdecimal() and len(one) < 7]
    if len(numbers) != len(parts) or len(parts) > _MOST_HEADER_ROWS or 0 in numbers:
        reason = _("One or two row numbers of the file, such as 3 or 3, 4.")
        return None, [Fault(_("Rows with the headings"), reason, "f-header_rows")]
    return sorted(set(numbers)), []


def shown(
    recipe: Recipe,
    profile: Profile,
    findings: Iterable[Finding] = (),
    post: Mapping[str, str] | None = None,
) -> list[ShownColumn]:
    """Return the columns of the form, each with its guess, doubts and errors.

    post: what was sent, where the form is shown again.
    """
    errors: dict[str, list[Finding]] = {}
    for finding in findings:
        errors.setdefault(finding.column, []).append(finding)
    guesses = guesses_of(profile)
    made = []
    for place, one in enumerate(recipe.columns):
        guess = guesses.get((one.source, one.occurrence))
        told = [_said(finding) for finding in errors.get(one.name, ())]
        made.append(
            ShownColumn(
                place=place,
                source=one.source,
                samples="、".join((guess.samples if guess else [])[:_SAMPLES]),
                about=_filled(guess.filled, guess.distinct) if guess else "",
                kind=words.kind_word(one.kind),
                guess=_guess(one, guess.kind, guess.confidence) if guess else "",
                texts={name: getattr(one, name) for name in _TEXTS},
                kinds=_kinds(one.kind),
                bads=_bads(one.bad),
                use=one.use,
                required=one.required,
                key=one.name in recipe.key,
                errors={"": " ".join(told)} if told else {},
                doubts=tuple(shown_doubt(doubt, place) for doubt in guess.doubts) if guess else (),
                gone=guess is None and one.use,
                sources=_sources(recipe, guesses, (post or {}).get(f"c{place}.from", "")),
            )
        )
    return made


def _sources(
    recipe: Recipe, known: Mapping[tuple[str, int], ColumnGuess], chosen: str
) -> tuple[Option, ...]:
    """Return the headings of the file that no column is read from."""
    free = [
        (str(place), one.source)
        for place, one in enumerate(recipe.columns)
        if not one.use and (one.source, one.occurrence) in known
    ]
    return tuple(Option(value, text, value == chosen) for value, text in free)


def guesses_of(profile: Profile) -> dict[tuple[str, int], ColumnGuess]:
    """Return a file's columns by heading and which of those with the same heading, from 1."""
    times: Counter[str] = Counter()
    found = {}
    for one in profile.columns:
        times[one.source] += 1
        found[one.source, times[one.source]] = one
    return found


def _guess(column: RecipeColumn, kind: str, confidence: float) -> str:
    told = {"kind": words.kind_word(kind), "sure": words.sure_word(confidence)}
    if kind == column.kind:
        return _("Looks like: %(kind)s, %(sure)s") % told
    return _("Looks like: %(kind)s, %(sure)s; settled otherwise") % told


def _filled(filled: int, distinct: int) -> str:
    return _("%(filled)s filled in, %(distinct)s different") % {
        "filled": f"{filled:,}",
        "distinct": f"{distinct:,}",
    }


def _kinds(chosen: str) -> tuple[Option, ...]:
    return tuple(Option(one, words.kind_word(one), one == chosen) for one in words.KINDS)


def _bads(chosen: str) -> tuple[Option, ...]:
    texts = {
        "reject": pgettext("bad value", "Leave the row out"),
        "blank": pgettext("bad value", "Leave the cell empty"),
        "keep": pgettext("bad value", "Keep it as text"),
    }
    return tuple(Option(one, texts[one], one == chosen) for one in _BAD)


def shown_doubt(doubt: Doubt, place: int | None = None) -> ShownDoubt:
    """Return a doubt for the page. place: of its column in the form."""
    return ShownDoubt(
        level=doubt.level,
        word=words.level_word(doubt.level),
        chip=words.level_chip(doubt.level),
        text=doubt.en if language() == "en" else doubt.ja,
        sample=doubt.sample,
        column=doubt.column or "",
        rows=_rows(doubt),
        anchor="" if place is None else f"column-{place}",
    )


def doubts(profile: Profile, recipe: Recipe) -> list[ShownDoubt]:
    """Return every doubt, the gravest first; each leads to its column."""
    named = {(one.source, one.occurrence): place for place, one in enumerate(recipe.columns)}
    places = {one.name: named.get(key) for key, one in guesses_of(profile).items()}
    made = [shown_doubt(one, places.get(one.column or "")) for one in profile.doubts]
    for column in profile.columns:
        made += [shown_doubt(one, places.get(column.name)) for one in column.doubts]
    order = {"problem": 0, "check": 1, "info": 2}
    return sorted(made, key=lambda one: order.get(one.level, 1))


def _rows(doubt: Doubt) -> str:
    """Return where a doubt is: rows 3, 5, 8 … (12 in all)."""
    rows = doubt.rows or ([doubt.row] if doubt.row else [])
    if not rows:
        return ""
    listed = ", ".join(f"{row:,}" for row in rows[:5])
    if doubt.count > len(rows[:5]):
        return _("rows %(rows)s … (%(count)s in all)") % {
            "rows": listed,
            "count": f"{doubt.count:,}",
        }
    return _("rows %(rows)s") % {"rows": listed} if len(rows) > 1 else _("row %(row)s") % {
        "row": listed
    }  # fmt: skip


def _said(finding: Finding) -> str:
    return finding.en if language() == "en" else finding.ja


def lines(findings: Sequence[Finding], recipe: Recipe) -> list[Fault]:
    """Return the lines of the error summary; each leads to its column."""
    places = {one.name: place for place, one in enumerate(recipe.columns)}
    sources = {one.name: one.source for one in recipe.columns}
    return [
        Fault(
            sources.get(one.column, one.column),
            _said(one),
            f"column-{places[one.column]}" if one.column in places else "",
        )
        for one in findings
    ]
