"""Generations without those that are to be made, or judged, once more."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humanevalpack.completions import FINISHES
from humanevalpack.errors import InputError, UsageError
from humanevalpack.generations.sources import kind_of, own_source, read_sources
from humanevalpack.generations.writing import check_free, write_run
from humanevalpack.results.manifest import new_manifest
from humanevalpack.results.rows import GENERATION_STATUSES, KeptRow, Key
from humanevalpack.sandbox.verdicts import STATUSES


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What came of it."""

    path: Path
    kept: int
    removed: int
    """Generations that were taken out."""
    to_judge: int
    """Generations that are kept and lost their verdict."""


def clean_generations(
    path: str | Path,
    output: str | Path,
    statuses: Sequence[str],
    *,
    task: str | None = None,
    overwrite: bool = False,
) -> Cleaned:
    """Write the generations without those of ``statuses``, for a second run to make them anew.

    A status or finish of a generation (``prompt_too_long``, ``length``, ``refusal``, ...) takes the generation out; one
    of a verdict (``timeout``, ...) the verdict alone. With ``task`` only that task's. ``output`` may be ``path`` itself
    with ``overwrite``. Of several lines about one sample the first is kept, to be judged anew if they differ.

    Raises UsageError for an unknown status and an output that is there already, InputError for a task that is not
    there.
    """
    path, output = Path(path).expanduser(), Path(output).expanduser()
    known = (*GENERATION_STATUSES, *FINISHES, *STATUSES)
    for status in statuses:
        if status not in known:
            raise UsageError(f"status {status!r} is not known; use one or more of {', '.join(dict.fromkeys(known))}")
    if not statuses:
        raise UsageError("no status was named: say what is to be taken out")
    check_free(output, overwrite=overwrite)
    kind = kind_of(path)
    if kind not in ("run", "rows"):
        raise InputError(
            f"{path} is of kind {kind}, which has no statuses: humanevalpack evaluate {path}, then clean the folder of "
            "its run"
        )
    # Every task is read: the others stay as they are.
    source = own_source(path) or read_sources(path)[0]
    found = source.generations
    first: dict[Key, KeptRow] = {}
    differing = {row.key for row in found.rows if first.setdefault(row.key, row) != row}
    concerned = [row for row in first.values() if task in (None, row.task)]
    if not concerned and task is not None:
        tasks = ", ".join(dict.fromkeys(row.task for row in first.values())) or "none"
        raise InputError(f"{path}: no generation of {task}; its tasks: {tasks}")
    gone = {row.key for row in concerned if row.status in statuses or row.finish in statuses}
    unjudged = {
        row.key for row in concerned if row.key not in gone and _verdict(source.judged.get(row.key)) in statuses
    } | (differing - gone)
    judged = {key: record for key, record in source.judged.items() if key not in gone | unjudged}
    rows = [row for row in first.values() if row.key not in gone]
    facts = {key: value for key, value in found.facts.items() if key not in ("name", "version")}
    write_run(output, rows, judged, new_manifest(str(found.facts.get("name") or output.stem), **facts))
    return Cleaned(output, len(rows), len(gone), len(unjudged))


def _verdict(record: Any) -> str | None:
    status: str | None = (record or {}).get("verdict") and record["verdict"]["status"]
    return status
