"""What the commands of this room work on: files of generations with the verdicts that lie beside them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humanevalpack.json_lines import read_json_lines
from humanevalpack.problems import load_problems
from humanevalpack.results.folder import GENERATIONS, VERDICTS, read_run, read_verdict_lines, verdict_record
from humanevalpack.results.joining import read_several
from humanevalpack.results.manifest import MANIFEST, read_manifest
from humanevalpack.results.reading import Generations, kind_of_lines
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
    return [Source(found, _judged(found.path)) for found in read_several(files, task, **options)]


def own_source(path: Path) -> Source | None:
    """Return a run's folder, or a file of its lines, with every line, doubles included; None for other kinds."""
    file = path / GENERATIONS if path.is_dir() else path
    if kind_of(file) != "rows":
        return None
    rows = [KeptRow.read(record, f"{file}, line {number}") for number, record in read_json_lines(file, grows=True)]
    facts = read_manifest(path) if (path / MANIFEST).is_file() else {}
    return Source(Generations(path=path, kind="rows", rows=rows, facts=facts), _judged(path))


def kind_of(path: Path) -> str:
    """Return the kind of a file by its first line, ``run`` for a folder: no problems are needed to know it."""
    if not path.is_file():
        return "run"
    return "list of lists" if path.suffix == ".json" else kind_of_lines(path)


def _judged(path: Path) -> Mapping[Key, Mapping[str, Any]]:
    if (path / VERDICTS).is_file():
        return read_verdict_lines(path / VERDICTS)
    if not path.is_dir() or (path / GENERATIONS).is_file():
        return {}
    samples = read_run(path).samples  # lm_eval's output: its verdicts stand in the log
    return {sample.row().key: verdict_record(sample) for sample in samples if sample.verdict is not None}


def known_problems(
    sources: Sequence[Source], rows: Iterable[KeptRow], dataset: str | Path | None
) -> dict[str, list[str]] | None:
    """Return language to task_ids, against which completeness is checked; None where no data was named or read.

    The data is ``dataset``, or what the files were read with, or, where a run was made with it, the set that ships.
    """
    found = [source.generations for source in sources]
    if dataset is None and any(item.kind in _BY_DATA for item in found):
        dataset = "hub"
    if dataset is None and any(item.facts.get("dataset") == "mini" for item in found):
        dataset = "mini"
    if dataset is None:
        return None
    languages = {parse_task(task)[1] for task in {row.task for row in rows}}
    return {name: [problem.task_id for problem in load_problems(name, dataset)] for name in languages}
