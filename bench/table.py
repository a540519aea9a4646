"""The rows of the table and how they are printed."""

import contextlib
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import load


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. better: "low" or "high"; target None where it is only for information.

    of_route, of_sql: the rate as a share of a bare route's in the same process, and of the bare
    statement's on the same database. cpu: microseconds of processor time each, of the server and
    its database. other: what another broker did.
    """

    name: str
    value: float
    unit: str
    target: float | None = None
    better: str = "low"
    of_route: float | None = None
    of_sql: float | None = None
    cpu: float | None = None
    other: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.target is None:
            return None
        return self.value <= self.target if self.better == "low" else self.value >= self.target

    @property
    def times(self) -> float | None:
        """How many times as fast (or as small) we are as the other broker."""
        if self.other is None or not self.value or not self.other:
            return None
        return self.other / self.value if self.better == "low" else self.value / self.other


def markdown(rows: Sequence[Row], *, compared: bool) -> str:
    """Return the table, ready to be pasted; compared: with the columns of another broker."""
    columns: list[tuple[str, Callable[[Row], str]]] = [
        ("measure", lambda row: row.name),
        ("target", _target),
        ("median", lambda row: _number(row.value, row.unit)),
        ("met", lambda row: {True: "yes", False: "**no**", None: ""}[row.met]),
        ("of bare route", lambda row: _ratio(row.of_route)),
        ("of bare SQL", lambda row: _ratio(row.of_sql)),
        ("processor time", lambda row: "" if row.cpu is None else f"{row.cpu:,.0f} µs"),
    ]
    if compared:
        columns += [
            ("the other", lambda row: "" if row.other is None else _number(row.other, row.unit)),
            ("times", lambda row: "" if row.times is None else f"{row.times:.2f}"),
        ]
    lines = [" | ".join(title for title, _ in columns), "|".join("---" for _ in columns)]
    lines += [" | ".join(show(row) for _, show in columns) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def _target(row: Row) -> str:
    if row.target is None:
        return ""
    return f"{'≤' if row.better == 'low' else '≥'} {_number(row.target, row.unit)}"


def _number(value: float, unit: str) -> str:
    digits = 0 if abs(value) >= 100 or value == int(value) else 2
    return f"{value:,.{digits}f}{'' if unit.startswith('/') else ' '}{unit}".strip()


def _ratio(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}"


def machine() -> dict[str, str]:
    """Return what the figures were measured on."""
    processor = "unknown"
    with contextlib.suppress(OSError):
        found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
        processor = found[1] if found else processor
    return {
        "processor": processor,
        "cores": str(len(os.sched_getaffinity(0))),
        "load average before": f"{os.getloadavg()[0]:.1f}",
        "load made by": load.tool(),
    }
