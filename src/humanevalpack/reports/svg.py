"""The plots as SVG that stands inside the page: its text and lines take the page's colours, light or dark.

Every picture is 440 units wide, so that its text can be read on a phone (where a unit is about 0.8 pixels).
"""

import math
from collections.abc import Sequence
from html import escape

from humanevalpack.reports.colours import other_statuses, status_colour
from humanevalpack.reports.plots import Bar, Bars, Curves, HeatMap, Plot, Stacks
from humanevalpack.reports.score_rows import percent

WIDTH = 440
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_NUMBER_ROOM = 48  # right of a bar chart: room for "100.0" behind a full bar


def svg(plot: Plot) -> str:
    """Return a plot as an ``<svg>`` element; every text in it is escaped."""
    match plot:
        case Bars():
            height, parts = _bars(plot)
        case HeatMap():
            height, parts = _heat_map(plot)
        case Curves():
            height, parts = _curves(plot)
        case Stacks():
            height, parts = _stacks(plot)
    body = "\n".join(parts)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(plot.title)}" '
        f'data-plot="{escape(plot.name)}">\n{body}\n</svg>'
    )


def _bars(plot: Bars) -> tuple[float, list[str]]:
    labels = list(dict.fromkeys(bar.label for bar in plot.bars))
    left = _room(labels)
    scale = WIDTH - left - _NUMBER_ROOM
    thick, y = (16.0 if len({bar.series for bar in plot.bars}) == 1 else 12.0), 8.0
    rows: list[str] = []
    for label in labels:
        own = [bar for bar in plot.bars if bar.label == label]
        rows.append(_text(left - 8, y + len(own) * (thick + 3) / 2 + 3, label, "end"))
        for bar in own:
            rows += _bar(bar, left, y, scale, thick)
            y += thick + 3
        y += 9
    return y + 18, [*_grid(left, scale, y), *rows]


def _bar(bar: Bar, left: float, y: float, scale: float, thick: float) -> list[str]:
    middle, low, high = y + thick / 2, left + bar.low * scale, left + bar.high * scale
    said = f"{bar.label}: {percent(bar.value)} ({100 * bar.low:.1f} to {100 * bar.high:.1f})"
    # Over the bar and beyond it: the halo keeps it visible on every ground.
    whisker = f"M{low:.1f} {middle:.1f}H{high:.1f}M{low:.1f} {middle - 3:.1f}v6M{high:.1f} {middle - 3:.1f}v6"
    parts = [
        f'<g><title>{escape(said)}</title><rect x="{left:.1f}" y="{y:.1f}" width="{max(bar.value * scale, 1):.1f}" '
        f'height="{thick:.1f}" rx="2" class="fill s{bar.series % 6}"/>',
        f'<path d="{whisker}" class="halo"/><path d="{whisker}" class="whisker"/>',
    ]
    if bar.mark is not None:
        parts.append(f'<circle cx="{left + bar.mark * scale:.1f}" cy="{middle:.1f}" r="4.5" class="mark"/>')
    parts.append(_text(WIDTH - 2, middle + 4.5, percent(bar.value), "end", "number") + "</g>")
    return parts


def _grid(left: float, scale: float, bottom: float) -> list[str]:
    lines = [f'<path d="M{left + tick * scale:.1f} 4V{bottom:.1f}" class="grid"/>' for tick in _TICKS]
    return [
        *lines,
        *(_text(left + tick * scale, bottom + 14, f"{100 * tick:.0f}", "middle", "tick") for tick in _TICKS),
    ]


