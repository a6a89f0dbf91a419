"""octopack_data.train_valid: a repository is on one side, with all that it shares commits with."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from code_rows import row
from octopack_data.rows import read_rows, write_rows
from octopack_data.sources import find_parts
from octopack_data.train_valid import TrainValidSettings, split_train

HALF = TrainValidSettings(valid=0.5)


def write(folder: Path, repos: list[str], files: int = 2) -> Path:
    rows = [row(f"{number:04d}", "a", "b", repos=said) for number, said in enumerate(repos)]
    for number in range(files):
        write_rows(folder / f"p{number}.jsonl", rows[number::files])
    return folder


def run(source: Path, output: Path, how: TrainValidSettings = HALF, workers: int = 1) -> dict[str, Any]:
    return split_train(find_parts(source), output, how, workers=workers, progress=False)


def side(output: Path, name: str) -> list[dict[str, Any]]:
    return [row for part in find_parts(output / name) for row in read_rows(part.path)]


def sides(output: Path) -> dict[str, str]:
    """Commit -> train or valid."""
    return {row["commit"]: name for name in ("train", "valid") for row in side(output, name)}


def test_every_row_is_on_one_side_and_each_side_is_a_source(tmp_path: Path) -> None:
    source = write(tmp_path / "in", [f"owner/{n}" for n in range(400)])
    manifest = run(source, tmp_path / "out")
    assert len(sides(tmp_path / "out")) == 400
    assert manifest["counts"] == {
        "rows": 400,
        "kept": 400,
        "train": len(side(tmp_path / "out", "train")),
        "valid": len(side(tmp_path / "out", "valid")),
    }
    assert [part.name for part in find_parts(tmp_path / "out" / "valid")] == ["p0", "p1"]


@pytest.mark.parametrize("valid", [0.05, 0.5])
def test_the_share_is_about_what_was_asked_for(tmp_path: Path, valid: float) -> None:
    source = write(tmp_path / "in", [f"owner/{n}" for n in range(2000)])
    counts = run(source, tmp_path / "out", TrainValidSettings(valid=valid))["counts"]
    assert counts["valid"] == pytest.approx(valid * 2000, abs=80)


def test_the_same_seed_is_the_same_split_whatever_files_and_workers(tmp_path: Path) -> None:
    repos = [f"owner/{n % 40},fork/{n % 7}" if n % 3 == 0 else f"owner/{n}" for n in range(200)]
    run(write(tmp_path / "one", repos, files=1), tmp_path / "out1")
    run(write(tmp_path / "many", repos, files=5), tmp_path / "out5", workers=2)
    assert sides(tmp_path / "out1") == sides(tmp_path / "out5")
    run(tmp_path / "one", tmp_path / "other", TrainValidSettings(valid=0.5, seed=1))
    assert sides(tmp_path / "other") != sides(tmp_path / "out1")


def test_repositories_that_share_a_commit_through_others_are_together(tmp_path: Path) -> None:
    chain = [f"r/{n},r/{n + 1}" for n in range(30)]
    source = write(tmp_path / "in", [*chain, "r/0", "r/30", "R/15", *(f"alone/{n}" for n in range(30))], files=3)
    run(source, tmp_path / "out")
    found = sides(tmp_path / "out")
    assert len({found[f"{n:04d}"] for n in range(33)}) == 1
    assert set(found.values()) == {"train", "valid"}
    told = (tmp_path / "out" / "repositories.json").read_text()
    assert '"grouped_repositories": 31' in told
    assert '"repositories_of_the_largest": 31' in told


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(st.integers(0, 25), min_size=1, max_size=3), min_size=1, max_size=40))
def test_no_repository_is_ever_on_both_sides(tmp_path_factory: pytest.TempPathFactory, rows: list[list[int]]) -> None:
    folder = tmp_path_factory.mktemp("split")
    run(write(folder / "in", [",".join(f"o/{n}" for n in row) for row in rows]), folder / "out")
    train, valid = (
        {repo for row in side(folder / "out", name) for repo in row["repos"].split(",")} for name in ("train", "valid")
    )
    assert not train & valid


def test_more_data_moves_no_repository_that_gets_no_new_ties(tmp_path: Path) -> None:
    repos = [f"owner/{n}" for n in range(100)]
    run(write(tmp_path / "in", repos), tmp_path / "out")
    run(write(tmp_path / "more", [*repos, *(f"new/{n},new/{n + 1}" for n in range(50))]), tmp_path / "grown")
    before, after = sides(tmp_path / "out"), sides(tmp_path / "grown")
    assert {commit: after[commit] for commit in before} == before


def test_rows_without_a_repository_go_by_their_commit(tmp_path: Path) -> None:
    run(write(tmp_path / "in", [""] * 60), tmp_path / "out")
    assert set(sides(tmp_path / "out").values()) == {"train", "valid"}


@pytest.mark.parametrize("killed", ["_write_groups", "_group"])
def test_after_kill_9_the_same_command_ends_as_an_undisturbed_run(tmp_path: Path, killed: str) -> None:
    source = write(tmp_path / "in", [f"o/{n},o/{n // 2}" for n in range(40)])
    program = (
        "import os, signal; from pathlib import Path; import octopack_data.train_valid as t\n"
        "from octopack_data.sources import find_parts\n"
        f"t.{killed} = lambda *a: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"t.split_train(find_parts({str(source)!r}), Path({str(tmp_path / 'out')!r}), t.TrainValidSettings(valid=0.5),"
        " progress=False)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run([sys.executable, "-c", program], env=environment, check=False)
    assert ended.returncode == -signal.SIGKILL
    run(source, tmp_path / "whole")
    run(source, tmp_path / "out")
    assert sides(tmp_path / "out") == sides(tmp_path / "whole")
    assert not (tmp_path / "out" / ".groups").exists()
