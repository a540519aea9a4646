"""What a person should look at in a file, in words."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from tamamo.registers.intake.columns import ENOUGH, MOSTLY, Choice, Column
from tamamo.registers.intake.kinds import NAMES
from tamamo.registers.intake.model import KINDS, ColumnGuess, Doubt, Finding, Level, Row

#: Rows that a doubt names.
ROWS: Final = 20
_LEVELS: Final[dict[str, Level]] = {
    "rejected": "problem", "blanked": "check", "changed": "check", "kept": "check",
}  # fmt: skip
#: Said of values, and no more than information: nothing is lost and nothing changed.
_QUIET: Final = frozenset({"outside_area"})


class Gathered:
    """What is said of rows, put together: of each kind the first rows and how many."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], Finding] = {}
        self._rows: dict[tuple[str, str], list[int]] = {}
        self._counts: dict[tuple[str, str], int] = {}

    def add(self, row: Row) -> None:
        """Take what is said of a row."""
        for finding in row.findings:
            key = (finding.column, finding.code)
            self._first.setdefault(key, finding)
            rows = self._rows.setdefault(key, [])
            if len(rows) < ROWS and row.number not in rows[-1:]:
                rows.append(row.number)
            self._counts[key] = self._counts.get(key, 0) + 1

    def doubts(self) -> dict[str, list[Doubt]]:
        """Return the doubts by the name of their column, "" for rows as a whole."""
        found: dict[str, list[Doubt]] = {}
        for key, first in self._first.items():
            rows, count = self._rows[key], self._counts[key]
            level = "info" if first.code in _QUIET else _LEVELS[first.effect]
            doubt = Doubt(
                first.code, first.ja, first.en, first.column or None, rows[0], rows,
                first.sample, count, level,
            )  # fmt: skip
            found.setdefault(first.column, []).append(doubt)
        return found


def of_column(guess: ColumnGuess, column: Column, choice: Choice) -> list[Doubt]:
    """Return what is doubtful about a column as a whole."""

    def say(  # noqa: PLR0917 - a sentence in two languages, and what it is said of
        code: str,
        ja: str,
        en: str,
        level: Level = "check",
        count: int = 1,
        rows: Sequence[int] = (),
    ) -> Doubt:
        sample = guess.samples[0] if guess.samples else ""
        first = rows[0] if rows else None
        return Doubt(code, ja, en, guess.name, first, list(rows), sample, count, level)

    found: list[Doubt] = []
    for rule in (_heading, _contents, _mixture, _clocks, _form, _numbers, _codes, _places):
        found.extend(rule(guess, column, choice, say))
    return found


_Say = Callable[..., Doubt]


def _heading(_guess: ColumnGuess, column: Column, _: Choice, say: _Say) -> Iterable[Doubt]:
    if not column.source and column.filled:
        yield say(
            "blank_name",
            f"見出しのない列に{column.filled}件の値があります",
            f"values in a column without a heading: {column.filled}",
        )
    if column.source.startswith(("←", "→", "↑", "↓")):
        yield say(
            "template_hint",
            "見出しが記入者向けの説明です（データではないため使いません）",
            "the heading is a hint for whoever fills the form: the column is not used",
            "info",
        )


def _contents(guess: ColumnGuess, column: Column, _: Choice, say: _Say) -> Iterable[Doubt]:
    if not column.filled and column.source:
        yield say("empty_column", "値が一つもない列です", "the column has no values", "info")
    elif column.filled and not column.real:
        yield say(
            "only_marks",
            "「-」など、値なしの記号だけの列です",
            "the column has nothing but marks for no value",
            "info",
        )
    marks = column.filled - column.real
    if marks and column.real and guess.kind not in ("text", "boolean"):
        yield say(
            "missing_marks",
            f"「-」など{marks}件を値なしとして読みます",
            f"marks such as '-' that are taken as no value: {marks}",
            "info",
            marks,
        )


def _mixture(guess: ColumnGuess, column: Column, _: Choice, say: _Say) -> Iterable[Doubt]:
    if guess.kind != "text" or column.real < 3:
        return
    best, most = "text", 0
    for kind in KINDS:
        if kind == "text" or (kind == "code" and "code" not in column.hints):
            continue
        if (fitting := column.fitting(kind, frozenset())) > most:
            best, most = kind, fitting
    if column.real * MOSTLY <= most < column.real * (1 if best == "boolean" else ENOUGH):
        ja, en = NAMES[best]  # type: ignore[index] # KINDS are its keys
        yield say(
            f"mostly_{best}",
            f"{column.real}件中{most}件は{ja}ですが、そうでない値があるため文字として扱います",
            f"{most} of {column.real} values are a {en}, the others not: taken as text",
            "check",
            column.real - most,
            column.misfits(best),  # type: ignore[arg-type] # KINDS are kinds
        )