def _heat_map(plot: HeatMap) -> tuple[float, list[str]]:
    left, top, tall = _room(plot.rows), 24.0, 34.0
    wide = (WIDTH - left) / max(len(plot.columns), 1)
    parts = [
        _text(left + (place + 0.5) * wide, 16, column, "middle", "tick") for place, column in enumerate(plot.columns)
    ]
    for line, (label, values) in enumerate(zip(plot.rows, plot.values, strict=True)):
        y = top + line * tall
        parts.append(_text(left - 8, y + tall / 2 + 5, label, "end"))
        for place, value in enumerate(values):
            x = left + place * wide
            if value is None:
                parts.append(_text(x + wide / 2, y + tall / 2 + 5, "–", "middle", "tick"))
                continue
            said = f"{label}, {plot.columns[place]}: {percent(value)}"
            parts.append(
                f'<g><title>{escape(said)}</title><rect x="{x + 1:.1f}" y="{y + 1:.1f}" '
                f'width="{wide - 2:.1f}" height="{tall - 2:.1f}" '
                f'rx="3" class="heat" fill-opacity="{0.06 + 0.94 * value:.3f}"/>'
                + _text(
                    x + wide / 2, y + tall / 2 + 5, percent(value), "middle", "onheat" if value > 0.85 else "number"
                )
                + "</g>"
            )
    return top + tall * len(plot.rows) + 4, parts


def _curves(plot: Curves) -> tuple[float, list[str]]:
    left, top, width, tall = 34.0, 8.0, WIDTH - 34.0 - 12, 190.0
    ks = sorted({k for line in plot.lines for k, *_ in line.points})
    reach = math.log(ks[-1]) or 1.0

    def place(k: int, value: float) -> str:
        return f"{left + math.log(k) / reach * width:.1f} {top + (1 - value) * tall:.1f}"

    parts = []
    for tick in _TICKS:
        y = top + (1 - tick) * tall
        parts.append(f'<path d="M{left} {y:.1f}H{left + width:.1f}" class="grid"/>')
        parts.append(_text(left - 6, y + 4, f"{100 * tick:.0f}", "end", "tick"))
    parts += [_text(left + math.log(k) / reach * width, top + tall + 16, f"{k}", "middle", "tick") for k in ks]
    parts.append(_text(left + width / 2, top + tall + 34, "k", "middle", "tick"))
    for drawn in plot.lines:
        series, points = drawn.series, drawn.points
        band = [place(k, high) for k, _, _, high in points] + [place(k, low) for k, _, low, _ in reversed(points)]
        line = [place(k, value) for k, value, _, _ in points]
        parts.append(f'<path d="M{"L".join(band)}Z" class="band s{series % 6}"/>')
        parts.append(f'<path d="M{"L".join(line)}" class="line s{series % 6}"/>')
        for k, value, low, high in points:
            at, _, height = place(k, value).partition(" ")
            said = f"{drawn.label}, pass@{k}: {percent(value)} ({100 * low:.1f} to {100 * high:.1f})"
            spot = f'cx="{at}" cy="{height}" r="3.5" class="fill s{series % 6}"'
            parts.append(f"<circle {spot}><title>{escape(said)}</title></circle>")
    return top + tall + 42, parts


def _stacks(plot: Stacks) -> tuple[float, list[str]]:
    left, thick, y = _room([label for label, _ in plot.bars]), 16.0, 8.0
    scale, others = WIDTH - left - 16.0, other_statuses(tuple(plot.statuses))
    rows: list[str] = []
    for label, counts in plot.bars:
        rows.append(_text(left - 8, y + thick / 2 + 4.5, label, "end"))
        x, total = left, sum(counts.values())
        for status, count in counts.items():
            wide = count / total * scale
            said = f"{label}: {count} of {total} {status.replace('_', ' ')}"
            rows.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(wide - 1, 0.6):.1f}" height="{thick:.1f}" '
                f'fill="{status_colour(status, others)}"><title>{escape(said)}</title></rect>'
            )
            x += wide
        y += thick + 6
    return y + 18, [*_grid(left, scale, y), *rows]


def _room(labels: Sequence[str]) -> float:
    """Return how much room labels need left of a plot (the font is not known: about 7 units a character)."""
    return min(max((len(label) for label in labels), default=0) * 6.9 + 14, WIDTH * 0.45)


def _text(x: float, y: float, text: str, anchor: str, kind: str = "label") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(text)}</text>'
