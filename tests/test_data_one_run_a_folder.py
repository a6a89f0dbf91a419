"""Whatever runs a stage, and wherever: two runs never work in one folder, and none removes what another is writing."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from code_rows import row
from humanevalpack.errors import InputError, UsageError
from octopack_data.duplicates import DuplicateSettings, deduplicate
from octopack_data.executors import SlurmSettings, run_on
from octopack_data.fetch.settings import FetchSettings
from octopack_data.fetch.work import fetch
from octopack_data.manifests import read_manifest
from octopack_data.parts import PartResult, Stage
from octopack_data.rows import read_rows, write_rows
from octopack_data.settings import make_settings
from octopack_data.sources import Part, find_parts
from octopack_data.steps import EndStep, PartStep  # noqa: F401 (the other processes use all of them)
from octopack_data.train_valid import TrainValidSettings, split_train


@dataclass(frozen=True)
class Waiting:
    """A stage's work that tells each part it does, and goes on when the file ``go`` is there."""

    def __call__(self, part: Part, output: Path) -> PartResult:
        name = f"data/{part.name}.jsonl"
        rows = write_rows(output / name, read_rows(part.path))
        with (output.parent / "done.txt").open("a") as told:
            told.write(f"{part.name}\n")
        while not (output.parent / "go").exists():
            time.sleep(0.01)
        return PartResult(((name, rows),), {"rows": rows})


def waiting(folder: Path) -> Stage:
    return stage(find_parts(folder / "in"), folder / "out")


def tell(folder: Path) -> list[str]:
    return (folder / "done.txt").read_text().split() if (folder / "done.txt").exists() else []


@contextmanager
def other_process(folder: Path, work: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a line of Python beside this process; it is ended with the block, whatever happens in it."""
    program = f"from test_data_one_run_a_folder import *\nfolder = Path({str(folder)!r})\n{work}"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.Popen([sys.executable, "-c", program], env=environment)
    try:
        yield child
        (folder / "go").touch()
        assert child.wait(120) == 0
    finally:
        child.kill()
        child.wait()


def until_at_work(folder: Path, child: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 120
    while not tell(folder):
        assert child.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)


def source(folder: Path) -> list[Part]:
    for number in range(2):
        write_rows(folder / "in" / f"p{number}.jsonl", [row(f"{number}", "", "x = 1")])
    return find_parts(folder / "in")


def stage(parts: list[Part], output: Path, **settings: Any) -> Stage:
    return Stage("copy", Waiting(), tuple(parts), output, settings)


SLURM = SlurmSettings(partition="cpu")
CLONES = make_settings(FetchSettings, {"backend": "git-local", "clones": ["clones"]})
STARTS: dict[str, Callable[[list[Part], Path], Any]] = {
    "processes": lambda parts, output: run_on("processes", stage(parts, output), overwrite=True),
    "local": lambda parts, output: run_on("local", stage(parts, output), overwrite=True),
    "slurm": lambda parts, output: run_on("slurm", stage(parts, output), overwrite=True, slurm=SLURM),
    "deduplicate": lambda parts, output: deduplicate(parts, output, DuplicateSettings(), overwrite=True),
    "split-train": lambda parts, output: split_train(parts, output, TrainValidSettings(), overwrite=True),
    "fetch": lambda parts, output: fetch(parts, output, CLONES, overwrite=True),
}


def test_no_other_run_begins_in_a_folder_where_one_is_at_work(tmp_path: Path) -> None:
    parts = source(tmp_path)
    with other_process(tmp_path, "run_on('processes', waiting(folder), progress=False)") as child:
        until_at_work(tmp_path, child)
        for start in STARTS.values():
            with pytest.raises(UsageError, match=r"another run is at work there"):
                start(parts, tmp_path / "out")
    assert read_manifest(tmp_path / "out")["counts"] == {"rows": 2}
    assert tell(tmp_path) == ["p0", "p1"]


@pytest.mark.parametrize("executor", ["local", "slurm"])
def test_nor_where_datatrove_is_at_work(tmp_path: Path, executor: str) -> None:
    parts = source(tmp_path)
    work = {
        "local": "run_on('local', waiting(folder))",
        "slurm": "with waiting(folder).held(): pass\n"
        "list(PartStep(waiting(folder), held=False).run())\nlist(EndStep(waiting(folder)).run())",
    }[executor]
    with other_process(tmp_path, work) as child:
        until_at_work(tmp_path, child)
        for name in ("processes", "deduplicate"):
            with pytest.raises(UsageError, match=r"another run is at work there"):
                STARTS[name](parts, tmp_path / "out")
    assert read_manifest(tmp_path / "out")["counts"] == {"rows": 2}


def test_two_submissions_of_the_same_array_do_each_part_once(tmp_path: Path) -> None:
    source(tmp_path)
    with waiting(tmp_path).held():
        pass
    task = "(folder / f'{os.getpid()}.task').touch()\nlist(PartStep(waiting(folder), held=False).run())"
    with other_process(tmp_path, task) as one, other_process(tmp_path, task):
        while len(list(tmp_path.glob("*.task"))) < 2:
            assert one.poll() is None
            time.sleep(0.01)
        time.sleep(1)  # both are at work, or one waits for the other
    assert sorted(tell(tmp_path)) == ["p0", "p1"]
    assert waiting(tmp_path).left() == []


def test_a_task_of_an_array_stops_where_another_run_has_begun_since(tmp_path: Path) -> None:
    source(tmp_path)
    (tmp_path / "go").touch()
    with waiting(tmp_path).held():
        pass
    with replace(waiting(tmp_path), settings={"seed": 1}).held(overwrite=True):
        pass
    with pytest.raises(InputError, match=r"holds another run \(seed is 1 there and None now\)"):
        list(PartStep(waiting(tmp_path), held=False).run())
    assert tell(tmp_path) == []
