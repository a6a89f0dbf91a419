"""Runs of the stage ``oasst pairs`` for tests: files of dialogues, and what came out."""

import json
from pathlib import Path
from typing import Any

from octopack_data.dialogue_filters import OasstSettings
from octopack_data.oasst import pairs_stage
from octopack_data.parts import run_stage
from octopack_data.rows import read_rows
from octopack_data.sources import find_parts


def source(folder: Path, *files: list[Any]) -> Path:
    (folder / "in").mkdir()
    for number, rows in enumerate(files):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / "in" / f"p{number}.jsonl").write_text(text, "utf-8")
    return folder / "in"


def run(
    source: Path, output: Path, workers: int = 1, **settings: Any
) -> tuple[dict[str, int], list[dict[str, Any]], list[dict[str, Any]]]:
    """Return counts, pairs and the list of the dropped."""
    stage = pairs_stage(find_parts(source), output, OasstSettings(**settings))
    counts = run_stage(stage, workers=workers, progress=False)["counts"]
    kept = [row for part in find_parts(output) for row in read_rows(part.path)]
    return counts, kept, [row for file in sorted(output.glob("excluded/*")) for row in read_rows(file)]


def phrases(folder: Path, *lines: str) -> Path:
    path = folder / "phrases.yaml"
    path.write_text(json.dumps(lines))
    return path
