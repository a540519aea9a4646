"""Next month's file against what was settled: what is not as it was, never a silent change."""

from typing import Final

from tamamo.feeds.readers.table import normal
from tamamo.registers.intake.columns import ENOUGH
from tamamo.registers.intake.kinds import NAMES
from tamamo.registers.intake.model import (
    ColumnGuess,
    Difference,
    Profile,
    Recipe,
    RecipeColumn,
)

#: A file with fewer rows than this share of before is held back; with more than twice, said.
_FEWER: Final = 0.5
_MORE: Final = 2.0


def compare(recipe: Recipe, profile: Profile) -> list[Difference]:
    """Return what is different in a file; with nothing blocking it may go through by itself."""
    if recipe.sheet is not None and recipe.sheet not in [one.name for one in profile.sheets]:
        ja, en = f"シート「{recipe.sheet}」がありません", f"there is no sheet {recipe.sheet!r}"
        return [Difference("sheet_missing", ja, en, blocking=True)]
    pairs, new = _matched(recipe, profile)
    used = [(column, guess) for column, guess in pairs if column.use]
    if used and sum(guess is None for _, guess in used) * 2 > len(used):
        ja = "前回の見出しの半分以上が見つかりません"
        en = "more than half of the headings of before are not found"
        return [Difference("header_lost", ja, en, blocking=True)]
    found = _renamed(pairs, new)
    for column, guess in used:
        if guess is None:
            found.append(_missing(column))
        else:
            found += _changed(column, guess)
    found += [_new(guess) for guess in new if guess.use and guess.filled]
    found += _moved(used)
    found += _key(recipe, profile, used)
    found += _rows(recipe, profile)
    return sorted(found, key=lambda one: not one.blocking)


def _matched(
    recipe: Recipe, profile: Profile
) -> tuple[list[tuple[RecipeColumn, ColumnGuess | None]], list[ColumnGuess]]:
    """Return the columns of both that are one, and those that are only in the file."""
    left = list(profile.columns)
    by_name: dict[str, list[ColumnGuess]] = {}
    for there in profile.columns:
        by_name.setdefault(normal(there.source), []).append(there)
    pairs: list[tuple[RecipeColumn, ColumnGuess | None]] = []
    for column in recipe.columns:
        wanted = normal(column.source)
        same = by_name.get(wanted, [])
        guess: ColumnGuess | None = None
        if len(same) >= column.occurrence:
            guess = same[column.occurrence - 1]
        if not wanted:
            guess = next((one for one in left if one.position == column.position), None)
            guess = guess if guess is not None and not guess.source else None
        if guess is not None and guess in left:
            left.remove(guess)
        pairs.append((column, guess))
    return pairs, left


def _renamed(
    pairs: list[tuple[RecipeColumn, ColumnGuess | None]], new: list[ColumnGuess]
) -> list[Difference]:
    """Return the columns that seem to have another heading now: at the same place, of one kind."""
    found = []
    for column, guess in pairs:
        if guess is not None or not column.use:
            continue
        there = next((one for one in new if one.position == column.position), None)
        if there is not None and _takes(column, there):
            ja = f"列「{column.label}」の見出しが「{there.source}」に変わったようです"
            en = f"the column {column.source!r} seems to be called {there.source!r} now"
            found.append(Difference("column_renamed", ja, en, column.name))
    return found


def _missing(column: RecipeColumn) -> Difference:
    ja = f"列「{column.source or column.label}」がありません"
    en = f"the column {column.source or column.name!r} is missing"
    return Difference("column_missing", ja, en, column.name, blocking=True)


def _new(guess: ColumnGuess) -> Difference:
    ja = f"新しい列「{guess.source or guess.label}」があります（取り込みません）"
    en = f"the column {guess.source or guess.name!r} is new: it is not taken"
    return Difference("column_new", ja, en, guess.name, count=guess.filled)


def _takes(column: RecipeColumn, guess: ColumnGuess) -> bool:
    """Say whether a column still holds what its kind needs."""
    if not guess.filled or column.kind in ("text", guess.kind):
        return True
    fits = guess.fits.get(column.kind, 0)
    if column.format == "serial":
        # The numbers of Excel, shown as days or not.
        fits = max(guess.fits.get("date", 0), guess.fits.get("integer", 0))
    return fits >= guess.filled * ENOUGH


