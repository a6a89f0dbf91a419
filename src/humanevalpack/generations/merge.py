"""Slices of one run, put together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError
from humanevalpack.generations.shards import OF_ONE_RUN, join_shards
from humanevalpack.generations.sources import Source, known_problems, read_sources
from humanevalpack.generations.writing import check_free, write_run
from humanevalpack.results.continuing import GENERATED_WITH, JUDGED_WITH, differences, merged
from humanevalpack.results.joining import join_rows, missing_samples
from humanevalpack.results.manifest import new_manifest

# What the whole says itself.
_OWN = ("name", "version", "source", "notes", *OF_ONE_RUN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What came of a merge."""

    path: Path
    generations: int
    verdicts: int
    twice: int
    """Generations that stood, equal, in several files."""
    missing: Mapping[str, Sequence[str]]
    """Task to the samples that none of the files has."""
    missing_shards: Sequence[str]
    """What is wrong with the shards of a run, one sentence each."""
    notes: Sequence[str]


def merge_generations(
    files: Sequence[str | Path],
    output: str | Path,
    *,
    task: str | None = None,
    dataset: str | Path | None = None,
    overwrite: bool = False,
    **reading: Any,
) -> Merged:
    """Put slices (run folders, or whatever ``read_generations`` reads) together into a run's folder, or a .jsonl file.

    ``reading`` are further arguments of ``read_generations``; ``limit_start`` may hold one number a file. What equals
    counts once. Raises InputError for generations, verdicts or settings that contradict each other, naming both files;
    UsageError if ``output`` is there already, without ``overwrite`` (a folder that holds shards alone is free).
    """
    output = Path(output).expanduser()
    check_free(output, overwrite=overwrite)
    sources = read_sources(files, task, dataset=dataset, **reading)
    rows, twice = join_rows([source.generations for source in sources])
    rows.sort(key=lambda row: (row.task, int(row.task_id.rpartition("/")[2]), row.sample))
    judged = _verdicts(sources)
    facts = _facts(sources)
    whole, missing_shards = join_shards(sources)
    if dataset is not None:
        facts.setdefault("dataset", str(dataset))
    notes = [note for source in sources for note in source.generations.notes]
    names = [str(source.generations.path) for source in sources]
    manifest = new_manifest(
        str(facts.get("name") or output.stem),
        **{key: value for key, value in facts.items() if key not in _OWN},
        **whole,
        source=names,
        notes=notes or None,
    )
    # Shards know what belongs to them, also where the run had a limit.
    known = known_problems(sources, rows, dataset) if not (whole or missing_shards) or dataset else None
    missing = {} if whole else {name: found for name, found in missing_samples(rows, known).items() if found}
    write_run(output, rows, judged, manifest)
    return Merged(
        path=output,
        generations=len(rows),
        verdicts=len(judged),
        twice=twice,
        missing=missing,
        missing_shards=missing_shards,
        notes=notes,
    )


def _verdicts(sources: Sequence[Source]) -> dict[tuple[str, str, int], Mapping[str, Any]]:
    judged: dict[tuple[str, str, int], Mapping[str, Any]] = {}
    for source in sources:
        for key, record in source.judged.items():
            held = judged.setdefault(key, record)
            if _said(held) != _said(record):
                raise InputError(
                    f"{source.generations.path}: {', '.join(map(str, key))} was judged {_said(record)[1]}, and "
                    f"{_said(held)[1]} in another of the folders: judge one of them again"
                )
    return judged


def _said(record: Mapping[str, Any]) -> tuple[str, str | None]:
    return record["program"], (record["verdict"] or {}).get("status")


def _facts(sources: Sequence[Source]) -> dict[str, Any]:
    """Return the settings of all slices; raises InputError where two of them differ."""
    facts: dict[str, Any] = {}
    owner: dict[str, Path] = {}
    for source in sources:
        path, found = source.generations.path, source.generations.facts
        for name, held, value in differences(facts, found, (*JUDGED_WITH, *GENERATED_WITH)):
            first = owner[name.partition(" of ")[0]]
            raise InputError(f"{path}: {name} is {value!r}, but {held!r} in {first}: these are no slices of one run")
        facts = merged(facts, found)
        owner = dict.fromkeys(found, path) | owner
    return facts
