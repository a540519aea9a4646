"""One sheet for each class: pages of the console and of the staff load the site's sheet too."""

import re
from collections import defaultdict
from pathlib import Path

import tamamo.web

SHEETS = Path(tamamo.web.__file__).parent / "frontend" / "css"


def test_a_class_is_laid_out_in_one_sheet() -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for sheet in SHEETS.glob("*.css"):
        for name in re.findall(r"^(\.[\w-]+) \{", sheet.read_text("utf-8"), re.MULTILINE):
            found[name].add(sheet.name)
    assert found
    assert {name: sheets for name, sheets in found.items() if len(sheets) > 1} == {}
