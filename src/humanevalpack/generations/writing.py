"""Generations written anew, as a run's folder or as one file: never over something that is there, unless asked to."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from humanevalpack.errors import UsageError
from humanevalpack.results.folder import GENERATIONS, SCORES, VERDICTS
from humanevalpack.results.manifest import MANIFEST, write_json
from humanevalpack.results.rows import KeptRow, Key


def check_free(output: Path, *, overwrite: bool) -> None:
    """Raise UsageError if the output is there (``overwrite``: if it is neither a run's folder nor a file of rows)."""
    if not output.exists() or (output.is_dir() and not any(output.iterdir())):
        return
    if not overwrite:
        raise UsageError(f"{output} is there already: choose another name, or --overwrite")
    if output.is_dir() and not (output / GENERATIONS).is_file():
        raise UsageError(f"{output} is a folder that holds no run: nothing in it is overwritten")


def write_run(
    output: Path, rows: Sequence[KeptRow], judged: Mapping[Key, Mapping[str, Any]], manifest: Mapping[str, Any]
) -> None:
    """Write a run's folder, or for a name in ``.jsonl`` the generations alone; each file whole or not at all."""
    lines = "".join(row.to_line() for row in rows)
    if output.suffix == ".jsonl":
        _write(output, lines)
        return
    output.mkdir(parents=True, exist_ok=True)
    (output / SCORES).unlink(missing_ok=True)  # they were those of other generations
    _write(output / GENERATIONS, lines)
    kept = [record for row in rows if (record := judged.get(row.key)) is not None]
    _write(output / VERDICTS, "".join(json.dumps(record) + "\n" for record in kept))
    write_json(output / MANIFEST, manifest)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, "utf-8")
    part.replace(path)
