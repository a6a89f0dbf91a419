"""How slow this machine is, so that a slow one gets more seconds and never fewer."""

from __future__ import annotations

import time

_FAST_ENOUGH = 0.004
"""CPU seconds of the measured loop on a machine three times slower than the one the limits were set on."""


def slowness() -> float:
    """Return 1.0, or how many times slower than that this machine runs (the best of three short measurements)."""
    best = min(_measure() for _ in range(3))
    return max(1.0, best / _FAST_ENOUGH)


def _measure() -> float:
    began = time.process_time()
    total = 0
    for number in range(50_000):
        total += number & 7
    return time.process_time() - began
