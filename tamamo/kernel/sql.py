"""Named SQL blocks: `-- name: x` in a package's queries.sql, so that SQL is read as SQL."""

import re
from functools import cache
from importlib.resources import files
from typing import LiteralString, cast

_NAME = re.compile(r"^-- name: *(\w+) *$", re.MULTILINE)
_PARAMETER = re.compile(r"%\((\w+)\)s")


@cache
def load(package: str, filename: str = "queries.sql") -> dict[str, LiteralString]:
    """Return {name: statement} of a package's file. Raises ValueError on a name used twice."""
    parts = _NAME.split(files(package).joinpath(filename).read_text("utf-8"))
    blocks: dict[str, LiteralString] = {}
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        if name in blocks:
            raise ValueError(f"{package}/{filename}: block {name!r} stands twice")
        # The text is a file of the package, as constant as a literal.
        blocks[name] = cast(LiteralString, text.strip().rstrip(";"))
    return blocks


def numbered(statement: str) -> tuple[bytes, tuple[str, ...]]:
    """Return a statement with $1, $2 … for its named parameters, and their names in that order.

    For psycopg's raw cursors: its others look for the parameters of a long statement each time it
    is executed. Raises ValueError where the statement has any other placeholder.
    """
    names: dict[str, int] = {}
    text = _PARAMETER.sub(
        lambda found: f"${names.setdefault(found.group(1), len(names) + 1)}", statement
    )
    if "%" in text:
        raise ValueError("Only parameters of the form %(name)s can be numbered")
    return text.encode(), tuple(names)
