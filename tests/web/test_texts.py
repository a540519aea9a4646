"""No untranslated text: every msgid of the web faces has its Japanese, and pages show no keys."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polib
import pytest
from django.test import AsyncClient
from django.utils.translation.template import templatize

from tamamo.web.messages import catalogues
from tests.web.city_data import MemorySource, gauge

WEB = Path(__file__).resolve().parents[2] / "tamamo" / "web"
CATALOGUE = [entry for path in catalogues(WEB) for entry in polib.pofile(str(path))]
CALLS = {"_": 0, "gettext": 0, "gettext_lazy": 0, "ngettext": 0, "pgettext": 1}
KANA = re.compile(r"[ぁ-ゖァ-ヺ]")
Text = tuple[str | None, str]


def _of_code(source: str) -> Iterator[Text]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
            constants = [a.value for a in node.args if isinstance(a, ast.Constant)]
            place = CALLS[node.func.id]
            if len(constants) > place and isinstance(constants[place], str):
                yield (str(constants[0]) if place else None), constants[place]


def _of_template(source: str) -> Iterator[Text]:
    quoted = r"u?('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
    for found in re.finditer(rf"\bn?gettext\({quoted}", templatize(source, origin="")):
        yield None, ast.literal_eval(found[1])


def _used() -> set[Text]:
    texts = {text for path in WEB.rglob("*.py") for text in _of_code(path.read_text())}
    return texts | {t for path in WEB.rglob("*.html") for t in _of_template(path.read_text())}


def test_every_text_has_its_japanese() -> None:
    known = {
        (entry.msgctxt, entry.msgid)
        for entry in CATALOGUE
        if (entry.msgstr or all(entry.msgstr_plural.values())) and not entry.fuzzy
    }
    assert _used() - known == set()


def test_no_translation_is_left_over() -> None:
    assert {(entry.msgctxt, entry.msgid) for entry in CATALOGUE} - _used() == set()


def test_one_text_has_one_translation() -> None:
    """All catalogues are merged into one: the last one read would speak for the others."""
    said: dict[Text, set[str]] = {}
    for path in catalogues(WEB.parent):
        for entry in polib.pofile(str(path)):
            said.setdefault((entry.msgctxt, entry.msgid), set()).add(entry.msgstr)
    assert {text: found for text, found in said.items() if len(found) > 1} == {}


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.msgid[:40])
def test_a_translation_keeps_the_places_to_fill_in(entry: polib.POEntry) -> None:
    pattern = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
    wanted = set(pattern.findall(entry.msgid))
    for text in [entry.msgstr] if entry.msgstr else entry.msgstr_plural.values():
        assert set(pattern.findall(text)) == wanted


@pytest.mark.parametrize(
    "path", ["/en/", "/en/?gauge=1", "/en/gauges/1/", "/en/data/api/", "/en/x/"]
)
async def test_english_pages_are_english_but_for_names(
    client: AsyncClient, source: MemorySource, path: str
) -> None:
    source.items = [gauge("1", "きた大橋", 1.5, datetime.now(UTC))]
    html = (await client.get(path)).content.decode()
    html = re.sub(r'data-\w+="[^"]*"|<title>.*?</title>|<script.*?</script>', "", html, flags=re.S)
    html = re.sub(r'<(\w+)[^>]*lang="ja"[^>]*>.*?</\1>', "", html, flags=re.S)
    html = re.sub(r'<p class="sentence">.*?</p>', "", html, flags=re.S)
    assert KANA.findall(html) == []