def _clocks(guess: ColumnGuess, column: Column, _: Choice, say: _Say) -> Iterable[Doubt]:
    wrong = [one for one in column.classes if "no_time" in one.weak]
    if wrong and guess.kind == "text":
        rows = sorted(row for one in wrong for row in column.rows[one])[:ROWS]
        count = sum(column.classes[one] for one in wrong)
        yield say(
            "impossible_time",
            "文章の中に、存在しない時刻があります（78:30 など）",
            "a text has a time that no clock shows (such as 78:30)",
            "check",
            count,
            rows,
        )


def _form(guess: ColumnGuess, column: Column, choice: Choice, say: _Say) -> Iterable[Doubt]:
    if guess.kind == "date" and choice.format == "serial":
        yield say(
            "excel_serial",
            "数をExcelの日付（シリアル値）として読みます",
            "numbers are read as the days that Excel counts",
        )
    if column.early and column.early * 2 > column.real and guess.kind in ("date", "moment"):
        yield say(
            "number_as_date",
            "1930年より前の日付ばかりです。数の列がExcelで日付の表示形式になっていませんか",
            "nearly all dates lie before 1930: a column of numbers formatted as dates?",
            "problem",
            column.early,
        )
    if guess.kind == "date":
        yield from _order(column, choice, say)
    if guess.kind == "year" and "fiscal" in choice.format:
        yield say("fiscal_year", "年度（4月始まり）です", "fiscal years, from April", "info")
    if guess.kind == "moment":
        yield say(
            "zone_assumed",
            "時間帯の指定がない日時を日本時間として読みます",
            "moments without a zone are read as those of Japan",
            "info",
        )
    if guess.kind == "boolean":
        samples = "・".join(guess.samples[:4])
        yield say(
            "yes_or_no",
            f"「{samples}」を有無として読みます。空欄は不明とします",
            f"{samples} is read as yes or no; nothing there means unknown",
        )


def _order(column: Column, choice: Choice, say: _Say) -> Iterable[Doubt]:
    if choice.format.startswith("either"):
        yield say(
            "day_or_month",
            "月と日の順が判別できません（月/日として読みます）",
            "whether the month or the day comes first cannot be told: read as month/day",
            "problem",
        )
    if choice.format.endswith("2"):
        yield say(
            "two_digit_year",
            "西暦の年が2桁です（68以下を2000年代として読みます）",
            "years have two digits: those up to 68 are read as 20xx",
        )
    forms = {form.rstrip("2") for form in column.forms()} - {"", "either"}
    if len(forms) > 1:
        names = ", ".join(sorted(forms))
        yield say(
            "mixed_forms",
            f"日付の書き方が混在しています（{names}）",
            f"dates are written in several ways ({names})",
            "info",
        )


def _numbers(guess: ColumnGuess, column: Column, _: Choice, say: _Say) -> Iterable[Doubt]:
    if guess.kind in ("integer", "number"):
        units = [unit for unit in column.units() if unit]
        if len(units) > 1:
            names = "・".join(sorted(units)[:5])
            yield say(
                "mixed_units",
                f"単位が混在しています（{names}）",
                f"several units stand behind the numbers ({names})",
                "problem",
            )
        wide = sum(count for one, count in column.classes.items() if one.wide)
        if wide:
            yield say(
                "full_width",
                f"全角の数字{wide}件を半角として読みます",
                f"numbers in full-width digits, read as numbers: {wide}",
                "info",
                wide,
            )


def _codes(guess: ColumnGuess, column: Column, choice: Choice, say: _Say) -> Iterable[Doubt]:
    if guess.kind == "code" and choice.format == "municipality":
        short = sum(column.lengths[length] for length in (5,))
        if short:
            yield say(
                "code_without_check",
                "検査数字のない5桁の団体コードです（標準は6桁）",
                "municipality codes of 5 digits, without their check digit",
                "info",
                short,
            )
    if guess.kind == "code" and not choice.format and len(column.lengths) > 1:
        lengths = "・".join(map(str, sorted(column.lengths)[:5]))
        yield say(
            "mixed_lengths",
            f"コードの桁数が混在しています（{lengths}）",
            f"the codes have several lengths ({lengths})",
        )


def _places(_: ColumnGuess, column: Column, choice: Choice, say: _Say) -> Iterable[Doubt]:
    if choice.kind in ("latitude", "longitude") and choice.kind not in column.hints:
        if column.hints & {"latitude", "longitude"}:
            yield say(
                "swapped_columns",
                "緯度と経度の見出しが逆です（値に合わせて読みます）",
                "the headings of latitude and longitude have changed places: the values decide",
                "problem",
            )
        else:
            yield say(
                "unnamed_place",
                "見出しはありませんが、座標と見られる数です",
                "the heading does not say so, but the numbers look like coordinates",
            )
