"""Several files of generations as one, and what is missing in them."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError, UsageError
from humanevalpack.results.reading import Generations, read_generations
from humanevalpack.results.records import problem_number
from humanevalpack.results.rows import KeptRow, Key
from humanevalpack.scenarios import parse_task


def read_several(
    files: str | Path | Sequence[str | Path],
    task: str | None = None,
    *,
    limit_start: int | Sequence[int] | None = None,
    **options: Any,
) -> list[Generations]:
    """Read files as ``read_generations`` does; raises UsageError unless ``limit_start`` has a number for every one."""
    paths = [files] if isinstance(files, str | Path) else list(files)
    if not paths:
        raise UsageError("no file of generations was given")
    starts = [limit_start] if isinstance(limit_start, int) else list(limit_start or [])
    if len(starts) not in (0, len(paths)):
        raise UsageError(f"limit_start has {len(starts)} numbers for {len(paths)} files: give one for every file")
    return [
        read_generations(path, task, limit_start=starts[number] if starts else None, **options)
        for number, path in enumerate(paths)
    ]


def join_rows(found: Sequence[Generations]) -> tuple[list[KeptRow], int]:
    """Return every generation once, and how many stood in several files; raises InputError where these differ."""
    rows: dict[Key, tuple[KeptRow, Path]] = {}
    twice = 0
    for source in found:
        for row in source.rows:
            held, place = rows.setdefault(row.key, (row, source.path))
            if held is not row:
                twice += 1
            if held != row:
                raise InputError(
                    f"{source.path}: {', '.join(map(str, row.key))} differs from that of {place}: "
                    f"{row.generation!r:.60} and {held.generation!r:.60}; leave one of the files out"
                )
    return [row for row, _ in rows.values()], twice


def missing_samples(
    rows: Iterable[KeptRow], known: Mapping[str, Iterable[str]] | None = None, *, samples: int | None = None
) -> dict[str, list[str]]:
    """Return, per task, the samples that are not there: of ``samples`` (default: the most) in every problem.

    ``known`` maps a language to its task_ids; without it the problems are those from 0 to the highest number that
    occurs.
    """
    numbers: dict[str, dict[str, set[int]]] = {}
    for row in rows:
        numbers.setdefault(row.task, {}).setdefault(row.task_id, set()).add(row.sample)
    missing = {}
    for task, found in numbers.items():
        wanted = samples or max(max(there) for there in found.values()) + 1
        task_ids = _up_to_the_last(found) if known is None else known[parse_task(task)[1]]
        missing[task] = [
            f"{task_id}, sample {sample}"
            for task_id in task_ids
            for sample in range(wanted)
            if sample not in found.get(task_id, ())
        ]
    return missing


def _up_to_the_last(found: Iterable[str]) -> list[str]:
    prefix = next(iter(found)).rpartition("/")[0]
    last = max(problem_number(task_id) for task_id in found)
    return [f"{prefix}/{number}" for number in range(last + 1)]


def listed(names: Sequence[str], most: int = 10) -> str:
    """Return the first of many names and how many more there are."""
    return "; ".join(names[:most]) + (f"; and {len(names) - most} more" if len(names) > most else "")