def _changed(column: RecipeColumn, guess: ColumnGuess) -> list[Difference]:
    found = []
    if not _takes(column, guess):
        ja, en = NAMES[guess.kind]
        before_ja, before_en = NAMES[column.kind]
        lost = guess.filled - guess.fits.get(column.kind, 0)
        found.append(
            Difference(
                "kind_changed",
                f"列「{column.source}」が{before_ja}ではなく{ja}になっています"
                f"（{guess.filled}件中{lost}件が合いません）",
                f"column {column.source} is now a {en}, it was a {before_en}"
                f" ({lost} of {guess.filled} values do not fit)",
                column.name,
                blocking=True,
                count=lost,
            )
        )
    elif guess.filled and column.kind == "text" and (column.found or guess.kind) != guess.kind:
        ja, en = NAMES[guess.kind]
        before_ja, before_en = NAMES[column.found or "text"]
        found.append(
            Difference(
                "kind_changed",
                f"列「{column.source}」が{before_ja}ではなく{ja}になっています（文字のまま取り込みます）",
                f"column {column.source} is now a {en}, it was a {before_en} (kept as text)",
                column.name,
            )
        )
    elif guess.filled and guess.unit and column.unit and guess.unit != column.unit:
        ja = f"列「{column.source}」の単位が「{column.unit}」から「{guess.unit}」に変わりました"
        en = f"the unit of {column.source} was {column.unit!r} and is {guess.unit!r} now"
        found.append(Difference("unit_changed", ja, en, column.name, blocking=True))
    elif _other_form(column, guess):
        ja = f"列「{column.source}」の書き方が変わりました（{column.format} → {guess.format}）"
        en = f"{column.source} is written in another way ({column.format} → {guess.format})"
        order = {column.format.rstrip("2"), guess.format.rstrip("2")} == {"mdy", "dmy"}
        found.append(Difference("format_changed", ja, en, column.name, blocking=order))
    return found


def _other_form(column: RecipeColumn, guess: ColumnGuess) -> bool:
    forms = {column.format.rstrip("2"), guess.format.rstrip("2")} - {"", "either"}
    return bool(guess.filled) and column.kind == guess.kind and len(forms) > 1


def _moved(used: list[tuple[RecipeColumn, ColumnGuess | None]]) -> list[Difference]:
    order = [guess.position for _, guess in used if guess is not None]
    if order == sorted(order):
        return []
    ja, en = "列の順が変わりました（見出しで読みます）", "the columns have another order"
    return [Difference("column_moved", ja, en)]


def _key(
    recipe: Recipe, profile: Profile, used: list[tuple[RecipeColumn, ColumnGuess | None]]
) -> list[Difference]:
    """Return whether the key is still one; of several columns only the rows themselves tell."""
    if len(recipe.key) != 1:
        return []
    guess = next((one for column, one in used if column.name == recipe.key[0]), None)
    if guess is None or guess.filled == guess.distinct == profile.looked_at:
        return []
    lost = profile.looked_at - guess.distinct
    ja = f"キー「{guess.label}」が{lost}行で重複しているか、空です"
    en = f"the key {guess.name!r} repeats itself or is empty in {lost} rows"
    return [Difference("key_not_unique", ja, en, guess.name, blocking=True, count=lost)]


def _rows(recipe: Recipe, profile: Profile) -> list[Difference]:
    if not recipe.rows:
        return []
    numbers = f"{recipe.rows} → {profile.rows}"
    if profile.rows < recipe.rows * _FEWER:
        ja = f"行数が前回の半分より少なくなりました（{numbers}）"
        en = f"there are fewer than half as many rows as before ({numbers})"
        return [Difference("fewer_rows", ja, en, blocking=True, count=profile.rows)]
    if profile.rows > recipe.rows * _MORE:
        ja = f"行数が前回の2倍を超えました（{numbers}）"
        en = f"there are more than twice as many rows as before ({numbers})"
        return [Difference("more_rows", ja, en, count=profile.rows)]
    return []
