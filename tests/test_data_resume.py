"""Runs that go on, begin anew or meet each other: no row of another run is ever mixed in, and manifests stay true."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from humanevalpack.errors import InputError, UsageError
from octopack_data.manifests import MARKS, read_manifest, sha256_of
from octopack_data.parts import PartResult, Stage, run_stage
from octopack_data.rows import read_rows, write_rows
from octopack_data.sources import Part, find_parts


@dataclass(frozen=True)
class Copied:
    """A stage's work. With ``wait``, a part is written and never ends until the file ``go`` is there."""

    wait: str = ""
    fail_at: str = ""

    def __call__(self, part: Part, output: Path) -> PartResult:
        name = f"data/{part.name}.jsonl"
        rows = write_rows(output / name, read_rows(part.path))
        if part.name == self.fail_at:
            raise InputError("broken")
        if self.wait:
            (output.parent / f"{part.name}.pid").write_text(str(os.getpid()))
            while not (output.parent / self.wait).exists():
                time.sleep(0.01)
        return PartResult(((name, rows),), {"rows": rows})


def source(folder: Path, parts: int = 2) -> Path:
    for part in range(parts):
        write_rows(folder / f"p{part}.jsonl", [{"n": part}])
    return folder


def stage(folder: Path, output: Path, **work: str) -> Stage:
    return Stage("copy", Copied(**work), tuple(find_parts(folder)), output, {})


def run(folder: Path, output: Path, *, overwrite: bool = False, **work: str) -> dict[str, object]:
    return run_stage(stage(folder, output, **work), overwrite=overwrite, progress=False)


def test_an_input_that_was_edited_behind_a_finished_part_is_refused(tmp_path: Path) -> None:
    run(source(tmp_path / "in"), tmp_path / "out")
    write_rows(tmp_path / "in" / "p0.jsonl", [{"n": 7}])  # as many bytes as before
    with pytest.raises(InputError, match=r"p0.jsonl has changed since it was read.*--overwrite"):
        run(tmp_path / "in", tmp_path / "out")


def test_a_copy_of_an_input_is_the_same_input(tmp_path: Path) -> None:
    run(source(tmp_path / "in"), tmp_path / "out")
    for path in (tmp_path / "in").iterdir():
        os.utime(path)
    assert run(tmp_path / "in", tmp_path / "out")["counts"] == {"rows": 2}


def test_the_manifest_names_the_inputs_as_they_were_when_they_were_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"broken"):
        run(source(tmp_path / "in"), tmp_path / "out", fail_at="p1")
    before = sha256_of(tmp_path / "in" / "p0.jsonl")
    mark = json.loads((tmp_path / "out" / MARKS / "done" / "p0.json").read_text())
    assert [one["facts"]["sha256"] for one in mark["inputs"]] == [before]


def test_a_file_that_is_newer_than_the_manifest_beside_it_is_hashed_anew(tmp_path: Path) -> None:
    run(source(tmp_path / "in", 1), tmp_path / "first")
    path = tmp_path / "first" / "data" / "p0.jsonl"
    write_rows(path, [{"n": 8}])
    manifest = run(tmp_path / "first", tmp_path / "second")
    assert [file["sha256"] for file in manifest["inputs"]] == [sha256_of(path)]  # type: ignore[attr-defined]


def test_a_manifest_of_another_program_above_the_input_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"name": "a browser extension"}')
    assert run(source(tmp_path / "in"), tmp_path / "out")["counts"] == {"rows": 2}


def test_the_output_of_an_unfinished_run_is_no_source(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"broken"):
        run(source(tmp_path / "in"), tmp_path / "out", fail_at="p1")
    for place in (tmp_path / "out", tmp_path / "out" / "data"):
        with pytest.raises(InputError, match=r"not finished: give its command again"):
            find_parts(place)


@pytest.mark.parametrize("change", ["taken away", "added", "cut"])
def test_a_stage_folder_with_other_files_than_its_manifest_is_no_source(tmp_path: Path, change: str) -> None:
    run(source(tmp_path / "in"), tmp_path / "out")
    data = tmp_path / "out" / "data"
    if change == "taken away":
        (data / "p1.jsonl").unlink()
    else:
        (data / ("p2.jsonl" if change == "added" else "p1.jsonl")).write_text("")
    with pytest.raises(InputError, match=r"is not as in .*manifest.json"):
        find_parts(tmp_path / "out")


def test_overwrite_removes_what_a_broken_part_has_left(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"broken"):
        run(source(tmp_path / "in"), tmp_path / "out", fail_at="p1")
    run(source(tmp_path / "other", 1), tmp_path / "out", overwrite=True)
    assert [part.name for part in find_parts(tmp_path / "out")] == ["p0"]


def begun(tmp_path: Path) -> subprocess.Popen[bytes]:
    """A run of two workers, each in the middle of a part."""
    program = (
        "from test_data_resume import *\n"
        f"run_stage(stage(Path({str(tmp_path / 'in')!r}), Path({str(tmp_path / 'out')!r}), wait='go'), workers=2, "
        "progress=False)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.Popen([sys.executable, "-c", program], env=environment)
    while not all((tmp_path / f"p{part}.pid").exists() for part in range(2)):
        time.sleep(0.01)
    return child


def test_two_runs_never_work_in_one_folder(tmp_path: Path) -> None:
    source(tmp_path / "in")
    with begun(tmp_path) as child:
        with pytest.raises(UsageError, match=r"another run is at work there"):
            run(tmp_path / "in", tmp_path / "out", overwrite=True)
        (tmp_path / "go").touch()
    assert child.returncode == 0
    assert read_manifest(tmp_path / "out")["counts"] == {"rows": 2}


def test_workers_end_with_the_run_that_was_killed(tmp_path: Path) -> None:
    source(tmp_path / "in")
    with begun(tmp_path) as child:
        child.send_signal(signal.SIGKILL)
    workers = [int((tmp_path / f"p{part}.pid").read_text()) for part in range(2)]
    until = time.monotonic() + 20
    while any(is_alive(worker) for worker in workers) and time.monotonic() < until:
        time.sleep(0.01)
    assert not any(is_alive(worker) for worker in workers)
    (tmp_path / "go").touch()
    assert run(tmp_path / "in", tmp_path / "out")["counts"] == {"rows": 2}


def is_alive(process: int) -> bool:
    """Whether a process is there and no zombie (who is nobody's child here stays one in some containers)."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
