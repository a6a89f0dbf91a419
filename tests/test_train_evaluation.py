"""octopack_train.training.evalhook: HumanEvalPack while training, in a process of its own."""

import json
from pathlib import Path

import pytest

from octopack_train.config.running import EvaluationSettings
from octopack_train.recipes.reading import read_recipe
from octopack_train.training.evalhook import evaluation_command, scores, without_launcher
from octopack_train.training.sft import train
from page_commands import check
from training_rows import example_rows, written

pytestmark = pytest.mark.xdist_group("training")


def test_the_command_is_one_that_there_is(project: Path, tmp_path: Path) -> None:
    settings = EvaluationSettings(every=5, scenario="fixtests", languages=("python", "go"), max_new_tokens=64)
    command = evaluation_command(settings, "pretrained=base,peft=adapter", tmp_path, "cpu")
    assert command[1:3] == ["-m", "humanevalpack.commands"]
    check(command, project)
    assert command[command.index("--tasks") + 1] == "humanevalfixtests-python,humanevalfixtests-go"
    assert command[command.index("--model-args") + 1] == "pretrained=base,peft=adapter"


@pytest.mark.parametrize("kind", ["ddp", "fsdp2", "zero1"])
def test_what_launchers_set_is_not_handed_on(kind: str) -> None:
    said = {"ddp": "RANK=1 TORCHELASTIC_RUN_ID=x", "fsdp2": "ACCELERATE_USE_FSDP=true FSDP_VERSION=2"}
    said["zero1"] = "ACCELERATE_USE_DEEPSPEED=true ACCELERATE_DEEPSPEED_ZERO_STAGE=1"
    launched = dict(pair.split("=", 1) for pair in said[kind].split())
    assert without_launcher({"PATH": "/bin", "CUDA_VISIBLE_DEVICES": "0"} | launched) == {
        "PATH": "/bin",
        "CUDA_VISIBLE_DEVICES": "0",
    }


def test_scores_are_named_by_their_tasks() -> None:
    report = {"scores": {"humanevalsynthesize-python": {"problems": 2, "pass@1": 0.5}}}
    assert scores(report) == {"humanevalpack/humanevalsynthesize-python": 0.5}


def test_a_measurement_that_fails_is_said_and_training_goes_on(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = evaluated(tmp_path, f"evaluation.dataset={tmp_path / 'nothing'}")
    assert [line.get("humanevalpack/failed") for line in lines] == [1.0, None]
    assert lines[1]["loss"] > 0
    assert "evaluation: humanevalpack run ended with 2" in capfd.readouterr().err
    assert "nothing' is not known" in (tmp_path / "run" / "evaluation" / "step-1" / "log.txt").read_text("utf-8")


@pytest.mark.full
@pytest.mark.namespaces
@pytest.mark.toolchain("python")
def test_an_adapter_is_measured_while_it_is_trained(tmp_path: Path) -> None:
    lines = evaluated(tmp_path, "evaluation.dataset=mini", "evaluation.sandbox=local")
    assert [line["humanevalpack/humanevalsynthesize-python"] for line in lines if "loss" not in line] == [0.0]
    assert (tmp_path / "run" / "evaluation" / "step-1" / "model" / "adapter_config.json").is_file()


def evaluated(folder: Path, *changes: str) -> list[dict[str, float]]:
    rows = written(folder / "rows.jsonl", *example_rows(8))
    own = [f"data.path={rows}", f"output={folder / 'run'}", "data.text=question-answer", "sequence.length=64"]
    own += [
        "schedule.stop_after_steps=1",
        "evaluation.every=1",
        "evaluation.problems=2",
        "evaluation.max_new_tokens=16",
    ]
    train(read_recipe("tiny-smoke", [*own, *changes]))
    return [json.loads(line) for line in (folder / "run" / "metrics.jsonl").read_text("utf-8").splitlines()]
