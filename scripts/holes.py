"""Are there known holes in what the lock files pin? Asks pip-audit and npm audit.

    .venv/bin/python scripts/holes.py

Where the lists of holes cannot be reached, or do not know our packages, it says clearly that
nothing was checked: silence would look like safety. Exit code 1 only for a hole that is known.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
SECONDS = 60
#: Holes we know of and live with: id → why it does not concern us, and until when.
ACCEPTED: dict[str, str] = {}

PYTHON = [
    "pip-audit",
    "--requirement=requirements-dev.lock",
    "--require-hashes",
    "--disable-pip",
    "--format=json",
    "--progress-spinner=off",
    "--timeout=10",
]
NODE = ["audit", "--json", "--package-lock-only"]


@dataclass
class Result:
    """What one list of holes said. unchecked: why nothing or not everything was looked up."""

    what: str
    checked: int = 0
    holes: list[str] = field(default_factory=list)
    unchecked: str = ""

    def lines(self) -> list[str]:
        """Return what to print."""
        if self.holes:
            return [f"· known holes ({self.what}): FAILED", *(f"    {one}" for one in self.holes)]
        if self.unchecked:
            part = f"; {self.checked} were" if self.checked else ""
            return [f"· known holes ({self.what}): NOT CHECKED: {self.unchecked}{part}"]
        return [f"· known holes ({self.what}): none in {self.checked} packages"]


def read_pip_audit(text: str) -> Result:
    """Return what pip-audit's JSON says. It calls what it could not look up "skipped"."""
    result = Result("Python")
    packages = json.loads(text)["dependencies"]
    skipped = [one for one in packages if "skip_reason" in one]
    for package in packages:
        for hole in package.get("vulns", []):
            known = {hole["id"], *hole.get("aliases", [])}
            if not known & ACCEPTED.keys():
                fixed = ", ".join(hole.get("fix_versions", [])) or "nothing yet"
                result.holes.append(
                    f"{package['name']} {package['version']}: {hole['id']}, mended in {fixed}"
                )
    result.checked = len(packages) - len(skipped)
    if skipped:
        result.unchecked = (
            f"{len(skipped)} of {len(packages)} packages: {skipped[0]['skip_reason']}"
        )
    elif not packages:
        result.unchecked = "no packages were found"
    return result


def read_npm_audit(text: str) -> Result:
    """Return what npm's JSON says."""
    result = Result("npm")
    told: dict[str, Any] = json.loads(text)
    if "vulnerabilities" not in told:
        result.unchecked = str(told.get("message") or told.get("error") or "no answer")
        return result
    result.checked = int(told["metadata"]["dependencies"]["total"])
    for name, package in told["vulnerabilities"].items():
        ids = {str(via["source"]) for via in package["via"] if isinstance(via, dict)}
        if ids and not ids <= ACCEPTED.keys():
            result.holes.append(f"{name} {package['range']}: {package['severity']}, {sorted(ids)}")
    return result


def ask(result: Result, command: list[str], read: Any) -> Result:
    """Run an auditing program within the time, and read what it says."""
    try:
        answer = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=SECONDS
        )
        found: Result = read(answer.stdout)
        return found
    except subprocess.TimeoutExpired:
        result.unchecked = f"no answer within {SECONDS} s"
    except FileNotFoundError as error:
        result.unchecked = f"{error.filename} is not installed"
    except (ValueError, KeyError, TypeError):
        said = (answer.stderr or answer.stdout).strip().splitlines()
        result.unchecked = said[-1] if said else "no answer"
    return result


def results() -> list[Result]:
    """Ask both."""
    sys.path.insert(0, str(ROOT / "scripts"))
    from install import find_node  # noqa: PLC0415 - needs the path

    _, npm = find_node()
    python = [str(BIN / PYTHON[0]), *PYTHON[1:]]
    return [
        ask(Result("Python"), python, read_pip_audit),
        ask(Result("npm"), [*npm, *NODE], read_npm_audit),
    ]


def main() -> int:
    """Print what was found and return an exit code."""
    found = results()
    for result in found:
        print("\n".join(result.lines()), flush=True)
    return 1 if any(result.holes for result in found) else 0


if __name__ == "__main__":
    sys.exit(main())
