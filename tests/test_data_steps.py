"""octopack_data.steps: the rules inside of a datatrove pipeline, without its traps."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from datatrove.executor.local import LocalPipelineExecutor
from datatrove.pipeline.readers import JsonlReader, ParquetReader
from datatrove.pipeline.writers import JsonlWriter

from commit_rows import good_commit, made_rows
from humanevalpack.errors import InputError
from octopack_data.filtering import FilterSettings, filter_stage
from octopack_data.parts import run_stage
from octopack_data.records import COMMIT_COLUMNS, text_schema
from octopack_data.rows import read_rows, write_rows
from octopack_data.sources import find_parts
from octopack_data.steps import (
    CommitReader,
    CommitWriter,
    RuleFilter,
    document_of,
    read_adapter,
    row_of,
    write_adapter,
)

SETTINGS = FilterSettings(token_rule=False, excluded_share=1.0)
ROWS = list(made_rows(600))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for part in range(3):
        for form in ("jsonl", "parquet"):
            path = tmp_path / form / f"p{part}.{form}"
            write_rows(path, ROWS[part::3], partial(text_schema, COMMIT_COLUMNS))
    return tmp_path / "jsonl"


def run(pipeline: Sequence[Any], logs: Path, tasks: int = 2) -> dict[str, Any]:
    """Run a pipeline on this machine; return the totals of the last step but one, by name."""
    LocalPipelineExecutor(list(pipeline), tasks=tasks, workers=1, logging_dir=str(logs)).run()
    stats = json.loads((logs / "stats.json").read_text())
    totals = next(step["stats"] for step in stats if "Commit rules" in step["name"])
    return {name: value["total"] if isinstance(value, dict) else value for name, value in totals.items()}


def rows_of(folder: Path) -> list[dict[str, Any]]:
    found = [row for part in find_parts(folder) for row in read_rows(part.path)]
    return sorted(found, key=lambda row: str(row["commit"]))


def test_a_pipeline_keeps_and_counts_what_the_stage_does(source: Path, tmp_path: Path) -> None:
    manifest = run_stage(filter_stage(find_parts(source), tmp_path / "stage", SETTINGS), progress=False)
    excluded = CommitWriter(tmp_path / "pipe", "excluded/${filter_reason}/${rank}.jsonl.zst")
    steps = [CommitReader(source), RuleFilter(SETTINGS, excluded), CommitWriter(tmp_path / "pipe")]
    totals = run(steps, tmp_path / "logs")
    assert rows_of(tmp_path / "pipe") == rows_of(tmp_path / "stage") != []
    dropped = {name: count for name, count in manifest["counts"].items() if name.startswith("dropped_")}
    assert {name: count for name, count in totals.items() if name.startswith("dropped_")} == dropped
    assert totals["forwarded"] == manifest["counts"]["kept"]
    languages = {path.name for path in (tmp_path / "stage" / "data").iterdir()}
    assert {path.name for path in (tmp_path / "pipe" / "data").iterdir()} == languages
    assert len(rows_of(tmp_path / "pipe" / "excluded" / "new_empty")) == dropped["dropped_new_empty"]


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_datatroves_own_readers_and_writers_lose_nothing_with_our_adapters(
    form: str, source: Path, tmp_path: Path
) -> None:
    kind = {"jsonl": JsonlReader, "parquet": ParquetReader}[form]
    reader = kind(str(source.parent / form), adapter=read_adapter)
    writer = JsonlWriter(str(tmp_path / "out"), "${rank}.jsonl", compression=None, adapter=write_adapter)
    LocalPipelineExecutor([reader, writer], tasks=1, workers=1, logging_dir=str(tmp_path / "logs")).run()
    assert any(row["old_contents"] == "" for row in ROWS)
    assert any(row["new_contents"] == "" for row in ROWS)
    assert rows_of(tmp_path / "out") == ROWS


def test_a_row_goes_through_a_document_and_back() -> None:
    row = {name: getattr(good_commit(old_contents="", license=""), name) for name in COMMIT_COLUMNS}
    document = document_of(row | {"stderr": "left behind"})
    assert document.text == document.id == row["commit"]
    assert list(row_of(document).items()) == list(row.items())


def test_a_kept_document_gets_the_tidied_subject() -> None:
    row = {name: getattr(good_commit(subject="core: Fix the reading of lines"), name) for name in COMMIT_COLUMNS}
    document = document_of(row)
    assert RuleFilter(SETTINGS).filter(document) is True
    assert row_of(document) == row | {"subject": "Fix the reading of lines"}


@pytest.mark.parametrize("language", ["..", "../../up", "a/b"])
def test_a_language_that_is_no_folder_name_is_refused(language: str, tmp_path: Path) -> None:
    document = document_of(asdict(good_commit(lang=language)))
    with CommitWriter(tmp_path / "out" / "deep") as writer, pytest.raises(InputError, match=r"is no name of a folder"):
        writer.write(document)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
