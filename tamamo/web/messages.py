"""Translations: .mo files made from the .po files when Django starts.

Only .po files are kept in the repository, and a fresh machine has no msgfmt.
"""

import os
from pathlib import Path

import polib
import structlog

logger = structlog.get_logger()


def catalogues(package: Path) -> list[Path]:
    """Return every django.po below a package."""
    return sorted(package.glob("**/locale/*/LC_MESSAGES/django.po"))


def compile_catalogues(package: Path) -> None:
    """Write the .mo beside each .po that is newer; a read-only installation keeps what it has."""
    for source in catalogues(package):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        draft = target.with_name(f"{target.name}.{os.getpid()}")
        try:
            polib.pofile(str(source)).save_as_mofile(str(draft))
            draft.replace(target)
        except OSError as error:
            logger.warning("translations not compiled", catalogue=str(source), reason=str(error))
