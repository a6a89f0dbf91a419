"""octopack_data.executors: the same files from every executor, in any order of parts, and after any end."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from commit_rows import made_rows
from humanevalpack.errors import EnvironmentFault, InputError, UsageError
from octopack_data.duplicates import DuplicateSettings, deduplicate
from octopack_data.executors import SlurmSettings, WaitingExecutor, run_on
from octopack_data.filtering import FilterSettings, FilterWork, filter_stage
from octopack_data.manifests import read_manifest, sha256_of
from octopack_data.mixture_settings import MixSettings, MixSource
from octopack_data.mixtures import mix
from octopack_data.pairs import PairSettings, make_pairs
from octopack_data.parts import PartResult, Stage, run_stage
from octopack_data.rows import write_rows
from octopack_data.sources import Part, find_parts
from slurm_commands import make_slurm

SETTINGS = FilterSettings(token_rule=False, excluded_share=0.5)
SLURM = SlurmSettings(partition="cpu", sbatch={"account": "octo"})


@dataclass(frozen=True)
class Killed:
    """The work of the filter; the process that comes to one part ends with SIGKILL as long as a file is not there."""

    part: str
    mended: Path

    def __call__(self, part: Part, output: Path) -> PartResult:
        if part.name == self.part and not self.mended.exists():
            self.mended.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return FilterWork(SETTINGS)(part, output)


def stage(folder: Path, output: Path) -> Stage:
    return filter_stage(find_parts(folder), output, SETTINGS)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rows")
    rows = list(made_rows(1000))
    for part in range(5):
        write_rows(folder / f"p{part}.jsonl.zst", rows[part * 200 : part * 200 + 200])
    return folder


@pytest.fixture(scope="module")
def whole(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What an undisturbed run in one process writes."""
    output = tmp_path_factory.mktemp("whole") / "out"
    run_on("processes", stage(source, output), progress=False)
    return written(output)


def written(output: Path) -> dict[str, Any]:
    files = [*output.glob("data/**/*"), *output.glob("excluded/**/*")]
    hashes = {path.relative_to(output).as_posix(): sha256_of(path) for path in files if path.is_file()}
    assert len(hashes) > 20
    return hashes | {key: value for key, value in read_manifest(output).items() if key != "created"}


@pytest.mark.parametrize(("executor", "workers"), [("processes", 1), ("processes", 4), ("local", 1), ("local", 2)])
def test_processes_and_datatrove_write_the_same(
    executor: Any, workers: int, source: Path, whole: Any, tmp_path: Path
) -> None:
    manifest = run_on(executor, stage(source, tmp_path / "out"), workers=workers, progress=False)
    assert manifest is not None
    assert written(tmp_path / "out") == whole


def test_the_order_of_parts_does_not_matter(source: Path, whole: Any, tmp_path: Path) -> None:
    parts = find_parts(source)
    for name, order in (("back", parts[::-1]), ("mixed", [*parts[2:], *parts[:2]])):
        run_stage(filter_stage(order, tmp_path / name, SETTINGS), progress=False)
        files = written(tmp_path / name)
        assert sorted(files.pop("inputs"), key=str) == sorted(whole["inputs"], key=str)
        assert sorted(files.pop("outputs"), key=str) == sorted(whole["outputs"], key=str)
        assert files == {key: value for key, value in whole.items() if key not in ("inputs", "outputs")}


