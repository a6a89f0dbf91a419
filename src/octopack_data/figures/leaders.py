"""Lines from the slices of a ring to their labels at both sides, none of which crosses another or the ring."""

from __future__ import annotations

import math
from collections.abc import Sequence

Line = tuple[tuple[float, float], ...]
"""Points of a line, in radii of the outer ring."""
_START = 90
"""Degrees: the largest group begins at the top and the others follow clockwise."""
_TURN = 5
"""Degrees by which the rings are turned to make room for labels."""
_HIGH = 2.5
"""Radii: labels that need more height are crowded at the top or bottom, and the rings are turned."""
LABELS_AT = 1.2
_INTO, _STUB, _BESIDE = 0.97, 1.06, 1.13
"""Radii: where a label's line begins, where it may leave its slice's ray, where it has left it."""
LEAST = 1.05
"""Radii: height of the figure above and below its middle at least, without the margin."""


def leaders(shares: Sequence[float], *, least: float) -> tuple[int, list[Line]]:
    """Return where the rings begin (degrees), and the line of each slice from the outer ring to its label, in radii.

    Labels on one side are ``least`` apart or more. Where that needs much height, the rings are turned until the crowded
    slices are at a side.
    """
    turns = sorted(range(_START - 180, _START + 180, _TURN), key=lambda start: (abs(start - _START), start))
    laid = ((start, _lines(middles(shares, start), least)) for start in turns)
    first = next(laid)
    return first if _height(first[1]) <= _HIGH else min([first, *laid], key=lambda one: round(_height(one[1]), 2))


def _height(lines: Sequence[Line]) -> float:
    heights = [line[-1][1] for line in lines]
    return max(LEAST, *heights) - min(-LEAST, *heights)


def _lines(angles: Sequence[float], least: float) -> list[Line]:
    """Lay each line along its slice's ray to the height of its label, then to the side.

    Labels are only pushed away from the horizontal axis, so that no line crosses another: rays from the middle do not,
    and where a line leaves its ray, the rays below its label end before it. A ray that would pass the labels
    is left at once.
    """
    found: dict[int, Line] = {}
    for right, upper in ((True, True), (True, False), (False, True), (False, False)):
        side, up = 1 if right else -1, 1 if upper else -1
        own = [
            n for n, angle in enumerate(angles) if ((math.cos(angle) >= 0), (math.sin(angle) >= 0)) == (right, upper)
        ]
        height = -least / 2
        for place in sorted(own, key=lambda place: abs(math.sin(angles[place]))):
            across, along = abs(math.cos(angles[place])), abs(math.sin(angles[place]))
            height = max(_STUB * along, height + least)
            beside = min(_BESIDE, height * across / along) if along else _BESIDE
            line = (
                (_INTO * across, _INTO * along),
                (_STUB * across, _STUB * along),
                (beside, height),
                (LABELS_AT, height),
            )
            found[place] = tuple((side * x, up * y) for x, y in line)
    return [found[place] for place in range(len(angles))]


def middles(shares: Sequence[float], start: int) -> list[float]:
    """Return the angle of the middle of each slice, in radians."""
    total, before, found = sum(shares), 0.0, []
    for share in shares:
        found.append(math.radians(start - 360 * (before + share / 2) / total))
        before += share
    return found
