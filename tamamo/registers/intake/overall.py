"""What is doubtful about a file as a whole: where its table stands, and its key."""

from collections.abc import Sequence

from tamamo.registers.intake.columns import Column
from tamamo.registers.intake.model import ColumnGuess, Doubt, Level, Profile


def of_file(
    found: Profile, columns: Sequence[Column], totals: list[int], blank_tail: int
) -> list[Doubt]:
    """Return the doubts; totals: rows that look like sums, blank_tail: blank rows at the end."""
    return [
        *_headings(found),
        *_lines(found, totals, blank_tail),
        *_columns(found, columns),
        *_key(found),
    ]


def _say(  # noqa: PLR0917 - a sentence in two languages, and what it is said of
    code: str, ja: str, en: str, level: Level = "check", count: int = 1, rows: Sequence[int] = ()
) -> Doubt:
    first = rows[0] if rows else None
    return Doubt(code, ja, en, row=first, rows=list(rows), count=count, level=level)


def _headings(found: Profile) -> list[Doubt]:
    told = []
    if not found.header_rows:
        ja, en = "見出しの行がありません", "the table has no row of headings"
        told.append(_say("no_header", ja, en, "problem"))
    if len(found.header_rows) > 1:
        ja = "見出しが2行あります（つなげて読みます）"
        en = "the headings have two rows: they are joined"
        told.append(_say("two_headers", ja, en, rows=found.header_rows))
    count = len(found.about) + len(found.notes)
    if count:
        ja = f"表の外に{count}行の情報があります（データとして使いません）"
        en = f"lines beside the table that are no data: {count}"
        told.append(_say("lines_beside", ja, en, "info", count))
    return told


def _lines(found: Profile, totals: list[int], blank_tail: int) -> list[Doubt]:
    told = []
    if found.blank_rows:
        ja = f"表の途中に空行が{found.blank_rows}行あります"
        en = f"blank rows within the table: {found.blank_rows}"
        told.append(_say("blank_rows", ja, en, "info", found.blank_rows))
    if blank_tail:
        ja = f"表の下に空行が{blank_tail}行あります（表の終わりとして扱います）"
        en = f"blank rows below the table, which ends there: {blank_tail}"
        told.append(_say("blank_tail", ja, en, "info", blank_tail))
    if found.template_rows:
        ja = f"番号だけで中身のない行が{found.template_rows}行あります（使いません）"
        en = f"rows with nothing but a number, not used: {found.template_rows}"
        told.append(_say("template_rows", ja, en, "info", found.template_rows))
    if totals:
        ja = "合計と見られる行があります（集計すると二重になります）"
        en = "a row looks like a total: adding up would count twice"
        told.append(_say("total_row", ja, en, count=len(totals), rows=totals))
    if found.looked_at < found.rows:
        ja = f"{found.rows}行のうち{found.looked_at}行から推定しました"
        en = f"guessed from {found.looked_at} of {found.rows} rows"
        told.append(_say("sampled", ja, en, "info", found.looked_at))
    return told


def _columns(found: Profile, columns: Sequence[Column]) -> list[Doubt]:
    told = []
    blank = [one for one in columns if not one.source and not one.filled]
    if blank:
        ja = f"見出しも値もない列が{len(blank)}列あります（使いません）"
        en = f"columns with neither heading nor values, not used: {len(blank)}"
        told.append(_say("blank_columns", ja, en, "info", len(blank)))
    stray = [one for one in found.columns if not one.source and one.filled and not one.use]
    if stray:
        ja = f"見出しのない列に値が少しだけあります（{stray[0].label} など、使いません）"
        en = f"a column without a heading has a few values ({stray[0].name} …): not used"
        told.append(_say("stray_column", ja, en, count=len(stray)))
    return told


def _key(found: Profile) -> list[Doubt]:
    if found.key is not None and found.key.confidence > 0.4:
        return []
    told = []
    near = _near_key(found)
    if near is not None:
        lost = found.looked_at - near.distinct
        ja = f"「{near.label}」は{lost}行で重複しているため、キーにできません"
        en = f"{near.name} is no key: rows that repeat a value of it: {lost}"
        told.append(Doubt("nearly_key", ja, en, near.name, count=lost))
    if found.key is None:
        ja = "行を区別できる列がありません（更新時に同じ行を見分けられません）"
        en = "no column tells the rows apart: changes cannot be told from new rows"
        told.append(Doubt("no_key", ja, en))
    else:
        told.append(Doubt("key_is_order", found.key.ja, found.key.en, found.key.columns[0]))
    return told


def _near_key(found: Profile) -> ColumnGuess | None:
    near = [
        one
        for one in found.columns
        if one.use
        and one.filled == found.looked_at
        and found.looked_at * 0.95 <= one.distinct < found.looked_at
        and one.kind in ("text", "code")
    ]
    near.sort(key=lambda one: (one.kind != "code", -one.distinct))
    return near[0] if near else None
