"""A chart as SVG: lines from a common bottom, named at their ends, told apart without colour.

The first line is the town's: thick and whole. The others are dashed, each in its own way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from html import escape
from typing import Final

from tamamo.plan.report.document import Chart

WIDTH, HEIGHT = 720, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 120, 24, 40
#: Colour, width and dashes of the lines; DADS blue first (contrast over 4.5 on white).
STYLES: Final = (
    ("#0017c1", 3.5, ""),
    ("#1a1a1a", 2, "8 4"),
    ("#00715c", 2, "2 4"),
    ("#8b1d0f", 2, "12 3 2 3"),
    ("#6b2fa0", 2, "5 2"),
    ("#6e4600", 2, "1 3"),
)
_APART = 68  # dates below stand so far apart at least


@dataclass(frozen=True, slots=True)
class _Scale:
    """The heights of a drawing: from bottom to top, both multiples of ten."""

    bottom: Decimal
    top: Decimal

    def y(self, value: Decimal) -> float:
        """Return how far down a value stands."""
        share = float((value - self.bottom) / (self.top - self.bottom))
        return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)


def svg(chart: Chart, language: str) -> str:
    """Return the drawing; values are written at the last point of each line."""
    days = sorted({day for line in chart.lines for day, _ in line.points})
    scale = _scale_of([value for line in chart.lines for _, value in line.points])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" font-family="Noto Sans JP, Noto Sans CJK JP, sans-serif" '
        f'font-size="13" fill="#1a1a1a"><title>{escape(chart.title)}</title>'
    ]
    if chart.simulated:
        parts.append(_mark(language))
    parts += _steps(scale, chart.unit)
    parts += _notes(scale, bool(chart.breaks), language)
    parts += [_break(_x(day, days)) for day in chart.breaks]
    parts += _days(days, language)
    ends = []
    for index, line in enumerate(chart.lines):
        colour, width, dashes = STYLES[index % len(STYLES)]
        places = [(_x(day, days), scale.y(value)) for day, value in line.points]
        if not places:
            continue
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}" '
            f'stroke-dasharray="{dashes}" stroke-linejoin="round"/>'
        )
        ends.append((places[-1], f"{line.name} {line.points[-1][1]:.1f}", colour))
    parts += _names(ends)
    return "".join(parts) + "</svg>"


def _mark(language: str) -> str:
    """Say that nothing of it was observed: a picture is copied without the page around it."""
    said = (
        "模擬データ（実際の値ではありません）" if language == "ja" else "Simulated: invented values"
    )
    return f'<text x="{_LEFT}" y="16" fill="#8b1d0f" font-weight="bold">{said}</text>'


def _scale_of(values: Sequence[Decimal]) -> _Scale:
    """Return the scale: up to the next ten, from zero where the lines can be told apart on it."""
    lowest, highest = min(values, default=Decimal(0)), max(values, default=Decimal(0))
    bottom = lowest // 10 * 10 if lowest > 0 and highest - lowest < lowest / 2 else Decimal(0)
    return _Scale(bottom, (highest // 10 + 1) * 10)


def _x(day: date, days: Sequence[date]) -> float:
    span = (days[-1] - days[0]).days or 1
    return _LEFT + (day - days[0]).days / span * (WIDTH - _LEFT - _RIGHT)


def _break(x: float) -> str:
    return (
        f'<line class="break" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{HEIGHT - _BOTTOM}" '
        'stroke="#666" stroke-width="1" stroke-dasharray="3 3"/>'
    )


def _notes(scale: _Scale, broken: bool, language: str) -> list[str]:
    """Say what a glance at the picture may not tell."""
    said = []
    if scale.bottom:
        ja, en = "縦軸は0から始まりません", "The scale does not begin at zero"
        said.append(ja if language == "ja" else en)
    if broken:
        ja, en = "点線の縦線：数え方が変わる日", "Dashed upright: counted otherwise from that day"
        said.append(ja if language == "ja" else en)
    text = "。".join(said) if language == "ja" else ". ".join(said)
    at = f'x="{WIDTH - _RIGHT}" y="16" text-anchor="end" font-size="12"'
    return [f"<text {at}>{text}</text>"] if said else []


def _steps(scale: _Scale, unit: str) -> list[str]:
    parts = []
    step = 10 if scale.top - scale.bottom <= 60 else 20
    for value in range(int(scale.bottom), int(scale.top) + 1, step):
        y = scale.y(Decimal(value))
        parts.append(
            f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
            'stroke="#949494" stroke-width="1"/>'
            f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value}{escape(unit)}</text>'
        )
    return parts


def _days(days: Sequence[date], language: str) -> list[str]:
    parts, last = [], float("-inf")
    for day in days:
        x = _x(day, days)
        if x - last < _APART:
            continue
        last = x
        text = f"{day.year}/{day.month}" if language == "ja" else f"{day:%b %Y}"
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 14}" text-anchor="middle">{text}</text>')
    return parts


def _names(ends: Sequence[tuple[tuple[float, float], str, str]]) -> list[str]:
    """Write the names at the ends of their lines, apart from each other."""
    parts, last = [], float("-inf")
    for (x, y), text, colour in sorted(ends, key=lambda end: end[0][1]):
        last = max(y + 4, last + 16)
        parts.append(f'<text x="{x + 8:.1f}" y="{last:.1f}" fill="{colour}">{escape(text)}</text>')
    return parts
