"""What is wrong with a file of generations: missing, double, cut off, empty, all alike."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from humanevalpack.generations.sources import known_problems, own_source, read_sources
from humanevalpack.results.appending import ends_whole
from humanevalpack.results.folder import GENERATIONS
from humanevalpack.results.joining import missing_samples
from humanevalpack.results.rows import GENERATED, KeptRow, Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One task's generations, looked through; samples read ``Python/3, sample 0``."""

    task: str
    problems: int
    samples: int
    statuses: Mapping[str, int]
    """Of the verdicts, where there are some, else of the generations."""
    missing: Sequence[str]
    twice: Sequence[str]
    """Samples that stand there more than once."""
    contradicting: Sequence[str]
    """Those of them whose generations differ."""
    truncated: Sequence[str]
    """Answers that were cut by their length, and a last line that is half written."""
    empty: Sequence[str]
    alike: Sequence[str]
    """Problems whose samples (several) are all the same text."""

    @property
    def complete(self) -> bool:
        """Whether every sample is there, once."""
        return not (self.missing or self.twice)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self) | {"complete": self.complete}


def check_generations(
    files: str | Path | Sequence[str | Path],
    *,
    task: str | None = None,
    dataset: str | Path | None = None,
    samples: int | None = None,
    **reading: Any,
) -> list[Checked]:
    """Look through generations (of several files as one), one result a task; changes nothing.

    ``dataset`` says which problems there must be, ``samples`` how many generations of each (default: as many as the
    problem with the most has); ``reading`` are further arguments of ``read_generations``, ``limit_start`` may hold one
    number a file. Raises as that does for a file that cannot be read at all.
    """
    paths = [Path(path).expanduser() for path in ([files] if isinstance(files, str | Path) else files)]
    own = [own_source(path) for path in paths]
    sources = [source for source in own if source is not None]
    if len(sources) < len(paths):
        sources = read_sources(paths, task, dataset=dataset, **reading)
    rows = [row for source in sources for row in source.generations.rows if task in (None, row.task)]
    missing = missing_samples(rows, known_problems(sources, rows, dataset), samples=samples)
    judged = {key: record for source in sources for key, record in source.judged.items()}
    torn = [name for path in paths for name in _torn(path)]
    return [_checked(name, found, missing[name], judged, torn) for name, found in _by_task(rows).items()]


def _torn(path: Path) -> list[str]:
    file = path / GENERATIONS if path.is_dir() else path
    if not file.is_file() or file.suffix == ".json" or ends_whole(file):
        return []
    return [f"{file}, the last line (half written)"]


def _by_task(rows: Iterable[KeptRow]) -> dict[str, list[KeptRow]]:
    found = defaultdict[str, list[KeptRow]](list)
    for row in rows:
        found[row.task].append(row)
    return found


def _checked(
    task: str,
    rows: Sequence[KeptRow],
    missing: Sequence[str],
    judged: Mapping[Key, Mapping[str, Any]],
    torn: Sequence[str],
) -> Checked:
    first: dict[str, KeptRow] = {}
    twice: list[str] = []
    contradicting: list[str] = []
    for row in rows:
        held = first.setdefault(_name(row), row)
        if held is not row:
            twice.append(_name(row))
        if held != row:
            contradicting.append(_name(row))
    texts = defaultdict[str, list[str]](list)
    for row in first.values():
        if row.status == GENERATED:
            texts[row.task_id].append(row.generation)
    verdicts = {key: (record["verdict"] or {}).get("status") for key, record in judged.items()}
    return Checked(
        task=task,
        problems=len({row.task_id for row in rows}),
        samples=len(first),
        statuses=dict(Counter(verdicts.get(row.key) or row.status for row in first.values())),
        missing=missing,
        twice=twice,
        contradicting=contradicting,
        truncated=[name for name, row in first.items() if row.finish == "length"] + [*torn],
        empty=[name for name, row in first.items() if row.status == GENERATED and not row.generation.strip()],
        alike=[task_id for task_id, found in texts.items() if len(found) > 1 and len(set(found)) == 1],
    )


def _name(row: KeptRow) -> str:
    return f"{row.task_id}, sample {row.sample}"
