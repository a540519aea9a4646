"""Checks that the project folders are whole and true to the report.

Each rule yields `Fault`s: one line each, naming file and field. Reading alone (schema, both
languages) is `loading`'s; here stand the rules that need more than one field or file.
"""

import ast
import re
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

from tamamo.kernel import time
from tamamo.plan.check_figures import check_figures
from tamamo.plan.live import resolved
from tamamo.plan.loading import BadPlan, Fault, Folder
from tamamo.plan.model import Exempt, Outline, Text
from tamamo.publishing.datasets.live.declaration import faults_of_file
from tamamo.registers.catalogue import read_all

#: A file or folder of that name is read by that part, even when no Python imports it.
READ_BY = {
    "feed.py": "feeds",
    "rules.toml": "rules",
    "forms": "cases",
    "cases.toml": "cases",
    "datasets.toml": "publishing",
    "registers": "registers",
    "kpi.toml": "plan",
    "record.toml": "plan",
}
_KANA = re.compile(r"[ぁ-ゖァ-ヺ]")
_NO_FIGURE = "kpi_bound"


def check_folders(folders: list[Folder], outline: Outline) -> list[Fault]:
    """Return every fault of the folders against the outline and against each other."""
    faults: list[Fault] = []
    for folder in folders:
        faults += check_manifest(folder, outline)
        faults += check_record(folder, outline)
        faults += check_parts(folder)
        faults += check_figures(folder, outline)
    faults += check_numbers(folders, outline)
    return faults


def check_manifest(folder: Folder, outline: Outline) -> Iterator[Fault]:
    """Id, owner, languages and quality marks of project.toml."""
    file, manifest = folder.path / "project.toml", folder.manifest
    if manifest.id != folder.path.name:
        yield Fault(file, "id", f'"{manifest.id}" is not the folder\'s name "{folder.path.name}"')
    if manifest.owner not in {division.name.ja for division in outline.division}:
        yield Fault(file, "owner", f'"{manifest.owner}" is not a division of plan/outline.toml')
    yield from _check_owner(file, manifest.owner, outline)
    texts = {"name": manifest.name, "purpose": manifest.purpose}
    if manifest.today:
        texts["today"] = manifest.today
    for rule, mark in manifest.quality.items():
        if isinstance(mark, Exempt):
            texts[f"quality.{rule}.exempt"] = mark.exempt
    for name, text in texts.items():
        yield from check_text(file, name, text)
    yield from _check_quality(folder, file, outline)


def _check_owner(file: Path, owner: str, outline: Outline) -> Iterator[Fault]:
    """A division that is not there (yet, or any more) owns nothing; its successor is named."""
    today = time.now().astimezone(time.JST).date()
    for division in outline.division:
        if division.name.ja != owner:
            continue
        if division.since and division.since > today:
            yield Fault(file, "owner", f'"{owner}" is there from {division.since} on')
        if division.until and division.until < today:
            heir = f": {division.successor} took over" if division.successor else ""
            yield Fault(file, "owner", f'"{owner}" was there until {division.until}{heir}')


def check_text(file: Path, name: str, text: Text) -> Iterator[Fault]:
    """The English must not be Japanese left untranslated."""
    if _KANA.search(text.en):
        yield Fault(file, f"{name}.en", "holds Japanese kana: translate it")
    if text.ja == text.en and any(letter.isalpha() for letter in text.ja):
        yield Fault(file, f"{name}.en", "is the same as ja")


def _check_quality(folder: Folder, file: Path, outline: Outline) -> Iterator[Fault]:
    marks = folder.manifest.quality
    known = {rule.id: rule for rule in outline.rule}
    for name in marks.keys() - known.keys():
        yield Fault(file, f"quality.{name}", "is not a rule of plan/outline.toml")
    for name, rule in known.items():
        if name not in marks:
            yield Fault(file, f"quality.{name}", 'is missing: mark it "done", "todo" or exempt')
        elif marks[name] == "done" and rule.evidence and not any(folder.path.glob(rule.evidence)):
            yield Fault(file, f"quality.{name}", f'"done" needs {rule.evidence} in the folder')
    mark, figures = marks.get(_NO_FIGURE), folder.figures
    if isinstance(mark, Exempt) and figures:
        yield Fault(file, f"quality.{_NO_FIGURE}", "cannot be exempt: kpi.toml has figures")
    for place, indicator in enumerate(figures.indicator if figures else []):
        if indicator.query:
            try:
                resolved(indicator.query)
            except ValueError as error:
                yield Fault(folder.path / "kpi.toml", f"indicator[{place}].query", str(error))
    unbound = [i.id for i in figures.indicator if not i.query] if figures else []
    if mark == "done" and (unbound or not figures):
        missing = ", ".join(unbound) or "kpi.toml"
        yield Fault(file, f"quality.{_NO_FIGURE}", f'"done" needs a query for: {missing}')


