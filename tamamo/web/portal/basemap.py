"""Borders that the operator adds to the offline base map (`tamamo basemap add FILE`)."""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tamamo.kernel.errors import SetupError

MAX_BYTES = 20 * 1024 * 1024
_NAME = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class Borders:
    """An added file and the credit shown on the map."""

    name: str
    path: Path
    credit: str


def folder(home: Path) -> Path:
    """Return where added files are kept."""
    return home / "basemap"


def added(home: Path) -> list[Borders]:
    """Return the added files, in order of name."""
    return [
        Borders(path.stem, path, _credit(path)) for path in sorted(folder(home).glob("*.geojson"))
    ]


def _credit(path: Path) -> str:
    note = path.with_suffix(".credit.txt")
    return note.read_text(encoding="utf-8").strip() if note.exists() else path.stem


def add(home: Path, file: Path, credit: str) -> Borders:
    """Copy a GeoJSON file of polygons or lines into the home.

    credit: whose data it is, shown on the map. Raises SetupError saying what is wrong with the
    file; nothing is kept then.
    """
    _check(file)
    target = folder(home) / f"{_NAME.sub('-', file.stem)}.geojson"
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".part")
    shutil.copyfile(file, draft)
    target.with_suffix(".credit.txt").write_text(credit + "\n", encoding="utf-8")
    draft.replace(target)
    return Borders(target.stem, target, credit)


def _check(file: Path) -> None:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise SetupError(
                f"{file}: larger than {MAX_BYTES // 1024 // 1024} MB; simplify it first"
            )
        document: Any = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SetupError(f"{file}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise SetupError(f"{file}: not GeoJSON ({error})") from error
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or not features:
        raise SetupError(f"{file}: not a GeoJSON FeatureCollection with features")
    for index, feature in enumerate(features):
        geometry = feature.get("geometry") if isinstance(feature, dict) else None
        kind = geometry.get("type") if isinstance(geometry, dict) else None
        if kind not in ("Polygon", "MultiPolygon", "LineString", "MultiLineString"):
            raise SetupError(f"{file}: feature {index + 1} is {kind}, not a polygon or line")
