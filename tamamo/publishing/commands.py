"""`tamamo opendata`: what would come of departments' files, before anybody publishes them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tamamo.publishing.catalogue.commands import harvest

if TYPE_CHECKING:
    from tamamo.publishing.survey import Surveyed


@click.group()
def opendata() -> None:
    """Open data: files looked over, the catalogue."""


opendata.add_command(harvest)


@opendata.command()
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("--area", help="Where the places should be: west,south,east,north in degrees.")
@click.option("--town", "code", default="", help="Code of the town (全国地方公共団体コード).")
@click.option(
    "--format", "form", type=click.Choice(["md", "json"]), default="md", show_default=True
)
@click.option("--lang", type=click.Choice(["ja", "en"]), default="en", show_default=True)
def survey(folder: Path, area: str | None, code: str, form: str, lang: str) -> None:
    """Look over all tables in FOLDER, or one file, as an unattended import would read them.

    Nothing is kept or changed. The table goes to standard output, progress to standard error.
    """
    import msgspec

    from tamamo.publishing import standard
    from tamamo.publishing.survey import Surveyed, files_in
    from tamamo.publishing.survey import survey as look_over

    files = files_in(folder) if folder.is_dir() else [folder]
    town = standard.Town(code) if code else None
    found: list[Surveyed] = []
    for number, one in enumerate(look_over(files, _area(area), town), 1):
        found.append(one)
        came = f"refused: {one.refused}" if one.refused else f"{one.rows_out}/{one.rows_in} rows"
        click.echo(f"[{number}/{len(files)}] {one.file}: {came} ({one.seconds:.1f} s)", err=True)
    if form == "json":
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(found)).decode() + "\n")
    else:
        click.echo(_table(found, lang))


def _area(text: str | None) -> tuple[float, float, float, float] | None:
    if text is None:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise click.BadParameter("four numbers are needed: west,south,east,north") from None
    if not (west < east and south < north):
        raise click.BadParameter("west must be below east, south below north")
    return west, south, east, north


_HEADINGS = {
    "en": ("file", "form", "rows in", "rows out", "rejected", "changed", "skipped", "columns",
           "key", "doubts (problem/check/info)", "standard", "score"),
    "ja": ("ファイル", "形式", "入力行", "採用行", "不採用", "補正あり", "対象外", "列",
           "キー", "疑問点（問題/確認/情報）", "標準データセット", "点数"),
}  # fmt: skip


def _table(found: "list[Surveyed]", lang: str) -> str:
    """Return the table as Markdown, with the sums below."""
    headings = _HEADINGS[lang]
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    lines += ["| " + " | ".join(_cells(one, lang)) + " |" for one in found]
    total = ["", "", *(str(sum(getattr(one, name) for one in found)) for name in _SUMS)]
    total[0] = "計" if lang == "ja" else "sum"
    lines.append("| " + " | ".join([*total, *[""] * (len(headings) - len(total))]) + " |")
    return "\n".join(lines)


_SUMS = ("rows_in", "rows_out", "rejected", "changed", "skipped")


def _cells(one: "Surveyed", lang: str) -> list[str]:
    name = one.file.replace("|", "\\|")
    if one.refused:
        why = one.refused_ja if lang == "ja" else one.refused
        return [name, why, *[""] * (len(_HEADINGS[lang]) - 2)]
    form = one.encoding or one.kind
    if one.header_rows != [1]:
        at = "・".join(map(str, one.header_rows)) or "-"
        form += f"（見出し {at}行目）" if lang == "ja" else f" (heading {at})"
    said = {code: count for code, count in one.reasons.items() if code not in one.rejects}
    levels = "/".join(str(one.levels.get(level, 0)) for level in ("problem", "check", "info"))
    notable = [code for code in one.doubts if code not in _USUAL]
    return [
        name,
        form,
        str(one.rows_in),
        str(one.rows_out),
        _counted(one.rejected, one.rejects),
        _counted(one.changed, said),
        str(one.skipped),
        str(one.columns),
        " + ".join(one.key) or "-",
        levels + (f": {', '.join(notable)}" if notable else ""),
        one.standard or "-",
        "-" if one.score is None else str(one.score),
    ]


def _counted(count: int, codes: dict[str, int]) -> str:
    named = ", ".join(f"{code} {times}" for code, times in codes.items())
    return f"{count} ({named})" if count and named else str(count)


#: Doubts that nearly every file has: counted in the table, not named.
_USUAL = frozenset({"empty_column", "missing_marks", "code_without_check"})
