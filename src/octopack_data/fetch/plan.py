"""What a fetch would do: rows, repositories, requests, hours. Reads the metadata and asks nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from octopack_data.fetch.backends import backend_for
from octopack_data.fetch.settings import FetchSettings
from octopack_data.fetch.trees import by_ids
from octopack_data.fetch.work import fetch_work
from octopack_data.sources import Part

_SECONDS_A_CLONE = 2.0
"""Of a small repository over the internet; large ones take longer."""
_REQUESTS_A_CLONE = 5
"""Its refs, what it has, its trees, and one bulk request for the blobs with what git asks before it."""
_REQUESTS_FOR_IDS = 2
"""Where the metadata names all blobs: no tree is asked for."""
RATES = {"git-local": 3700.0, "git-partial": 950.0, "git-shallow": 3.7, "raw-http": 137.0}
"""Rows a second on loopback (benchmarks/commit_fetch.py), clones apart: an upper bound for a network."""


@dataclass(frozen=True)
class Plan:
    """``rows`` to fetch and rows dropped before it, by reason; repositories that are asked first, and by what."""

    rows: int
    dropped: dict[str, int]
    repos: int
    rows_by_backend: dict[str, int]
    clones: int
    requests: int
    hours: float


def plan_fetch(parts: Sequence[Part], settings: FetchSettings) -> Plan:
    """Return the plan; each row's first repository is taken to have it. Raises UsageError and InputError."""
    work = fetch_work(parts, settings)
    counts: Counter[str] = Counter()
    by_backend: Counter[str] = Counter()
    seen: set[str] = set()
    clones = requests = 0
    for part in work.inside(parts):
        for groups in work.groups(part, counts):
            seen.update(groups)
            for wants in groups.values():
                backend = backend_for(wants, settings.backend)
                by_backend[backend] += len(wants)
                made = 1 if backend == "git-partial" else len(wants) if backend == "git-shallow" else 0
                known = backend == "git-partial" and len(by_ids(wants)) == len(wants)
                clones += made
                requests += made * (_REQUESTS_FOR_IDS if known else _REQUESTS_A_CLONE)
    dropped = {name.removeprefix("dropped_"): count for name, count in counts.items()}
    seconds = sum(rows / _rate(name, settings) for name, rows in by_backend.items())
    if by_backend["git-partial"]:
        seconds += clones * _SECONDS_A_CLONE / settings.clones_at_a_time
    requests += 2 * by_backend["raw-http"]
    return Plan(by_backend.total(), dropped, len(seen), dict(by_backend), clones, requests, seconds / 3600)


def _rate(backend: str, settings: FetchSettings) -> float:
    """A row costs raw-http two requests, and requests are held back."""
    return min(RATES[backend], settings.requests_per_second / 2) if backend == "raw-http" else RATES[backend]
