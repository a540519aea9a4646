"""Signs of units for people. Columns have UN/CEFACT codes (Recommendation 20), as NGSI-LD does."""

from collections.abc import Mapping
from typing import Final

_SIGNS: Final[Mapping[str, str]] = {
    "C62": "", "CEL": "℃", "CMT": "cm", "DD": "°", "GRM": "g", "H67": "mm/h", "HUR": "h",
    "HTZ": "Hz", "KGM": "kg", "KMH": "km/h", "KMK": "km²", "KMT": "km", "KWH": "kWh", "LTR": "L",
    "MIN": "min", "MMT": "mm", "MTK": "m²", "MTQ": "m³", "MTR": "m", "MTS": "m/s", "P1": "%",
    "PAL": "Pa", "A97": "hPa", "SEC": "s", "TNE": "t",
}  # fmt: skip


def sign(unit: str) -> str:
    """Return how a unit is written beside a number; one that is no code, as it is."""
    return _SIGNS.get(unit, unit)
