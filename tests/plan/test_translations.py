"""Every text of the plan's pages exists in Japanese, and none is left over."""

import ast
import re
from pathlib import Path

import polib
import pytest

from tamamo.plan.loading import PACKAGE

TEMPLATES = sorted(PACKAGE.glob("templates/**/*.html"))
CATALOGUE = polib.pofile(str(PACKAGE / "locale/ja/LC_MESSAGES/django.po"))
_LINE = re.compile(r"""{% translate "([^"]+)" %}""")
_BLOCK = re.compile(r"{% blocktranslate[^%]*%}(.*?)(?:{% plural %}.*?)?{% endblocktranslate %}")


def _texts(template: Path) -> set[str]:
    """Return the message ids of a template, without asking Django, which wants settings."""
    text = template.read_text("utf-8")
    blocks = {re.sub(r"{{ (\w+) }}", r"%(\1)s", block) for block in _BLOCK.findall(text)}
    return set(_LINE.findall(text)) | blocks


def _of_code() -> set[str]:
    """Return the message ids of the package's Python."""
    calls = (
        node
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_" and node.args
    )
    return {str(node.args[0].value) for node in calls if isinstance(node.args[0], ast.Constant)}


def test_the_reading_of_templates_finds_all_kinds() -> None:
    assert {"At a glance", "%(count)s project", "recorded, %(year)s"} <= _texts(
        PACKAGE / "templates/plan/index.html"
    )


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.name)
def test_every_text_of_a_template_is_translated(template: Path) -> None:
    translated = {entry.msgid for entry in CATALOGUE if entry.translated()}
    assert _texts(template) - translated == set()


def test_no_translation_is_left_over() -> None:
    used = _of_code().union(*(_texts(template) for template in TEMPLATES))
    assert {entry.msgid for entry in CATALOGUE} == used
