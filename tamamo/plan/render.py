"""What is written from the manifests: a block of each README.md, and docs/projects.md.

README.md = a title, the block between the two marks, then whatever people write. Only the block is
replaced.
"""

from pathlib import Path

from tamamo.plan.catalog import Plan, fiscal_year, plan_number
from tamamo.plan.loading import PACKAGE, Fault, Folder
from tamamo.plan.model import Report
from tamamo.plan.present import FigureRow, TableView, figure_rows, table_view

BEGIN = "<!-- begin: written by `tamamo project check --write` from the .toml files here -->"
END = "<!-- end -->"
OVERVIEW = PACKAGE.parents[1] / "docs" / "projects.md"
_LANGUAGES = ("ja", "en")


def readme(plan: Plan, folder: Folder, before: str = "") -> str:
    """Return the folder's README.md; what stands outside the marks in before is kept."""
    name = folder.manifest.name
    head, _, rest = before.partition(BEGIN)
    _, ended, tail = rest.partition(END)
    head = head if ended else f"# {name.ja} / {name.en}\n\n"
    tail = tail if ended else "\n"
    blocks = "\n".join(_block(plan, folder, language) for language in _LANGUAGES)
    return f"{head}{BEGIN}\n{blocks}{END}{tail}"


def _block(plan: Plan, folder: Folder, language: str) -> str:
    manifest = folder.manifest
    word = {name: text.pick(language) for name, text in plan.words["doc"].items()}
    today = manifest.today.pick(language) if manifest.today else word["nothing_yet"]
    lines = [
        f"**{plan_number(manifest.plan)} {manifest.name.pick(language)}** · "
        f"{plan.division(manifest.owner).pick(language)}",
        f"## {word['purpose']}",
        manifest.purpose.pick(language),
        f"## {word['today']}",
        today,
    ]
    for report in reversed(folder.record.report):
        lines += _report(plan, report, language)
    if rows := figure_rows(plan, folder, language):
        lines += [f"### {word['figures']}", _figures(rows, word)]
        lines += [f"{row.name}: {row.note}" for row in rows if row.note]
    for table in folder.figures.table if folder.figures else []:
        view = table_view(plan, table, language)
        lines += [f"### {view.name} ({view.year})", _table(view), view.note]
    return "\n\n".join(line for line in lines if line) + "\n"


def _report(plan: Plan, report: Report, language: str) -> list[str]:
    quote = "「{}」" if language == "ja" else '"{}"'
    state = plan.word("state", report.state).pick(language)
    words = quote.format(report.words.pick(language))
    title = plan.word("doc", "recorded").pick(language)
    lines = [f"## {title}: {fiscal_year(report.year).pick(language)}", f"**{state}** — {words}"]
    for passage in report.passage:
        text: str = getattr(passage, language)
        lines.append(f"{plan.word('part', passage.part).pick(language)}:")
        lines.append("\n".join(f"> {line}".rstrip() for line in text.splitlines()))
    return lines


def _figures(rows: list[FigureRow], word: dict[str, str]) -> str:
    heads = [word[name] for name in ("indicator", "value", "year", "target", "judged")]
    cells = [[row.name, row.value, row.year, _with_year(row), _judged(row)] for row in rows]
    return _markdown(heads, [False, True, False, True, False], cells)


def _with_year(row: FigureRow) -> str:
    if row.target and row.target_year:
        return f"{row.target} [{row.target_year}]"
    return row.target or "—"


def _judged(row: FigureRow) -> str:
    return f"{row.outcome_word} ({row.ratio})" if row.ratio else row.outcome_word


def _table(view: TableView) -> str:
    rows = [*view.rows, view.totals] if view.totals else view.rows
    return _markdown(view.heads, view.numeric, rows)


def _markdown(heads: list[str], numeric: list[bool], rows: list[list[str]]) -> str:
    rule = ["--:" if is_number else "---" for is_number in numeric]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [heads, rule, *rows])


