"""First step of `make demo` and `make test`: find a Python that is new enough and set up with it.

This file must be readable by any Python from 3.6 on, so that an old one can say what is wrong.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
OTHERS = ("python3.13", "python3.12", "python3.11")


def runs(python):  # type: ignore[no-untyped-def]
    """Say whether a Python starts: a version manager's stand-in for one it has not chosen fails."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.call([python, "-c", "import venv"], **quiet) == 0


def main():  # type: ignore[no-untyped-def]
    """Hand over to scripts/install.py, with another Python of this machine where need be."""
    script = str(Path(__file__).resolve().parent / "install.py")
    for python in (sys.executable, *filter(None, map(shutil.which, OTHERS))):
        if sys.version_info >= OLDEST if python == sys.executable else runs(python):
            os.execv(python, [python, script, *sys.argv[1:]])
    have = f"{sys.version_info[0]}.{sys.version_info[1]}"
    sys.stderr.write(
        f"Tamamo needs Python {OLDEST[0]}.{OLDEST[1]} or newer, and this is {have}: install a newer"
        " one (Debian: apt install python3 python3-venv) or name one with make demo PYTHON=...\n"
    )
    sys.exit(1)


if __name__ == "__main__":
    main()
