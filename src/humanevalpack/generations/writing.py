"""Generations written anew, as a run's folder or as one file: never over something that is there, unless asked to."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from humanevalpack.errors import UsageError
from humanevalpack.results.folder import GENERATIONS, SCORES, VERDICTS, others_in, read_run
from humanevalpack.results.manifest import MANIFEST, write_json, write_text
from humanevalpack.results.records import scores
from humanevalpack.results.rows import KeptRow, Key


def check_free(output: Path, *, overwrite: bool) -> None:
    """Raise UsageError if the output is there (``overwrite``: if it is neither a run's folder nor a file of rows)."""
    if not output.exists() or (output.is_dir() and not others_in(output)):
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
        write_text(output, lines)
        return
    (output / SCORES).unlink(missing_ok=True)  # they were those of other generations
    write_text(output / GENERATIONS, lines)
    kept = [record for row in rows if (record := judged.get(row.key)) is not None]
    write_text(output / VERDICTS, "".join(json.dumps(record) + "\n" for record in kept))
    write_json(output / MANIFEST, manifest)
    write_json(output / SCORES, scores(read_run(output)))
