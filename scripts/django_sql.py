"""Write the tables of Django's apps as a migration of the kernel, so that there is one mechanism.

    .venv/bin/python scripts/django_sql.py 0028_accounts

The first file makes every table as the pinned packages have it today, and tells Django that all
their migrations were applied. After an upgrade of a package, or a change of our own models
(`python -m django makemigrations accounts`), the same command with a new number writes only what
came since. tests/accounts/test_tables.py fails when that is due.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tamamo" / "kernel" / "migrations"
Key = tuple[str, str]

#: Not a model: the shared cache of limits and used codes (`createcachetable`).
CACHE = """\
CREATE TABLE "django_cache" ("cache_key" varchar(255) NOT NULL PRIMARY KEY, \
"value" text NOT NULL, "expires" timestamp with time zone NOT NULL);
CREATE INDEX "django_cache_expires" ON "django_cache" ("expires");
"""
HEAD = """\
-- {what}
-- Written by scripts/django_sql.py; the names are Django's.

"""


def main(arguments: list[str]) -> int:
    """Write the file and return an exit code."""
    if len(arguments) != 1 or not re.fullmatch(r"\d{4}_\w+", arguments[0]):
        print(__doc__, file=sys.stderr)
        return 2
    target = FOLDER / f"{arguments[0]}.sql"
    sys.path.insert(0, str(ROOT))
    from tamamo.kernel import embedded  # noqa: PLC0415
    from tamamo.kernel.migrate import migrate  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as home:
        try:
            with embedded.database(Path(home)) as dsn:
                target.unlink(missing_ok=True)
                migrate(dsn)
                _set_up(home, dsn)
                text = _text(listed(FOLDER))
        finally:
            embedded.destroy(Path(home))
    if text is None:
        print("Nothing is missing.")
        return 0
    target.write_text(text, "utf-8")
    print(f"{target.relative_to(ROOT)}: {text.count(';')} statements")
    return 0


def listed(folder: Path) -> set[Key]:
    """Return (app, migration) of all that the kernel's migrations tell Django to be applied."""
    rows = re.compile(r"^ +\('(\w+)', '(\w+)', now\(\)\)[,;]$", re.MULTILINE)
    return {
        (app, name)
        for path in sorted(folder.glob("*.sql"))
        if "INSERT INTO django_migrations" in (text := path.read_text("utf-8"))
        for app, name in rows.findall(text)
    }


def _set_up(home: str, dsn: str) -> None:
    os.environ |= {
        "TAMAMO_HOME": home,
        "DATABASE_URL": dsn,
        "DJANGO_SETTINGS_MODULE": "tamamo.web.settings",
    }
    import django  # noqa: PLC0415

    django.setup()


def _text(known: set[Key]) -> str | None:
    from django.db import connection  # noqa: PLC0415
    from django.db.migrations.loader import MigrationLoader  # noqa: PLC0415

    loader = MigrationLoader(None)
    plan: list[Key] = []
    for leaf in sorted(loader.graph.leaf_nodes()):
        plan += [key for key in loader.graph.forwards_plan(leaf) if key not in plan]
    missing = [key for key in plan if key not in known]
    if not missing:
        return None
    if known:
        what, statements = (
            "What came since to the tables of Django's apps.",
            _since(loader, missing),
        )
    else:
        what, statements = "The tables of Django's apps: accounts, sessions, tokens.", _all(loader)
    body = "".join(f"{statement}\n" for statement in statements)
    rows = ",\n".join(f"    ('{app}', '{name}', now())" for app, name in missing)
    insert = f"\nINSERT INTO django_migrations (app, name, applied) VALUES\n{rows};\n"
    connection.close()
    return HEAD.format(what=what) + body + insert


def _all(loader: Any) -> Iterator[str]:
    """Yield the statements that make every table at the packages' last state."""
    from django.db import connection  # noqa: PLC0415
    from django.db.migrations.recorder import MigrationRecorder  # noqa: PLC0415

    models = [
        model
        for model in loader.project_state().apps.get_models(include_swapped=True)
        if model._meta.managed and not model._meta.proxy and not model._meta.swapped
    ]
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        editor.create_model(MigrationRecorder.Migration)
        for model in sorted(models, key=lambda model: model._meta.db_table):
            editor.create_model(model)
    yield from editor.collected_sql
    yield CACHE.rstrip()


def _since(loader: Any, missing: list[Key]) -> Iterator[str]:
    """Yield the statements of the migrations that are missing."""
    from django.db import connection  # noqa: PLC0415

    for app, name in missing:
        state = loader.project_state((app, name), at_end=False)
        with connection.schema_editor(collect_sql=True, atomic=False) as editor:
            loader.graph.nodes[app, name].apply(state, editor, collect_sql=True)
        yield f"-- {app} {name}"
        yield from editor.collected_sql


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
