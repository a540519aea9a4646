"""The scripts there are: files of the projects, `projects/<project>/drills/<name>.toml`."""

from functools import cache
from pathlib import Path

from tamamo.drills.script import Script, read

_PROJECTS = Path(__file__).resolve().parent.parent / "projects"


@cache
def scripts() -> dict[str, Script]:
    """Return name → script, of all projects. Raises InvalidScript for a file that is wrong."""
    files = sorted(_PROJECTS.glob("*/drills/*.toml"))
    return {path.stem: read(path.read_bytes(), path.stem) for path in files}


def find(name: str) -> Script | None:
    """Return the script of a name, None where there is none (any more)."""
    return scripts().get(name) if name else None