def overview(plan: Plan) -> str:
    """Return docs/projects.md: all projects by chapter and section, and the quality rules."""
    done = sum(mark == "done" for f in plan.folders for mark in f.manifest.quality.values())
    lines = [
        "# The projects",
        "Written by `tamamo project check --write` from `tamamo/projects/*/project.toml`, "
        "`record.toml` and `kpi.toml`: change those, not this page. "
        "`tamamo project find WORD` answers where something is.",
        f"{plan.outline.title.ja} / {plan.outline.title.en}. {plan.outline.period.en}. "
        f"{len(plan.folders)} projects; {done} quality marks are done.",
        "State and figures are what the report recorded, not what Tamamo computed; whether a "
        "target is met is computed from them. The report names no division for most projects: "
        "owner is the division we take to be in charge, by its name in April 2026. today: whether "
        "Tamamo has anything for the project yet; its README says what.",
    ]
    for chapter, number, section, place, folders in plan.sections():
        if place == 1:
            lines.append(f"## {number} {chapter.name.ja} / {chapter.name.en}")
        lines.append(f"### ({place}) {section.name.ja} / {section.name.en}")
        lines.append(_overview_table(plan, folders))
    lines += [
        "## Quality rules",
        "Each `project.toml` marks each rule. A mark is done only when "
        "it is true; where the table names evidence, `tamamo project check` insists on it.",
        _rules(plan),
    ]
    return "\n\n".join(lines) + "\n"


def _overview_table(plan: Plan, folders: list[Folder]) -> str:
    heads = [
        "no.",
        "project",
        "folder",
        "owner",
        "state in the report",
        "figures",
        "today",
        "quality",
    ]
    rows = []
    for folder in folders:
        manifest = folder.manifest
        figures = [f"{row.value}: {row.outcome_word}" for row in figure_rows(plan, folder, "en")]
        marks = list(manifest.quality.values())
        asked = sum(isinstance(mark, str) for mark in marks)
        rows.append(
            [
                plan_number(manifest.plan),
                f"{manifest.name.ja}<br>{manifest.name.en}",
                f"[{manifest.id}](../tamamo/projects/{manifest.id}/README.md)",
                manifest.owner,
                plan.word("state", folder.record.report[-1].state).en,
                "<br>".join(figures) or "—",
                "a beginning" if manifest.today else "—",
                f"{marks.count('done')} of {asked}",
            ]
        )
    return _markdown(heads, [False] * 8, rows)


def _rules(plan: Plan) -> str:
    rows = [
        [
            f"`{rule.id}`",
            f"{rule.name.ja}: {rule.meaning.ja}<br>{rule.name.en}: {rule.meaning.en}",
            f"`{rule.evidence}`" if rule.evidence else "—",
        ]
        for rule in plan.outline.rule
    ]
    return _markdown(["rule", "done means", "evidence in the folder"], [False] * 3, rows)


def stale(plan: Plan, page: Path = OVERVIEW, write: bool = False) -> list[Fault]:
    """Return a fault for each generated text that is out of date; with write, bring it up to date.

    page is left alone when its folder does not exist: an installed package has no docs.
    """
    faults = []
    wanted = [(folder.path / "README.md", folder) for folder in plan.folders]
    for file, folder in wanted:
        try:
            before = file.read_text("utf-8") if file.exists() else ""
        except UnicodeDecodeError:
            faults.append(Fault(file, "", "not UTF-8 text"))
            continue
        faults += _renew(file, before, readme(plan, folder, before), write)
    if page.parent.is_dir():
        before = page.read_text("utf-8") if page.exists() else ""
        faults += _renew(page, before, overview(plan), write)
    return faults


def _renew(file: Path, before: str, after: str, write: bool) -> list[Fault]:
    if before == after:
        return []
    if write:
        file.write_text(after, "utf-8")
        return []
    return [Fault(file, "", "is out of date: run `tamamo project check --write`")]
