"""Rules that come with the platform: `rules.toml` of the project folders."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from tamamo.kernel.errors import SetupError
from tamamo.rules.errors import Fault
from tamamo.rules.rule import Document, Rule, build


@dataclass(frozen=True, slots=True)
class FileFault:
    """A fault and the file it is in."""

    file: Path
    rule: str
    fault: Fault

    def line(self) -> str:
        """Return it as one line of the terminal."""
        return f"{self.file}: {self.rule or '?'}: {self.fault.line()}"


def declared_files(package: Path | None = None) -> Iterator[Path]:
    """Yield the rules.toml of all project folders."""
    package = package or Path(str(files("tamamo")))
    yield from sorted((package / "projects").glob("*/rules.toml"))


def documents(paths: Iterable[Path]) -> Iterator[tuple[Path, Any]]:
    """Yield the declarations of files, not looked at yet. Raises SetupError on broken TOML."""
    for path in paths:
        try:
            content = tomllib.loads(path.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise SetupError(f"{path}: {error}") from error
        for document in content.get("rule", []):
            yield path, document


def faults_of_files(paths: Iterable[Path]) -> list[FileFault]:
    """Return what is wrong with declarations, an id used twice included."""
    from tamamo.rules.check import faults_of  # noqa: PLC0415 (its libraries are not small)

    found: list[FileFault] = []
    seen: dict[str, Path] = {}
    for path, document in documents(paths):
        name = document.get("id", "") if isinstance(document, dict) else ""
        found += [FileFault(path, str(name), fault) for fault in faults_of(document)]
        if name in seen:
            ja, en = (
                f"この id は {seen[name]} にもあります。",
                f"This id stands in {seen[name]} too.",
            )
            found.append(FileFault(path, name, Fault("id", ja, en)))
        seen[name] = path
    return found


@cache
def shipped() -> Mapping[str, Rule]:
    """Return the rules of the project folders by id. `tamamo rules check` proves them."""
    rules: dict[str, Rule] = {}
    for path, document in documents(declared_files()):
        try:
            rules[document["id"]] = build(document)
        except (KeyError, TypeError, ValueError) as error:
            raise SetupError(f"{path}: {document.get('id', '?')}: {error!r}") from error
    return rules


def document_of(rule_id: str) -> Document | None:
    """Return the declaration of a shipped rule, None where there is none."""
    rule = shipped().get(rule_id)
    return None if rule is None else rule.document
