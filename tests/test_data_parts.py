"""octopack_data.parts: the same output for any number of workers, and after any end."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from humanevalpack.errors import InputError
from octopack_data.manifests import read_manifest, sha256_of
from octopack_data.parts import PartResult, Stage, run_stage
from octopack_data.rows import read_rows, write_rows
from octopack_data.sources import Part, find_parts


@dataclass(frozen=True)
class Doubled:
    """A stage's work: each number twice. ``kill_at`` ends the process with SIGKILL at that part."""

    kill_at: str = ""
    fail_at: str = ""

    def __call__(self, part: Part, output: Path) -> PartResult:
        if part.name == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if part.name == self.fail_at:
            raise InputError(f"{part.path}: broken")
        name = f"data/{part.name}.jsonl"
        rows = write_rows(output / name, ({"n": 2 * row["n"]} for row in read_rows(part.path)))
        return PartResult(((name, rows),), {"rows": rows})


def source(folder: Path, parts: int = 5) -> Path:
    for part in range(parts):
        write_rows(folder / f"p{part}.jsonl", ({"n": n} for n in range(part, part + 10 * (part + 1))))
    return folder


def stage(folder: Path, output: Path, work: Doubled | None = None, **settings: object) -> Stage:
    return Stage("double", work or Doubled(), tuple(find_parts(folder)), output, {"mode": "fixed", **settings})


def outputs(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in sorted(folder.glob("data/*"))}


def facts(folder: Path) -> dict[str, object]:
    return {key: value for key, value in read_manifest(folder).items() if key != "created"}


def test_one_and_four_workers_write_the_same(tmp_path: Path) -> None:
    numbers = source(tmp_path / "in")
    for workers in (1, 4):
        run_stage(stage(numbers, tmp_path / f"out{workers}"), workers=workers, progress=False)
    assert outputs(tmp_path / "out1") == outputs(tmp_path / "out4") != {}
    assert facts(tmp_path / "out1") == facts(tmp_path / "out4")


def test_the_manifest_names_settings_counts_and_hashes(tmp_path: Path) -> None:
    numbers = source(tmp_path / "in", parts=2)
    manifest = run_stage(stage(numbers, tmp_path / "out"), progress=False)
    assert manifest["counts"] == {"rows": 30}
    assert manifest["settings"] == {"mode": "fixed"}
    assert [file["path"] for file in manifest["outputs"]] == ["data/p0.jsonl", "data/p1.jsonl"]
    assert [file["sha256"] for file in manifest["outputs"]] == list(outputs(tmp_path / "out").values())
    assert [file["sha256"] for file in manifest["inputs"]] == [sha256_of(part.path) for part in find_parts(numbers)]


def test_the_hash_of_an_input_is_taken_from_the_manifest_of_the_stage_that_wrote_it(tmp_path: Path) -> None:
    run_stage(stage(source(tmp_path / "in", 1), tmp_path / "first"), progress=False)
    manifest = read_manifest(tmp_path / "first")
    manifest["outputs"][0]["sha256"] = "told"
    (tmp_path / "first" / "manifest.json").write_text(json.dumps(manifest))
    second = run_stage(stage(tmp_path / "first", tmp_path / "second"), progress=False)
    assert [file["sha256"] for file in second["inputs"]] == ["told"]


def test_after_kill_9_the_same_command_ends_as_an_undisturbed_run(tmp_path: Path) -> None:
    numbers = source(tmp_path / "in")
    run_stage(stage(numbers, tmp_path / "whole"), progress=False)
    program = (
        "from test_data_parts import *\n"
        f"run_stage(stage(Path({str(numbers)!r}), Path({str(tmp_path / 'out')!r}), Doubled('p3')), progress=False)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run([sys.executable, "-c", program], env=environment, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert sorted(outputs(tmp_path / "out")) == ["data/p0.jsonl", "data/p1.jsonl", "data/p2.jsonl"]
    times = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out" / "data").iterdir()}
    run_stage(stage(numbers, tmp_path / "out"), progress=False)
    assert outputs(tmp_path / "out") == outputs(tmp_path / "whole")
    assert facts(tmp_path / "out") == facts(tmp_path / "whole")
    assert all((tmp_path / "out" / "data" / name).stat().st_mtime_ns == time for name, time in times.items())


def test_a_run_that_was_killed_as_it_began_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "out/.parts").mkdir(parents=True)
    (tmp_path / "out/.parts/stage.json.part").write_text('{"sta')
    run_stage(stage(source(tmp_path / "in"), tmp_path / "out"), progress=False)
    assert len(outputs(tmp_path / "out")) == 5


@pytest.mark.parametrize("workers", [1, 4])
def test_what_was_finished_before_an_error_stays(tmp_path: Path, workers: int) -> None:
    numbers = source(tmp_path / "in")
    with pytest.raises(InputError, match=r"p0.jsonl: broken"):
        run_stage(stage(numbers, tmp_path / "out", Doubled(fail_at="p0")), workers=workers, progress=False)
    assert not (tmp_path / "out" / "manifest.json").exists()
    run_stage(stage(numbers, tmp_path / "out"), workers=workers, progress=False)
    assert len(outputs(tmp_path / "out")) == 5


def test_other_settings_are_refused_with_both_values(tmp_path: Path) -> None:
    numbers = source(tmp_path / "in")
    run_stage(stage(numbers, tmp_path / "out"), progress=False)
    with pytest.raises(InputError, match=r"mode is 'fixed' there and 'published' now.*--overwrite"):
        run_stage(stage(numbers, tmp_path / "out", mode="published"), progress=False)


def test_other_inputs_are_refused(tmp_path: Path) -> None:
    numbers = source(tmp_path / "in")
    run_stage(stage(numbers, tmp_path / "out"), progress=False)
    write_rows(numbers / "p1.jsonl", [{"n": 1}])
    with pytest.raises(InputError, match=r"the input's files are others"):
        run_stage(stage(numbers, tmp_path / "out"), progress=False)


def test_overwrite_starts_anew_and_leaves_no_old_file(tmp_path: Path) -> None:
    run_stage(stage(source(tmp_path / "five"), tmp_path / "out"), progress=False)
    two = source(tmp_path / "two", parts=2)
    run_stage(stage(two, tmp_path / "out", mode="published"), overwrite=True, progress=False)
    assert sorted(outputs(tmp_path / "out")) == ["data/p0.jsonl", "data/p1.jsonl"]


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("mine")
    with pytest.raises(InputError, match=r"is not empty and holds no run"):
        run_stage(stage(source(tmp_path / "in"), tmp_path / "out"), overwrite=True, progress=False)


def test_the_published_layout_and_a_stage_folder_are_sources(tmp_path: Path) -> None:
    for language in ("python", "c++"):
        write_rows(tmp_path / "pack" / "data" / language / "data.jsonl", [{"n": 1}])
    write_rows(tmp_path / "pack" / ".cache" / "old.jsonl", [{"n": 1}])
    assert [part.name for part in find_parts(tmp_path / "pack")] == ["c++/data", "python/data"]
    assert [part.name for part in find_parts(tmp_path / "pack" / "data" / "python" / "data.jsonl")] == ["data"]


def test_an_empty_source_and_a_part_in_two_formats_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no file or folder with files that end with .jsonl"):
        find_parts(tmp_path / "nothing" / "here" / "at-all")
    write_rows(tmp_path / "a.jsonl", [{"n": 1}])
    write_rows(tmp_path / "a.jsonl.zst", [{"n": 1}])
    with pytest.raises(InputError, match=r"a is there in two formats"):
        find_parts(tmp_path)