def check_numbers(folders: list[Folder], outline: Outline) -> Iterator[Fault]:
    """Every plan number once, every place of every section taken."""
    wanted = {
        f"{c}-{s}-{place}"
        for c, chapter in enumerate(outline.chapter, 1)
        for s, section in enumerate(chapter.section, 1)
        for place in range(1, section.projects + 1)
    }
    taken: dict[str, Folder] = {}
    for folder in folders:
        file, number = folder.path / "project.toml", folder.manifest.plan
        if number in taken:
            other = taken[number].manifest.id
            yield Fault(file, "plan", f'"{number}" is taken by {other}')
        elif number not in wanted:
            yield Fault(file, "plan", f'the plan has no place "{number}"')
        taken.setdefault(number, folder)
    base = folders[0].path.parent if folders else Path()
    for number in sorted(wanted - taken.keys()):
        yield Fault(base, "plan", f'no project has the plan\'s place "{number}"')


def check_record(folder: Folder, outline: Outline) -> Iterator[Fault]:
    """Years, sources and the words that justify the state."""
    file = folder.path / "record.toml"
    reports = folder.record.report
    years = [report.year for report in reports]
    if years != sorted(set(years)):
        yield Fault(file, "report", f"years must rise and be unique, not {years}")
    for index, report in enumerate(reports):
        at = f"report[{index}]"
        if report.source not in {source.id for source in outline.source}:
            yield Fault(file, f"{at}.source", f'"{report.source}" is not in plan/outline.toml')
        for language, words in (("ja", report.words.ja), ("en", report.words.en)):
            if not any(words in getattr(passage, language) for passage in report.passage):
                yield Fault(file, f"{at}.words.{language}", f'"{words}" stands in no passage')
        for place, passage in enumerate(report.passage):
            text = Text(ja=passage.ja, en=passage.en)
            yield from check_text(file, f"{at}.passage[{place}]", text)


def check_parts(folder: Folder) -> Iterator[Fault]:
    """`uses` is what the folder imports and declares; a feed has a recorded payload."""
    file = folder.path / "project.toml"
    try:
        needs, strangers = parts_needed(folder.path)
    except BadPlan as bad:
        yield from bad.faults
        return
    for other in sorted(strangers):
        yield Fault(folder.path, "", f"imports the project {other}: projects never import another")
    listed = set(folder.manifest.uses)
    if missing := sorted(needs - listed):
        yield Fault(file, "uses", f"leaves out {', '.join(missing)}, which the folder needs")
    if spare := sorted(listed - needs):
        yield Fault(file, "uses", f"names {', '.join(spare)}, which the folder does not use")
    _, found = read_all(sorted(folder.path.glob("registers/*.toml")))
    for fault in found:
        yield Fault(fault.file, fault.member, fault.text)
    if (datasets := folder.path / "datasets.toml").exists():
        yield from (Fault(datasets, "", text) for text in faults_of_file(datasets))
    if (folder.path / "feed.py").exists():
        recorded = folder.path / "tests" / "recorded"
        if not recorded.is_dir() or not any(recorded.iterdir()):
            yield Fault(folder.path / "feed.py", "", "needs a recorded payload in tests/recorded/")


def parts_needed(folder: Path) -> tuple[set[str], set[str]]:
    """Return the parts of tamamo a folder needs, and the other projects it imports.

    Raises BadPlan when a module is not Python.
    """
    needs = {part for name, part in READ_BY.items() if (folder / name).exists()}
    strangers: set[str] = set()
    for module in sorted(folder.rglob("*.py")):
        inside = module.relative_to(folder).parts
        if "tests" in inside:
            continue
        package = ".".join(["tamamo.projects", folder.name, *inside[:-1]])
        for name in _imports(module, package):
            top, part, other = (*name.split("."), "", "")[:3]
            if top != "tamamo" or not part:
                continue
            if part != "projects":
                needs.add(part)
            elif other and other != folder.name:
                strangers.add(other)
    return needs, strangers


def _imports(module: Path, package: str) -> Iterator[str]:
    """Yield the full names a module imports; package is what its relative imports start from."""
    try:
        tree = ast.parse(module.read_bytes(), str(module))
    except (SyntaxError, ValueError) as error:
        raise BadPlan([Fault(module, "", f"is not Python: {error}")]) from error
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            try:
                start = resolve_name("." * node.level + (node.module or ""), package)
            except ImportError as error:
                raise BadPlan([Fault(module, "", f"line {node.lineno}: {error}")]) from error
            yield from (f"{start}.{alias.name}" for alias in node.names)
