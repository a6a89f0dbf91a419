"""What the commands of this room work on: files of generations with the verdicts that lie beside them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humanevalpack.problems import load_problems
from humanevalpack.results.folder import VERDICTS, read_verdict_lines
from humanevalpack.results.reading import Generations, read_several
from humanevalpack.results.rows import KeptRow, Key
from humanevalpack.scenarios import parse_task

# Kinds of files that are read by the problems' order or names in the data.
_BY_DATA = ("list of lists", "completions")


@dataclass(frozen=True, slots=True)
class Source:
    """One file or run's folder, read."""

    generations: Generations
    judged: Mapping[Key, Mapping[str, Any]]
    """Lines of ``verdicts.jsonl`` by what they are about."""


def read_sources(files: str | Path | Sequence[str | Path], task: str | None = None, **options: Any) -> list[Source]:
    """Read files as ``read_several`` does, each with its verdicts."""
    sources = []
    for found in read_several(files, task, **options):
        verdicts = found.path / VERDICTS
        sources.append(Source(found, read_verdict_lines(verdicts) if verdicts.is_file() else {}))
    return sources


def known_data(sources: Iterable[Source], dataset: str | Path | None) -> str | Path | None:
    """Return the data against which completeness is checked: what was given, what was read, or the set that ships."""
    found = [source.generations for source in sources]
    if dataset is None and any(item.kind in _BY_DATA for item in found):
        return "hub"
    if dataset is None and any(item.facts.get("dataset") == "mini" for item in found):
        return "mini"
    return dataset


def missing_samples(rows: Iterable[KeptRow], dataset: str | Path | None) -> dict[str, list[str]]:
    """Return, per task, the samples that are not there: of the problem with the most samples, in every problem.

    Without ``dataset`` the problems are those from 0 to the highest number that occurs.
    """
    numbers: dict[str, dict[str, set[int]]] = {}
    for row in rows:
        numbers.setdefault(row.task, {}).setdefault(row.task_id, set()).add(row.sample)
    missing = {}
    for task, found in numbers.items():
        wanted = max(max(samples) for samples in found.values()) + 1
        missing[task] = [
            f"{task_id}, sample {sample}"
            for task_id in _problems(task, found, dataset)
            for sample in range(wanted)
            if sample not in found.get(task_id, ())
        ]
    return missing


def _problems(task: str, found: Iterable[str], dataset: str | Path | None) -> list[str]:
    if dataset is not None:
        return [problem.task_id for problem in load_problems(parse_task(task)[1], dataset)]
    prefix = next(iter(found)).rpartition("/")[0]
    last = max(int(task_id.rpartition("/")[2]) for task_id in found)
    return [f"{prefix}/{number}" for number in range(last + 1)]


def listed(names: Sequence[str], most: int = 10) -> str:
    """Return the first of many names and how many more there are."""
    return "; ".join(names[:most]) + (f"; and {len(names) - most} more" if len(names) > most else "")
