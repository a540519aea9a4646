"""From what was found to what is done: the recipe of an unattended import, and what is wrong."""

import re
from collections import Counter
from typing import Final

from tamamo.registers.intake.kinds import NAMES, bad_of
from tamamo.registers.intake.model import (
    KINDS,
    ColumnGuess,
    Finding,
    Profile,
    Recipe,
    RecipeColumn,
)

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")


def settle(profile: Profile) -> Recipe:
    """Return the recipe of what was found, with nothing corrected."""
    times: Counter[str] = Counter()
    columns: list[RecipeColumn] = []
    for guess in profile.columns:
        times[guess.source] += 1
        columns.append(_column(guess, times[guess.source]))
    shown = [sheet.name for sheet in profile.sheets if not sheet.hidden]
    return Recipe(
        columns=columns,
        key=list(profile.key.columns) if profile.key else [],
        # The first sheet is found again; another one had to be told.
        sheet=None if not profile.sheet or profile.sheet in shown[:1] else profile.sheet,
        header_rows=None if profile.header_rows else [],
        area=profile.area,
        rows=profile.rows,
    )


def _column(guess: ColumnGuess, occurrence: int) -> RecipeColumn:
    return RecipeColumn(
        source=guess.source,
        name=guess.name,
        label=guess.label,
        kind=guess.kind,
        occurrence=occurrence,
        position=guess.position,
        unit=guess.unit,
        unit_code=guess.unit_code,
        format=guess.format,
        use=guess.use,
        bad=bad_of(guess.kind),
        found=guess.kind if guess.filled else "",
    )


def check(recipe: Recipe, profile: Profile | None = None) -> list[Finding]:
    """Return what is wrong with a mapping; an empty list where nothing is.

    With the profile of a file it is also said which columns would lose half of their values.
    """
    used = [column for column in recipe.columns if column.use]
    if not used:
        return [_wrong("no_column", "", "使う列がありません", "no column is used")]
    found = [*_names(used), *_places(used), *_key(recipe, used)]
    if profile is not None:
        found += _losses(used, profile)
    return found


def _wrong(code: str, column: str, ja: str, en: str, sample: str = "") -> Finding:
    return Finding(code, column, ja, en, sample)


def _names(used: list[RecipeColumn]) -> list[Finding]:
    found: list[Finding] = []
    times = Counter(column.name.casefold() for column in used)
    for column in used:
        if not _NAME.fullmatch(column.name):
            ja = f"列名「{column.name}」は英字で始まる半角英数字と _ にしてください"
            en = f"the name {column.name!r} must be letters, digits and _, a letter first"
            found.append(_wrong("bad_name", column.name, ja, en))
        elif times[column.name.casefold()] > 1:
            ja, en = f"列名「{column.name}」が重複しています", f"{column.name!r} is there twice"
            found.append(_wrong("double_name", column.name, ja, en))
        if column.kind not in KINDS:
            ja, en = f"種類「{column.kind}」はありません", f"there is no kind {column.kind!r}"
            found.append(_wrong("bad_kind", column.name, ja, en))
        if not column.label.strip():
            found.append(_wrong("no_label", column.name, "表示名がありません", "it has no label"))
    return found


def _places(used: list[RecipeColumn]) -> list[Finding]:
    found: list[Finding] = []
    latitudes = [column for column in used if column.kind == "latitude"]
    longitudes = [column for column in used if column.kind == "longitude"]
    for one, other, ja, en in (
        (latitudes, longitudes, "経度", "longitude"),
        (longitudes, latitudes, "緯度", "latitude"),
    ):
        if one and not other:
            text = f"{ja}の列がありません", f"there is no column of the {en}"
            found.append(_wrong("half_place", one[0].name, *text))
        for again in one[1:]:
            text = f"「{again.label}」のほかにも同じ座標の列があります", "the coordinate is twice"
            found.append(_wrong("double_place", again.name, *text))
    return found


def _key(recipe: Recipe, used: list[RecipeColumn]) -> list[Finding]:
    names = {column.name for column in used if column.kind != "point"}
    return [
        _wrong(
            "key_not_used",
            name,
            f"キー「{name}」は使う列ではありません",
            f"the key {name!r} is no column that is used",
        )
        for name in recipe.key
        if name not in names
    ]


def _losses(used: list[RecipeColumn], profile: Profile) -> list[Finding]:
    """Return the columns whose kind fits under half of their values."""
    guesses = {(guess.source, guess.position): guess for guess in profile.columns}
    found: list[Finding] = []
    for column in used:
        guess = guesses.get((column.source, column.position))
        if guess is None or column.kind == "text" or column.bad == "keep" or not guess.filled:
            continue
        fits = guess.fits.get(column.kind, 0)
        if column.format == "serial":
            fits = max(guess.fits.get("date", 0), guess.fits.get("integer", 0))
        if fits * 2 < guess.filled:
            ja, en = NAMES[column.kind]
            lost = guess.filled - fits
            text = (
                f"「{column.label}」を{ja}にすると、{guess.filled}件中{lost}件が使えません",
                f"as {en}, {lost} of {guess.filled} values of {column.label!r} would be lost",
            )
            sample = guess.samples[0] if guess.samples else ""
            found.append(_wrong("drops_half", column.name, *text, sample))
    return found
