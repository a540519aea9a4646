"""A chart as SVG: lines from a common bottom, named at their ends, told apart without colour.

The first line is the town's: thick and whole. The others are dashed, each in its own way.
"""

from collections.abc import Sequence
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


def svg(chart: Chart, language: str) -> str:
    """Return the drawing; values are written at the last point of each line."""
    days = sorted({day for line in chart.lines for day, _ in line.points})
    top = _top([value for line in chart.lines for _, value in line.points])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" font-family="Noto Sans JP, Noto Sans CJK JP, sans-serif" '
        f'font-size="13" fill="#1a1a1a"><title>{escape(chart.title)}</title>'
    ]
    if chart.simulated:
        parts.append(_mark(language))
    parts += _scale(top, chart.unit)
    parts += _days(days, language)
    ends = []
    for index, line in enumerate(chart.lines):
        colour, width, dashes = STYLES[index % len(STYLES)]
        places = [(_x(day, days), _y(value, top)) for day, value in line.points]
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


def _top(values: Sequence[Decimal]) -> Decimal:
    """Return the top of the scale: the next ten above the highest value."""
    highest = max(values, default=Decimal(0))
    return (highest // 10 + 1) * 10


def _x(day: date, days: Sequence[date]) -> float:
    span = (days[-1] - days[0]).days or 1
    return _LEFT + (day - days[0]).days / span * (WIDTH - _LEFT - _RIGHT)


def _y(value: Decimal, top: Decimal) -> float:
    return HEIGHT - _BOTTOM - float(value / top) * (HEIGHT - _TOP - _BOTTOM)


def _scale(top: Decimal, unit: str) -> list[str]:
    parts = []
    step = 10 if top <= 60 else 20
    for value in range(0, int(top) + 1, step):
        y = _y(Decimal(value), top)
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
