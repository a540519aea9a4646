"""Every text of the account pages and mails has its Japanese."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import polib
from django.utils.translation.template import templatize

from tests.conftest import ROOT

HERE = ROOT / "tamamo" / "accounts"
CALLS = {"_", "gettext", "gettext_lazy"}


def of_code(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
            first = node.args[0]
            if isinstance(first, ast.Constant):
                yield str(first.value)


def of_template(path: Path) -> Iterator[str]:
    quoted = r"u?('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
    code = templatize(path.read_text(), origin="")
    for found in re.finditer(rf"\bn?gettext\({quoted}", code):
        yield ast.literal_eval(found[1])


def used() -> set[str]:
    code = [p for p in HERE.rglob("*.py") if "migrations" not in p.parts]
    texts = {text for path in code for text in of_code(path.read_text())}
    pages = [p for p in (HERE / "templates").rglob("*.*") if p.suffix in (".html", ".txt")]
    return texts | {text for path in pages for text in of_template(path)}


def test_every_text_has_its_japanese_and_none_is_left_over() -> None:
    catalogue = polib.pofile(str(HERE / "locale/ja/LC_MESSAGES/django.po"))
    known = {e.msgid for e in catalogue if e.msgstr or all(e.msgstr_plural.values() or [""])}
    assert used() - known == set()
    assert {entry.msgid for entry in catalogue} - used() == set()


def test_a_translation_keeps_the_places_to_fill_in() -> None:
    pattern = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
    for entry in polib.pofile(str(HERE / "locale/ja/LC_MESSAGES/django.po")):
        for text in [entry.msgstr] if entry.msgstr else entry.msgstr_plural.values():
            assert set(pattern.findall(text)) == set(pattern.findall(entry.msgid)), entry.msgid