@pytest.mark.parametrize(("executor", "workers"), [("processes", 1), ("processes", 2), ("local", 2)])
def test_after_kill_9_the_same_call_goes_on(
    executor: str, workers: int, source: Path, whole: Any, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    program = (
        "import sys\nfrom dataclasses import replace\nfrom test_data_executors import *\n"
        "source, output, mended, executor, workers = sys.argv[1:]\n"
        "killed = replace(stage(Path(source), Path(output)), work=Killed('p3', Path(mended)))\n"
        "run_on(executor, killed, workers=int(workers), progress=False)\n"
    )
    arguments = [str(source), str(output), str(tmp_path / "mended"), executor, str(workers)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with (tmp_path / "log").open("w") as log:  # no pipe: datatrove's own processes outlive a killed parent for a while
        ended = subprocess.run([sys.executable, "-c", program, *arguments], env=environment, check=False, stderr=log)
    if executor == "processes" and workers == 1:
        assert ended.returncode == -signal.SIGKILL
    else:
        assert "filter: a worker was killed, perhaps for memory" in (tmp_path / "log").read_text()
    assert not (output / "manifest.json").exists()
    marked = [part.name for part in stage(source, output).parts if stage(source, output).mark(part).exists()]
    assert "p3" not in marked
    done = {path: path.stat().st_mtime_ns for name in marked for path in output.glob(f"data/*/{name}.*")}
    run_on("local" if executor == "processes" else "processes", stage(source, output), workers=2, progress=False)
    assert written(output) == whole
    assert all(path.stat().st_mtime_ns == time for path, time in done.items())


@pytest.mark.parametrize(("executor", "workers"), [("processes", 2), ("local", 1), ("local", 2)])
def test_an_error_of_a_row_is_said_by_each_executor(executor: Any, workers: int, source: Path, tmp_path: Path) -> None:
    for name in ("p0.jsonl.zst", "p1.jsonl.zst"):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / name).write_bytes((source / name).read_bytes())
    (tmp_path / "in" / "p2.jsonl").write_text('{"commit": 1}\n')
    with pytest.raises(InputError, match=r"p2.jsonl, line 1: no column 'old_file'"):
        run_on(executor, stage(tmp_path / "in", tmp_path / "out"), workers=workers, progress=False)


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the jobs of the fake Slurm are."""
    monkeypatch.setenv("PATH", f"{make_slurm(tmp_path / 'slurm')}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    return tmp_path / "slurm" / "jobs"


def jobs(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


@pytest.fixture
def two(source: Path, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """Two of the parts, and what an undisturbed run makes of them: each task of an array is a Python that starts."""
    for name in ("p0.jsonl.zst", "p1.jsonl.zst"):
        (tmp_path / "two").mkdir(exist_ok=True)
        (tmp_path / "two" / name).write_bytes((source / name).read_bytes())
    run_on("processes", stage(tmp_path / "two", tmp_path / "undisturbed"), progress=False)
    return tmp_path / "two", written(tmp_path / "undisturbed")


def test_slurm_jobs_are_an_array_over_parts_and_a_job_behind_it(two: Any, slurm: Path, tmp_path: Path) -> None:
    assert run_on("slurm", stage(two[0], tmp_path / "out"), workers=3, slurm=SLURM) is None
    work, statistics, end, _ = jobs(slurm)
    assert work["told"] | {"array": "0-1%3", "partition": "cpu", "account": "octo", "requeue": ""} == work["told"]
    assert work["told"]["job-name"] == "octopack-filter"
    assert "launch_pickled_pipeline" in work["script"]
    assert f'export PATH="{Path(sys.executable).parent}:$PATH"' in work["script"]
    assert statistics["told"]["dependency"] == "afterok:1"
    assert end["told"]["array"] == "0-0"
    assert "--dependency=afterok:1" in end["options"]
    assert written(tmp_path / "out") == two[1]


def test_a_lost_slurm_task_is_done_by_the_same_command_later(
    two: Any, slurm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILL_TASK", "1:1")
    run_on("slurm", stage(two[0], tmp_path / "out"), slurm=SLURM)
    assert [part.name for part in stage(two[0], tmp_path / "out").left()] == ["p1"]
    assert not (tmp_path / "out" / "manifest.json").exists()
    monkeypatch.delenv("KILL_TASK")
    run_on("slurm", stage(two[0], tmp_path / "out"), slurm=SLURM)
    assert written(tmp_path / "out") == two[1]


@pytest.mark.full
def test_fewer_tasks_than_parts_and_short_arrays_do_every_part(
    source: Path, whole: Any, slurm: Path, tmp_path: Path
) -> None:
    few = SLURM.model_copy(update={"tasks": 2, "max_array_size": 1})
    run_on("slurm", stage(source, tmp_path / "out"), slurm=few)
    assert [job["told"]["array"] for job in jobs(slurm)[:2]] == ["0-0%1", "0-0%1"]
    assert written(tmp_path / "out") == whole


def test_slurm_without_settings_is_refused(source: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--slurm FILE.yaml with at least `partition: NAME`"):
        run_on("slurm", stage(source, tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def ray_cluster() -> Iterator[None]:
    """Ray on this machine, with two processors."""
    ray = pytest.importorskip("ray")
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("RAY_ADDRESS", raising=False)
        environment.setenv("RAY_USAGE_STATS_ENABLED", "0")
        environment.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        ray.init(num_cpus=2, object_store_memory=10**8, include_dashboard=False, log_to_driver=False)
        yield
        ray.shutdown()


@pytest.mark.xdist_group("ray")
def test_ray_writes_the_same_after_a_part_was_killed(
    ray_cluster: None, source: Path, whole: Any, tmp_path: Path
) -> None:
    with pytest.raises(EnvironmentFault, match=r"1 of 5 parts failed \(p3 first\); see .*logs, then run the same"):
        run_on("ray", replace(stage(source, tmp_path / "out"), work=Killed("p3", tmp_path / "mended")), workers=2)
    run_on("ray", stage(source, tmp_path / "out"), workers=2)
    assert written(tmp_path / "out") == whole


@pytest.mark.xdist_group("ray")
def test_ray_runs_passes_that_wait_for_each_other(ray_cluster: None, source: Path, tmp_path: Path) -> None:
    left = []
    for executor in ("processes", "ray"):
        settings = DuplicateSettings(near="new", exact=("subject",))
        output = tmp_path / executor
        deduplicate(find_parts(source), output, settings, workers=2, executor=executor, progress=False)
        left.append({path.name: sha256_of(path) for path in output.glob("data/*")})
    assert left[0] == left[1] != {}


def training_sets(executor: WaitingExecutor, workers: int, source: Path, output: Path) -> Any:
    """The hashes and counts of pairs and of a mixture, which an executor has written."""
    commits = MixSource(name="commits", source=str(source), form="commit", weight=3)
    few = MixSource(name="few", source=str(source / "p0.jsonl.zst"), form="instruction", weight=1)
    way: dict[str, Any] = {"workers": workers, "executor": executor, "progress": False}
    make_pairs(find_parts(source), output / "pairs", PairSettings(form="bigcode", valid=0.2), **way)
    mix(MixSettings(sources=(commits, few), valid=0.2), output / "mix", **way)
    sides = [f"{name}/{side}/data" for name in ("pairs", "mix") for side in ("train", "valid")]
    hashes = {side: [sha256_of(path) for path in sorted((output / side).iterdir())] for side in sides}
    assert all(hashes.values())
    return hashes, [read_manifest(output / name)["counts"] for name in ("pairs", "mix")]


@pytest.fixture(scope="module")
def one_worker(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return training_sets("processes", 1, source, tmp_path_factory.mktemp("one"))


@pytest.mark.parametrize(("executor", "workers"), [("processes", 3), ("local", 1), ("local", 2)])
def test_pairs_and_mixtures_are_the_same_whoever_makes_them(
    executor: Any, workers: int, source: Path, one_worker: Any, tmp_path: Path
) -> None:
    assert training_sets(executor, workers, source, tmp_path) == one_worker


@pytest.mark.full
@pytest.mark.xdist_group("ray")
def test_pairs_and_mixtures_of_ray_are_the_same(
    ray_cluster: None, source: Path, one_worker: Any, tmp_path: Path
) -> None:
    assert training_sets("ray", 2, source, tmp_path) == one_worker
