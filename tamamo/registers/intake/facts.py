"""What a sheet has beside its values, as doubts: merged cells, notes, formulas, hidden parts."""

from tamamo.registers.intake.model import ColumnGuess, Doubt, Level, Profile
from tamamo.registers.intake.source import Source, content_of


def of_sheet(given: Source, found: Profile) -> list[Doubt]:
    """Return the doubts about the parts of a sheet that its values do not show."""
    from tamamo.registers.intake import workbook  # noqa: PLC0415 - 23 MB for workbooks alone

    facts = workbook.facts(content_of(given), found.sheet)
    told: list[Doubt] = []
    if len(found.sheets) > 1:
        names = "、".join(sheet.name for sheet in found.sheets)
        ja = f"シートが{len(found.sheets)}枚あります（{names}）。「{found.sheet}」を読みます"
        en = f"{len(found.sheets)} sheets ({names}): {found.sheet!r} is read"
        told.append(Doubt("several_sheets", ja, en, count=len(found.sheets)))
    merged = [one for one in facts.merged if workbook.spans(one) != (1, 1)]
    if merged:
        ja = f"結合セルが{len(merged)}か所あります（{merged[0]} など。各セルに同じ値を入れます）"
        en = f"merged cells, each part of which gets the value: {len(merged)} ({merged[0]} …)"
        told.append(Doubt("merged_cells", ja, en, count=len(merged), sample=merged[0]))
    for place, text in list(facts.notes.items())[:20]:
        column = _column(found, place[1])
        ja, en = f"セルにメモがあります：{text[:200]}", f"a cell has a note: {text[:200]}"
        told.append(
            Doubt("cell_note", ja, en, column.name if column else None, place[0], [place[0]],
                  text[:80], level="info")
        )  # fmt: skip
    told += _formulas(found, facts.formulas, facts.outward)
    told += _hidden(found, facts.hidden_rows, facts.hidden_columns)
    for position in sorted(facts.percent):
        column = _column(found, position + 1)
        if column is not None and column.kind in ("number", "integer"):
            ja = "Excelで%表示の数です（0.5 は 50% のことです。値はそのまま読みます）"
            en = "shown as percentages: 0.5 means 50%; the values are read as they are"
            told.append(Doubt("percent", ja, en, column.name))
    return told


def _column(found: Profile, place: int) -> ColumnGuess | None:
    return next((one for one in found.columns if one.position == place - 1), None)


def _formulas(found: Profile, count: int, outward: dict[tuple[int, int], str]) -> list[Doubt]:
    told = []
    if count:
        ja = f"数式が{count}個あります（保存された計算結果を読みます。計算はしません）"
        en = f"formulas, never worked out, read as the values saved with them: {count}"
        told.append(Doubt("formulas", ja, en, count=count, level="info"))
    if outward:
        (row, column), text = next(iter(outward.items()))
        ja = f"外部を参照する数式があります（{text[:60]}）。実行せず、保存された値だけを読みます"
        en = f"a formula reaches outside ({text[:60]}): never run, only its saved value is read"
        guess = _column(found, column)
        rows = sorted({place[0] for place in outward})[:20]
        name = guess.name if guess else None
        told.append(
            Doubt("formula_outward", ja, en, name, row, rows, text[:80], len(outward), "problem")
        )
    return told


def _hidden(found: Profile, rows: list[int], columns: list[int]) -> list[Doubt]:
    told = []
    level: Level = "problem"
    inside = [row for row in rows if found.first_row <= row <= found.last_row]
    if inside:
        ja = f"非表示の行が{len(inside)}行あります（公開すると見えるようになります）"
        en = f"hidden rows, which publishing would show: {len(inside)}"
        told.append(
            Doubt("hidden_rows", ja, en, None, inside[0], inside[:20], "", len(inside), level)
        )
    for place in columns:
        column = _column(found, place)
        if column is not None and column.filled:
            ja = "非表示の列です（公開すると見えるようになります）"
            en = "the column is hidden: publishing would show it"
            told.append(Doubt("hidden_column", ja, en, column.name, level=level))
    return told
