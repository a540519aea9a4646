"""Files of departments looked over in one go: what would come of each in an unattended import."""

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from tamamo.publishing import standard
from tamamo.registers import intake
from tamamo.registers.intake.model import Area

#: A table that looks like one of the standard's kinds at least this much is checked against it.
SURE: Final = 0.5
ENDINGS: Final = (".csv", ".xlsx", ".xlsm", ".xls")

Progress = Callable[[str, float], None]


class Surveyed(msgspec.Struct):
    """What came of a file. refused: why nothing of it can be used; the rest is then empty.

    reasons, rejects: {code: rows of which it is said, that it refuses}. doubts: {code: how many},
    levels: {info, check, problem: how many doubts}. standard: id of the kind of
    自治体標準オープンデータセット it looks like, score: of 100, fixes: {code: how many}. first: the
    values of the first row that is used.
    """

    file: str
    kind: str = ""
    encoding: str = ""
    header_rows: list[int] = []
    rows_in: int = 0
    rows_out: int = 0
    rejected: int = 0
    changed: int = 0
    skipped: int = 0
    reasons: dict[str, int] = {}
    rejects: dict[str, int] = {}
    columns: int = 0
    key: list[str] = []
    place: str = ""
    doubts: dict[str, int] = {}
    levels: dict[str, int] = {}
    standard: str = ""
    score: int | None = None
    fixes: dict[str, int] = {}
    refused: str = ""
    refused_ja: str = ""
    first: dict[str, intake.Value] = {}
    seconds: float = 0.0


def files_in(folder: Path) -> list[Path]:
    """Return the files of a folder, and of those in it, that may hold tables."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)
    return sorted(path for path in found if path.is_file())


def survey(
    files: Iterable[Path],
    area: Area | None = None,
    town: standard.Town | None = None,
    progress: Progress | None = None,
) -> Iterator[Surveyed]:
    """Read each file as an unattended import would; none is changed, nothing is kept.

    area: where the places should be. town: fills the first columns of the standard's kinds.
    progress: called with the file's name and the part of it that is read.
    """
    for path in files:
        started = time.monotonic()
        try:
            found = _one(path, area, town, progress)
        except intake.IntakeRefused as refused:
            found = Surveyed(path.name, refused=refused.en, refused_ja=refused.ja)
        found.seconds = round(time.monotonic() - started, 2)
        yield found


def _one(
    path: Path, area: Area | None, town: standard.Town | None, progress: Progress | None
) -> Surveyed:
    def told(part: float) -> None:
        if progress is not None:
            progress(path.name, part)

    told(0.0)
    profile = intake.profile(path, path.name, intake.Choice(area=area), told)
    recipe = intake.settle(profile)
    found = Surveyed(
        path.name,
        profile.kind,
        profile.encoding,
        profile.header_rows,
        columns=len(recipe.fields()),
        key=list(recipe.key),
        place=_place(profile),
    )
    for doubt in profile.every_doubt():
        found.doubts[doubt.code] = found.doubts.get(doubt.code, 0) + 1
        found.levels[doubt.level] = found.levels.get(doubt.level, 0) + 1
    with intake.rows(path, path.name, recipe) as rows:
        _check(found, profile, recipe, rows, town)
    tally = rows.tally
    found.rows_in, found.rows_out = tally.rows_in, tally.rows_out
    found.rejected, found.changed = tally.rejected, tally.changed
    found.skipped = tally.template + tally.notes + tally.totals
    found.reasons, found.rejects = tally.reasons, tally.rejects
    return found


def _place(profile: intake.Profile) -> str:
    if profile.place is None:
        return ""
    return profile.place.point or f"{profile.place.latitude}, {profile.place.longitude}"


def _check(
    found: Surveyed,
    profile: intake.Profile,
    recipe: intake.Recipe,
    rows: intake.Rows,
    town: standard.Town | None,
) -> None:
    """Read the rows, against the kind of the standard that the table looks like, if any."""
    columns = columns_of(recipe)
    used = _used(found, rows)
    guesses = standard.guess(columns, profile.name)
    if not guesses or guesses[0].confidence < SURE:
        for _ in used:
            pass
        return
    report = standard.check(guesses[0].kind, columns, used, town)
    found.standard, found.score, found.fixes = report.kind, report.score, dict(report.counts)


def _used(found: Surveyed, rows: intake.Rows) -> Iterator[standard.Row]:
    for row in rows:
        if not row.rejected:
            found.first = found.first or row.values
            yield row.number, row.values


def columns_of(recipe: intake.Recipe) -> list[standard.Column]:
    """Return a recipe's columns as the standard takes them, with the headings of the file."""
    headings = {column.name: column.source for column in recipe.columns}
    return [
        standard.Column(field.name, headings.get(field.name, ""), field.label, field.kind)
        for field in recipe.fields()
    ]
