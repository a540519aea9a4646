"""Write the tables of THIRD-PARTY-NOTICES.md: every package the locks name, with its licence.

    .venv/bin/python scripts/notices.py

Reads requirements.lock (licences from the installed metadata) and package-lock.json. What stands
outside the marks is written by hand and kept.
"""

from __future__ import annotations

import json
import re
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTICES = ROOT / "THIRD-PARTY-NOTICES.md"
BEGIN, END = "<!-- begin: written by scripts/notices.py -->", "<!-- end -->"
#: Licences the packages' metadata leave out or give as a whole text.
KNOWN = {
    "aiomqtt": "BSD-3-Clause",
    "brotlicffi": "MIT",  # on PyPy, in place of brotli
    "colorama": "BSD-3-Clause",  # on Windows, for typer
    "markdown-it-py": "MIT",
    "mdurl": "MIT",
    "cssselect2": "BSD-3-Clause",
    "django-oauth-toolkit": "BSD-3-Clause",
    "google-re2": "BSD-3-Clause",
    "isodate": "BSD-3-Clause",
    "procrastinate": "MIT",
    "pydyf": "BSD-3-Clause",
    "pyld": "BSD-3-Clause",
    "pyphen": "GPL-2.0-or-later OR LGPL-2.1-or-later OR MPL-1.1",
    "segno": "BSD-3-Clause",
    "setuptools": "MIT",
    "sqlparse": "BSD-3-Clause",
    "tinycss2": "BSD-3-Clause",
    "tinyhtml5": "MIT",
    "uvloop": "MIT OR Apache-2.0",
    "weasyprint": "BSD-3-Clause",
    "webencodings": "BSD-3-Clause",
}


def python_packages(lock: str) -> dict[str, str]:
    """Return name → licence of each package in the lock file's text."""
    names = sorted(set(re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==", lock, re.MULTILINE)))
    return {name: KNOWN.get(name) or _licence(name) for name in names}


def _licence(name: str) -> str:
    about = metadata.metadata(name)
    licence = about.get("License-Expression") or about.get("License")
    if not licence or "\n" in licence:
        raise SystemExit(f"{name}: its metadata names no licence; add it to KNOWN in {__file__}")
    return licence


def browser_packages(lock: str) -> dict[str, str]:
    """Return name → licence of each package that goes into the pages' scripts and styles."""
    packages = json.loads(lock)["packages"]
    return {
        path.rpartition("node_modules/")[2]: package["license"]
        for path, package in sorted(packages.items())
        if path and not package.get("dev")
    }


def tables() -> str:
    """Return both tables as Markdown."""
    parts = (
        ("Python packages", python_packages((ROOT / "requirements.lock").read_text("utf-8"))),
        (
            "In the pages' scripts and styles",
            browser_packages((ROOT / "package-lock.json").read_text("utf-8")),
        ),
    )
    text = ""
    for title, packages in parts:
        rows = "".join(f"| {name} | {licence} |\n" for name, licence in packages.items())
        text += f"\n## {title}\n\n| package | licence |\n|---|---|\n{rows}"
    return text


def main() -> None:
    """Renew the tables between the marks."""
    before = NOTICES.read_text("utf-8")
    head, _, rest = before.partition(BEGIN)
    tail = rest.partition(END)[2]
    NOTICES.write_text(f"{head}{BEGIN}\n{tables()}{END}{tail}", "utf-8")


if __name__ == "__main__":
    main()
