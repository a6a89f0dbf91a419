"""What a fetch would do: rows, repositories, requests, hours. Reads the metadata and asks nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
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
_CLONING = ("git-partial", "git-shallow")
_REQUESTS_FOR_IDS = 2
"""Where the metadata names all blobs: no tree is asked for."""
RATES = {"git-local": 3700.0, "git-partial": 950.0, "git-shallow": 3.7, "raw-http": 137.0}
"""Rows a second on loopback (benchmarks/commit_fetch.py), clones apart: an upper bound for a network."""


@dataclass(frozen=True)
class Asked:
    """What one backend would do: ``rows``, clones that it makes, ``requests`` (about), ``hours`` (at best)."""

    rows: int = 0
    clones: int = 0
    requests: int = 0
    hours: float = 0.0


@dataclass(frozen=True)
class Plan:
    """Rows dropped before the fetch, by reason; ``repos`` that are asked first; what each backend does."""

    dropped: dict[str, int]
    repos: int
    backends: dict[str, Asked]

    @property
    def rows(self) -> int:
        """Rows to fetch."""
        return sum(asked.rows for asked in self.backends.values())


def plan_fetch(parts: Sequence[Part], settings: FetchSettings) -> Plan:
    """Return the plan; each row's first repository is taken to have it. Raises UsageError and InputError."""
    work = fetch_work(parts, settings)
    counts: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    clones: Counter[str] = Counter()
    known = 0
    seen: set[str] = set()
    for part in work.inside(parts):
        for groups in work.groups(part, counts):
            seen.update(groups)
            for wants in groups.values():
                backend = backend_for(wants, settings.backend)
                rows[backend] += len(wants)
                clones[backend] += 1 if backend == "git-partial" else len(wants) if backend == "git-shallow" else 0
                known += backend == "git-partial" and len(by_ids(wants)) == len(wants)
    dropped = {name.removeprefix("dropped_"): count for name, count in counts.items()}
    backends = {
        name: _asked(name, count, clones[name], settings, known if name == "git-partial" else 0)
        for name, count in rows.items()
    }
    return Plan(dropped, len(seen), backends)


def plan_said(plan: Plan) -> Iterator[str]:
    """Yield a dry run's lines."""
    for name, number in (
        ("rows to fetch", plan.rows),
        *((f"dropped: {reason}", count) for reason, count in plan.dropped.items()),
        ("repositories", plan.repos),
        *((f"rows by {name}", asked.rows) for name, asked in plan.backends.items()),
        ("clones", sum(asked.clones for asked in plan.backends.values())),
    ):
        yield f"{name:30} {number}"
    for what, name, form in (("requests, about", "requests", "d"), ("hours, at best", "hours", ".2f")):
        values = {backend: getattr(asked, name) for backend, asked in plan.backends.items()}
        each = ", ".join(f"{value:{form}} by {backend}" for backend, value in values.items())
        yield f"{what:30} {sum(values.values()):{form}}" + (f" ({each})" if len(values) > 1 else "")


def plan_at_most(rows: int, settings: FetchSettings) -> Asked:
    """Return what a fetch of so many rows asks for if they stand as badly as they can: each in its own repository."""
    if settings.backend != "auto":
        return _asked(settings.backend, rows, rows if settings.backend in _CLONING else 0, settings)
    # Three rows of a repository are the fewest that it is cloned for.
    worst = (_asked("raw-http", rows, 0, settings), _asked("git-partial", rows, rows // 3, settings))
    requests, hours = (max(getattr(one, name) for one in worst) for name in ("requests", "hours"))
    return Asked(rows, rows // 3, requests, hours)


def _asked(backend: str, rows: int, clones: int, settings: FetchSettings, known: int = 0) -> Asked:
    """``known``: of the clones, those whose blobs the metadata names."""
    requests = _REQUESTS_A_CLONE * (clones - known) + _REQUESTS_FOR_IDS * known if backend in _CLONING else 0
    seconds = rows / _rate(backend, settings)
    if backend == "git-partial":
        seconds += clones * _SECONDS_A_CLONE / settings.clones_at_a_time
    return Asked(rows, clones, requests + (2 * rows if backend == "raw-http" else 0), seconds / 3600)


def _rate(backend: str, settings: FetchSettings) -> float:
    """A row costs raw-http two requests, and requests are held back."""
    return min(RATES[backend], settings.requests_per_second / 2) if backend == "raw-http" else RATES[backend]
