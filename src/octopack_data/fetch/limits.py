"""Manners: pauses between tries, requests a second, and an end when a host refuses everything. No clock in here."""

from __future__ import annotations

import email.utils
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from humanevalpack.errors import EnvironmentFault

REFUSALS = frozenset({403, 429})


@dataclass(frozen=True)
class Pauses:
    """Seconds between tries: what the host asks for, else exponential with full jitter.

    A host that asks for more than ``patience`` seconds is not asked again for this row.
    """

    tries: int = 6
    base: float = 0.5
    cap: float = 60.0
    patience: float = 900.0
    draw: Callable[[], float] = random.random

    def seconds(self, failures: int, retry_after: float | None = None) -> float | None:
        """Return the pause after ``failures`` (1 or more) failed tries, or None: no further try."""
        if failures >= self.tries or (retry_after is not None and retry_after > self.patience):
            return None
        if retry_after is not None:
            return retry_after
        return self.draw() * min(self.cap, self.base * 2.0 ** (failures - 1))


def retry_after_seconds(header: str | None, now: float) -> float | None:
    """Return what a Retry-After header asks for: seconds, or an HTTP date (``now``: seconds since 1970)."""
    if not header:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        date = email.utils.parsedate_to_datetime(header)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.fromtimestamp(now, UTC)).total_seconds())


@dataclass
class TokenBucket:
    """Requests to one host: ``burst`` at once, then ``rate`` a second. Not for several threads."""

    rate: float
    burst: float
    now: Callable[[], float]
    _tokens: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self._tokens, self._at = self.burst, self.now()

    def take(self) -> float:
        """Take a token, perhaps one that comes later; return the seconds to wait for it."""
        now = self.now()
        self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate) - 1
        self._at = now
        return max(0.0, -self._tokens / self.rate)


@dataclass
class Circuit:
    """Counts refusals (429, 403) of one host: too many in a row end the run, which later goes on where it was."""

    host: str
    most: int = 20
    _straight: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def saw(self, code: int) -> None:
        """Note an answer; raises EnvironmentFault."""
        with self._lock:
            self._straight = self._straight + 1 if code in REFUSALS else 0
            if self._straight < self.most:
                return
        raise EnvironmentFault(
            f"{self.host} has refused {self.most} requests in a row (last: HTTP {code}). Wait for its limit to pass, "
            "then run the same command again: it goes on where it was, and --requests-per-second makes it slower"
        )
