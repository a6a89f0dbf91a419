"""octopack-train megatron preprocess that was stopped: it goes on, and the bytes are those of a run that was not."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from humanevalpack.errors import InputError, UsageError
from octopack_data.rows import numbered_rows, write_rows
from octopack_data.sources import Part, find_parts
from octopack_train.megatron import tokenizing
from octopack_train.megatron.indexed import data_path, dataset_prefix, index_path
from octopack_train.megatron.preprocessing import preprocess
from octopack_train.megatron.tokenizing import Tokenizing
from tiny_tokenizers import byte_level, saved

KEYS = ("inputs", "targets")


def rows(first: int, last: int) -> list[dict[str, Any]]:
    return [{"inputs": f"x = {n}", "targets": f"y = {n}\n" * (n % 3)} for n in range(first, last)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two files, of 20 and 30 rows, and a tokenizer; rows are worked on by tens."""
    monkeypatch.setattr(tokenizing, "BATCH", 10)
    write_rows(tmp_path / "in/a.jsonl", rows(0, 20))
    write_rows(tmp_path / "in/b.jsonl", rows(20, 50))
    saved(byte_level(), tmp_path / "tokenizer.json")
    return tmp_path


def run(folder: Path, name: str, parts: list[Part] | None = None, **options: Any) -> dict[str, Any]:
    settings = Tokenizing(KEYS, folder / "tokenizer.json", **options.pop("settings", {}))
    return preprocess(parts or find_parts(folder / "in"), folder / name, settings, progress=False, **options)


def files(folder: Path, name: str) -> list[bytes]:
    return [path(dataset_prefix(folder / name, key)).read_bytes() for key in KEYS for path in (data_path, index_path)]


def journal(folder: Path, name: str) -> list[tuple[int, bool]]:
    reached = json.loads((folder / f"{name}.parts/journal.json").read_text())["reached"]
    return [(one["rows"], one["whole"]) for one in reached]


def spoil(path: Path, line: int) -> str:
    """Put a number in place of a row's inputs; return the file's text from before."""
    before = path.read_text()
    lines = before.splitlines(keepends=True)
    lines[line - 1] = '{"inputs": 5, "targets": "y"}\n'
    path.write_text("".join(lines))
    return before


@pytest.mark.parametrize("workers", [1, 2])
def test_after_a_refused_row_the_files_before_it_are_kept(
    workers: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(folder, "whole")
    before = spoil(folder / "in/b.jsonl", 15)
    with pytest.raises(InputError, match=r"b\.jsonl, line 15: inputs must be text, not 5"):
        run(folder, "out", workers=workers)
    assert journal(folder, "out") == [(20, True), (10, False)]
    (folder / "in/b.jsonl").write_text(before)
    seen: list[Path] = []

    def read(path: Path) -> Any:
        seen.append(path)
        return numbered_rows(path)

    monkeypatch.setattr(tokenizing, "numbered_rows", read)
    manifest = run(folder, "out", workers=workers)
    assert [path.name for path in seen] == ["b.jsonl"]
    assert files(folder, "out") == files(folder, "whole")
    assert (manifest["counts"]["rows"], manifest["counts"]["targets_empty"]) == (50, 0)
    assert not (folder / "out.parts").exists()


def test_a_killed_run_goes_on_inside_its_file(folder: Path) -> None:
    run(folder, "whole")
    script = """
import os, signal, sys
from pathlib import Path
from octopack_data.sources import find_parts
from octopack_train.megatron import preprocessing, tokenizing
preprocessing.SAVED_EVERY, tokenizing.BATCH, text = 0, 10, tokenizing._text
def dying(row, key, where):
    if "b.jsonl, line 25" in where:
        os.kill(os.getpid(), signal.SIGKILL)
    return text(row, key, where)
tokenizing._text = dying
folder = Path(sys.argv[1])
settings = tokenizing.Tokenizing(("inputs", "targets"), folder / "tokenizer.json")
preprocessing.preprocess(find_parts(folder / "in"), folder / "out", settings)
"""
    ended = subprocess.run(
        [sys.executable, "-c", script, str(folder)], env=os.environ, capture_output=True, timeout=120
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert journal(folder, "out") == [(20, True), (20, False)]
    with data_path(folder / "out.parts/out_inputs_document").with_suffix(".bin.part").open("ab") as stream:
        stream.write(b"half a docum")  # what the journal does not know of
    manifest = run(folder, "out")
    assert files(folder, "out") == files(folder, "whole")
    assert manifest["counts"]["rows"] == 50


def test_a_file_that_has_changed_is_read_again_and_what_comes_after_it(folder: Path) -> None:
    spoil(folder / "in/b.jsonl", 30)
    with pytest.raises(InputError):
        run(folder, "out")
    write_rows(folder / "in/a.jsonl", rows(100, 103))
    write_rows(folder / "in/b.jsonl", rows(20, 50))
    run(folder, "out")
    run(folder, "whole")
    assert files(folder, "out") == files(folder, "whole")


def test_a_stopped_run_with_other_settings_is_not_mixed_with_this_one(folder: Path) -> None:
    before = spoil(folder / "in/b.jsonl", 30)
    with pytest.raises(InputError):
        run(folder, "out")
    (folder / "in/b.jsonl").write_text(before)
    with pytest.raises(UsageError, match=r"out\.parts: a run that was stopped has eod 'last', this one 'all'"):
        run(folder, "out", settings={"eod": "all"})
    run(folder, "out", settings={"eod": "all"}, overwrite=True)
    run(folder, "whole", settings={"eod": "all"})
    assert files(folder, "out") == files(folder, "whole")


def test_work_that_is_shorter_than_its_journal_says_is_made_anew(folder: Path) -> None:
    before = spoil(folder / "in/b.jsonl", 30)
    with pytest.raises(InputError):
        run(folder, "out")
    (folder / "in/b.jsonl").write_text(before)
    os.truncate(folder / "out.parts/out_targets_document.bin.part", 4)
    run(folder, "out")
    run(folder, "whole")
    assert files(folder, "out") == files(folder, "whole")


def test_several_sources_are_one_dataset_in_the_order_in_which_they_are_named(folder: Path) -> None:
    parts = [*find_parts(folder / "in/b.jsonl"), *find_parts(folder / "in/a.jsonl")]
    run(folder, "out", parts)
    write_rows(folder / "one.jsonl", rows(20, 50) + rows(0, 20))
    run(folder, "whole", find_parts(folder / "one.jsonl"))
    assert files(folder, "out") == files(folder, "whole")
    with pytest.raises(UsageError, match=r"b\.jsonl is named twice"):
        run(folder, "twice", [parts[0], parts[0]])


@pytest.mark.parametrize("name", ["symbolic link", "hard link", "relative path", "folder"])
def test_a_file_by_another_name_is_named_twice(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    there = folder / "in/b.jsonl"
    (folder / "symbolic link.jsonl").symlink_to(there)
    (folder / "hard link.jsonl").hardlink_to(there)
    other = {"relative path": Path("in/b.jsonl"), "folder": folder / "in"}.get(name, folder / f"{name}.jsonl")
    with pytest.raises(UsageError, match=r"b\.jsonl is named twice(, also as .*)?: its rows would be there twice"):
        run(folder, "twice", [*find_parts(there), *find_parts(other)])
    assert not list(folder.glob("twice*"))
