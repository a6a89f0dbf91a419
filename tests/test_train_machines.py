"""octopack_train.training.beginning: several machines, each with a disk of its own, begin one run or none."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from octopack_train.checkpoints import seal
from octopack_train.prepared import prepare
from octopack_train.recipes.reading import read_recipe
from octopack_train.run_folder import write_config
from training_rows import example_rows, written

pytestmark = pytest.mark.xdist_group("training")

SETTINGS = ["data.path=rows.jsonl", "output=run", "data.text=question-answer", "sequence.packing=none"]
RECIPE = read_recipe("tiny-smoke", SETTINGS)
RUN = {"run": "0123abcd"}


def started(command: list[str], places: list[Path], **environment: str) -> list[subprocess.CompletedProcess[str]]:
    """Start a command on two machines: as processes that are each the first of theirs, in folders of their own."""
    own = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "0"}
    begun = [
        subprocess.Popen(
            command,
            cwd=place,
            env=own | environment | {"RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank, place in enumerate(places)
    ]
    try:
        said = [process.communicate(timeout=300) for process in begun]
    finally:
        for process in begun:
            process.kill()
    return [
        subprocess.CompletedProcess(command, process.returncode, *texts)
        for process, texts in zip(begun, said, strict=True)
    ]


def case(folder: Path, name: str, resume: str | None = None) -> list[Path]:
    """Two machines with the same rows; return their folders."""
    places = [folder / name / f"machine{rank}" for rank in range(2)]
    for place in places:
        written(place / "rows.jsonl", *example_rows(8))
    (folder / name / "case.json").write_text(json.dumps({"settings": SETTINGS, "resume": resume}), "utf-8")
    return places


def run_at(place: Path) -> Path:
    """A run of two processes that has a checkpoint."""
    run = place / "run"
    (run / "checkpoint-1").mkdir(parents=True)
    write_config(RECIPE, run)
    (run / "environment.json").write_text(json.dumps(RUN), "utf-8")
    (run / "checkpoint-1" / "rng_state_0.pth").touch()
    seal(run / "checkpoint-1", 2, "ddp")
    return run


def cases(folder: Path) -> None:
    case(folder, "own disks")
    first, second = case(folder, "one disk")
    shutil.rmtree(second)
    second.symlink_to(first)
    _, second = case(folder, "stale data")
    written(second / "other.jsonl", *example_rows(5))
    other = read_recipe("tiny-smoke", [*SETTINGS, f"data.path={second / 'other.jsonl'}"]).settings
    prepare(other, second / "run" / "data")
    _, second = case(folder, "other rows")
    written(second / "rows.jsonl", *example_rows(5))
    _, second = case(folder, "precious data")
    (second / "run" / "data").mkdir(parents=True)
    (second / "run" / "data" / "precious").touch()
    first, _ = case(folder, "a run is there")
    run_at(first)
    first, _ = case(folder, "checkpoint here only", "auto")
    run_at(first)
    first, second = case(folder, "another checkpoint", "auto")
    run_at(first)
    run_at(second)
    first, second = case(folder, "checkpoint without chance", "auto")
    shutil.copytree(run_at(first), second / "run")
    first, second = case(folder, "copied, and a newer one", "auto")
    copy = shutil.copytree(run_at(first), second / "run")
    (copy / "checkpoint-1" / "rng_state_1.pth").touch()
    (copy / "checkpoint-2").mkdir()
    seal(copy / "checkpoint-2", 2, "ddp")


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Path:
    """All cases, gone through by two processes."""
    folder = tmp_path_factory.mktemp("machines")
    cases(folder)
    done = started([sys.executable, str(project / "tests" / "two_machines.py"), str(folder)], [folder, folder])
    assert [one.returncode for one in done] == [0, 0], "".join(one.stderr for one in done)
    return folder


def said(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads((folder / name / f"said{rank}.json").read_text("utf-8")) for rank in range(2)]


def test_each_disk_gets_the_data_and_is_held(begun: Path) -> None:
    first, second = said(begun, "own disks")
    assert first == second
    assert first["keeps"]
    for rank in range(2):
        assert (begun / "own disks" / f"machine{rank}" / "run" / "data" / "train.arrow").is_file()


def test_one_disk_is_prepared_by_the_main_process_alone(begun: Path) -> None:
    first, second = said(begun, "one disk")
    assert (first["keeps"], second["keeps"]) == (True, False)
    assert first["data"] == second["data"]
    assert list((begun / "one disk" / "machine0" / "run" / ".lock").iterdir()) == []


def test_data_of_another_run_is_not_trained_on(begun: Path) -> None:
    first, second = said(begun, "stale data")
    assert first["data"] == second["data"] == said(begun, "own disks")[0]["data"]
    report = json.loads((begun / "stale data" / "machine1" / "run" / "data" / "report.json").read_text("utf-8"))
    assert report["train"]["fingerprint"] == first["data"]["train"]


@pytest.mark.parametrize(
    ("name", "kind", "parts"),
    [
        ("other rows", "InputError", ["rank 1 on ", "machine1/run/data: the data prepared here is not", "rsync -a "]),
        ("precious data", "UsageError", ["rank 1 on ", "holds what a run would replace: data"]),
        ("a run is there", "UsageError", ["rank 0 on ", "run holds a run: --resume auto goes on"]),
        ("checkpoint here only", "InputError", ["rank 1 on ", "machine1/run/checkpoint-1 is not the", "rsync -a "]),
        ("another checkpoint", "InputError", ["rank 1 on ", "machine1/run/checkpoint-1 is not the", "rsync -a "]),
        ("checkpoint without chance", "InputError", ["rank 1 on ", "lacks rng_state_1.pth", "from the disk of the"]),
    ],
)
def test_what_fails_on_one_machine_ends_all_with_its_place(begun: Path, name: str, kind: str, parts: list[str]) -> None:
    first, second = said(begun, name)
    assert first == second
    assert first["kind"] == kind
    assert [part for part in parts if part not in first["error"]] == []


def test_nothing_is_replaced_where_a_run_ends_so(begun: Path) -> None:
    assert (begun / "precious data" / "machine1" / "run" / "data" / "precious").is_file()
    assert not (begun / "other rows" / "machine1" / "run" / "data.part").exists()
    assert not (begun / "precious data" / "machine0" / "run" / "data").exists()


def test_all_go_on_from_the_main_process_s_checkpoint_as_the_run_that_it_is(begun: Path) -> None:
    first, second = said(begun, "copied, and a newer one")
    assert first == second
    assert (first["checkpoint"], first["name"]) == ("checkpoint-1", "run-0123abcd")


@pytest.mark.full
def test_a_run_of_two_machines_goes_on_when_the_main_one_s_folder_was_copied(tmp_path: Path) -> None:
    def trained(places: list[Path], steps: int, *more: str) -> list[subprocess.CompletedProcess[str]]:
        changes = [*SETTINGS, "sequence.length=64", "batch.per_device=1", "batch.accumulation=2", "cadence.save=1"]
        changes.append(f"schedule.stop_after_steps={steps}")
        words = [word for change in changes for word in ("--set", change)]
        command = [sys.executable, "-m", "octopack_train.commands", "sft", "--recipe", "tiny-smoke", *words, *more]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        return started(command, places, MASTER_ADDR="127.0.0.1", MASTER_PORT=port)

    def losses(places: list[Path]) -> list[float]:
        lines = (places[0] / "run" / "metrics.jsonl").read_text("utf-8").splitlines()
        return [json.loads(line)["loss"] for line in lines]

    whole, halves = case(tmp_path, "whole"), case(tmp_path, "halves")
    for done in (trained(whole, 2), trained(halves, 1)):
        assert [one.returncode for one in done] == [0, 0], "".join(one.stderr for one in done)
    for one in trained(halves, 2, "--resume", "auto"):
        assert one.returncode == 2
        assert "checkpoint-1 is not the checkpoint from which the main process goes on" in one.stderr
    shutil.copytree(halves[0] / "run", halves[1] / "run", dirs_exist_ok=True)
    (halves[1] / "run" / "config.yaml.part").mkdir()
    for one in trained(halves, 2, "--resume", "auto"):  # what cannot be written on one ends both
        assert one.returncode == 3
        assert "Error: rank 1 on" in one.stderr
    (halves[1] / "run" / "config.yaml.part").rmdir()
    done = trained(halves, 2, "--resume", "auto")
    assert [one.returncode for one in done] == [0, 0], "".join(one.stderr for one in done)
    assert losses(halves) == losses(whole)
