"""``humanevalpack run``: one command from a model to scores, with a plan first, and nothing done twice."""

import json
import os
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import humanevalpack as hep
from generation_files import row, run_folder
from humanevalpack.commands import main
from humanevalpack.errors import EnvironmentFault, UsageError
from humanevalpack.lm_eval_plugin import toolchain_check
from humanevalpack.lm_eval_plugin.running import carry_out
from humanevalpack.presets import model_presets
from humanevalpack.sandbox import Toolchain

pytest_plugins = ["tiny_models"]
pytestmark = [pytest.mark.xdist_group("run"), pytest.mark.toolchain("python")]

TASKS = "humanevalexplain_python,humanevalfix_python"
NAMES = ["humanevalexplaindescribe-python", "humanevalexplainsynthesize-python", "humanevalfixtests-python"]
TINY: dict[str, Any] = {
    "tasks": TASKS,
    "device": "cpu",
    "batch_size": 4,
    "limit": 3,
    "dataset": "mini",
    "max_new_tokens": 8,
    "sandbox": "process",
    "confirm_unsafe": True,
}
FLAGS = (
    *("--tasks", TASKS, "--device", "cpu", "--batch-size", "4", "--limit", "3", "--dataset", "mini"),
    *("-o", "max_new_tokens=8", "--sandbox", "process", "--confirm_run_unsafe_code"),
)


def said(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    with pytest.raises(SystemExit) as end:
        main(["run", *map(str, arguments)])
    captured = capsys.readouterr()
    assert end.value.code == 0, captured.err
    return captured.out


def planned(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said(capsys, *arguments, "--dry-run", "--json"))
    return found


@pytest.fixture(scope="module")
def whole(untrained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> hep.Run:
    """A finished run."""
    return hep.run(untrained_model, output=tmp_path_factory.mktemp("run") / "whole", **TINY)


def test_a_run_s_folder_has_everything(whole: hep.Run, untrained_model: Path) -> None:
    assert sorted(path.name for path in whole.folder.iterdir()) == [
        *("generations.jsonl", "manifest.json", "scores.json", "verdicts.jsonl")
    ]
    assert whole.manifest["finished"] == dict.fromkeys(NAMES, 3)
    assert (whole.manifest["model"], whole.manifest["limit"]) == (str(untrained_model), 3)
    assert json.loads((whole.folder / "scores.json").read_text("utf-8")).keys() == set(NAMES)
    problems = {problem.task_id: problem for problem in hep.load_problems("python", "mini")}
    made = {
        sample.task_id: hep.extract_candidate(problems[sample.task_id], "explaindescribe", sample.generation)
        for sample in whole.samples
        if sample.task == NAMES[0]
    }
    assert {sample.task_id: sample.description for sample in whole.samples if sample.task == NAMES[1]} == made
    assert {sample.task_id: sample.candidate for sample in whole.samples if sample.task == NAMES[0]} == made


def test_a_finished_run_prints_its_scores_and_needs_no_model(
    whole: hep.Run, untrained_model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lm_eval.simple_evaluate", None)
    out = said(capsys, untrained_model, *FLAGS, "--output", whole.folder)
    assert f"Everything is in {whole.folder}\nNext: humanevalpack report {whole.folder}" in out
    assert all(name in out for name in NAMES)
    found = json.loads(said(capsys, untrained_model, *FLAGS, "--output", whole.folder, "--json"))
    assert (found["folder"], set(found["scores"])) == (str(whole.folder), set(NAMES))
    assert "finished" in planned(capsys, untrained_model, *FLAGS, "--output", whole.folder)["state"]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        *[({"limit": 4}, "limit"), ({"max_new_tokens": 9}, "max_new_tokens"), ({"tasks": NAMES[2]}, "tasks")],
        ({"model_args": "peft=an/adapter"}, "model_args peft"),
    ],
)
def test_another_run_s_folder_is_refused(
    whole: hep.Run, untrained_model: Path, changed: dict[str, Any], named: str
) -> None:
    with pytest.raises(UsageError, match=f"begun with {named}"):
        hep.run(untrained_model, output=whole.folder, **{**TINY, **changed})


def test_generated_first_and_judged_without_the_model(
    whole: hep.Run, untrained_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generated = hep.run(untrained_model, output=tmp_path / "run", predict_only=True, **TINY)
    assert [sample.verdict for sample in generated.samples] == [None] * 9
    monkeypatch.setattr("lm_eval.simple_evaluate", None)
    judged = hep.run(untrained_model, output=tmp_path / "run", **TINY)
    assert [sample.status for sample in judged.samples] == [sample.status for sample in whole.samples]


@pytest.mark.toolchain("python", "js")
def test_a_language_that_was_left_out_is_added_once_it_can_be_judged(
    untrained_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = {**TINY, "tasks": f"{NAMES[2]},humanevalfixtests-js", "limit": 1, "missing_toolchains": "skip"}
    there = Toolchain("js", True, "20", (), (), "")
    gone = replace(there, available=False, missing=("node is missing",), version="")
    for js in (gone, there):
        found = {"js": js}
        monkeypatch.setattr(
            toolchain_check,
            "check_toolchains",
            lambda names, found=found, **how: {
                name: found.get(name) or hep.check_toolchains([name], **how)[name] for name in names
            },
        )
        run = hep.run(untrained_model, output=tmp_path / "run", **two)
        assert run.manifest.get("left_out", {}).keys() == ({"js"} if js is gone else set())
        assert run.manifest["toolchains"].keys() == ({"python"} if js is gone else {"python", "js"})
    assert set(run.tasks) == {("fixtests", "python"), ("fixtests", "js")}


def test_a_folder_of_another_command_that_holds_more_is_refused(tmp_path: Path) -> None:
    plan = hep.plan_run("m", output=tmp_path / "run", **{**TINY, "confirm_unsafe": None, "limit": 2, "tasks": NAMES[2]})
    run_folder(plan.folder, [row(NAMES[2], number) for number in range(3)])
    with pytest.raises(UsageError, match=r"holds .*, Python/2, which this run does not ask"):
        carry_out(plan, confirm_unsafe=True)


def test_overwrite_begins_anew(untrained_model: Path, tmp_path: Path) -> None:
    one = {**TINY, "tasks": NAMES[2], "limit": 1}
    hep.run(untrained_model, output=tmp_path / "run", **one)
    again = hep.run(untrained_model, output=tmp_path / "run", overwrite=True, **{**one, "limit": 2})
    assert len(again.samples) == 2


def test_a_model_that_cannot_be_loaded_is_no_traceback_and_binds_nobody(untrained_model: Path, tmp_path: Path) -> None:
    one = {**TINY, "tasks": NAMES[2], "limit": 1, "output": tmp_path / "run"}
    with pytest.raises(EnvironmentFault, match=r"(?s)no-such-model could not be loaded \(backend hf\): .*Is the name"):
        hep.run(tmp_path / "no-such-model", **one)
    del one["device"]  # without one: cuda, or the cpu where there is none
    assert len(hep.run(untrained_model, **one).samples) == 1


def test_the_printed_command_of_lm_eval_makes_the_same_answers(
    whole: hep.Run, untrained_model: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    command = shlex.split(planned(capsys, untrained_model, *FLAGS, "--output", tmp_path / "run")["command"])
    assert command[:2] == ["lm_eval", "run"]
    arguments = [*command[1:], "--confirm_run_unsafe_code"]
    done = subprocess.run([sys.executable, "-m", "lm_eval", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    theirs = hep.read_run(tmp_path / "run")
    assert [sample.generation for sample in theirs.samples] == [sample.generation for sample in whole.samples]


def test_two_processes_make_one_run(whole: hep.Run, untrained_model: Path, tmp_path: Path) -> None:
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m", "humanevalpack.commands"]
    command = [sys.executable, *launcher, "run", str(untrained_model), *FLAGS, "--output", str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ})
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("Everything is in") == 1
    shared = hep.read_run(tmp_path / "run")
    assert [sample.generation for sample in shared.samples] == [sample.generation for sample in whole.samples]
    assert shared.manifest["finished"] == whole.manifest["finished"]


@pytest.mark.parametrize("name", model_presets())
def test_every_preset_plans_its_model_without_a_hub(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("humanevalpack.problems.hub_rows", None)
    preset, found = model_presets()[name], planned(capsys, "--preset", name)
    values = {key: setting["value"] for key, setting in found["settings"].items()}
    assert (values["model"], values["backend"], values["prompt"]) == (preset.model, preset.backend, preset.prompt)
    assert (values["batch_size"], values["total_length"]) == (preset.batch_size, preset.total_length)
    assert values.get("model_args dtype") == preset.dtype
    assert values["apply_chat_template"] == (preset.prompt == "chat")
    assert {task.split("-")[0].removeprefix("humaneval") for task in found["tasks"]} == set(preset.scenarios)
    assert set(found["tasks"].values()) == {164}
    assert found["settings"]["model"]["from"] == f"preset {name}"


def test_a_plan_says_where_every_setting_comes_from(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUMANEVALPACK_WORKERS", "3")
    arguments = ("mine/octocoder-7b", "--preset", "octopack-paper", "-n", "5", "--tasks", "humanevalpack_mini")
    found = planned(capsys, *arguments)
    origins = {name: (item["value"], item["from"]) for name, item in found["settings"].items()}
    assert origins["n_samples"] == (5, "the arguments")
    assert origins["temperature"] == (0.2, "preset octopack-paper")
    assert origins["workers"] == (3, "the environment")
    assert origins["dataset"] == ("mini", "the tasks")
    assert origins["profile"] == ("reference", "default")
    assert found["answers"] == sum(found["tasks"].values()) * 5
    assert found["prompt"]["reason"].startswith("octocoder: model name")
    assert found["folder"] == "results/octocoder-7b-humanevalpack_mini"
    table = said(capsys, *arguments, "--dry-run")
    assert found["command"] in table
    assert "preset octopack-paper" in table


def test_an_adapter_has_a_folder_of_its_own() -> None:
    plan = hep.plan_run("org/base", model_args="peft=org/adapter/", tasks=NAMES[2])
    assert plan.folder == Path(f"results/base+adapter-{NAMES[2]}")


def test_the_seed_reaches_engines_and_servers_that_draw_themselves() -> None:
    def seed(**settings: Any) -> Any:
        return hep.plan_run("m", tasks=NAMES[2], seed=7, **settings).arguments.get("seed")

    there = {"model_args": "base_url=http://localhost:1/v1/completions"}
    assert seed(backend="vllm") == seed(backend="local-completions", **there) == 7
    assert seed(backend="local-chat-completions", **there) == 7
    assert seed(backend="vllm", model_args="seed=3") == 3, "what is said to the model itself counts"
    assert seed(backend="hf") is seed(backend="anthropic-chat") is None, "they know no such argument"


WRONG = {
    "no model": ((), ["no model", "presets list"]),
    "backend": (("m", "--backend", "vlm"), ["vlm", "did you mean vllm"]),
    "task": (("m", "--tasks", "humanevalfix-go"), ["humanevalfix-go", "did you mean"]),
    "preset": (("m", "--preset", "octo"), ["octo", "octopack-paper", "octocoder"]),
    "option": (("m", "-o", "temprature=1"), ["temprature", "did you mean temperature"]),
    "option without a value": (("m", "-o", "top_p"), ["top_p", "NAME=VALUE"]),
    "option twice": (("m", "--prompt", "a", "-o", "prompt=b"), ["prompt is given twice"]),
    "option of another": (("m", "-o", "colour=red"), ["colour", "not known"]),
    "value": (("m", "--temperature", "-1"), ["temperature is -1", "the arguments"]),
    "samples": (("m", "-n", "0"), ["at least 1"]),
    **{f"limit {limit}": (("m", "--limit", limit, "--dry-run"), ["limit is"]) for limit in ("0", "-3", "nan", "1.5")},
    "shard": (("m", "--shard", "3/2"), ["3/2", "1/8"]),
    "shard by": (("m", "--shard", "1/2", "--shard-by", "row"), ["row", "problem, language, task"]),
    "shard empty": (("m", "--shard", "7/7", "--shard-by", "language"), ["7/7 by language is empty", "6 parts"]),
    "model argument without a value": (("m", "--model-args", "a=1,dtype"), ["'dtype'", "key=value"]),
    "gen_kwargs without a value": (("m", "--gen-kwargs", "top_p", "--dry-run"), ["'top_p'", "key=value"]),
    **{f"batch {size}": (("m", "--batch-size", size), [repr(size), "auto:4"]) for size in ("x", "0", "auto:x", "2.5")},
    **{
        f"{backend} without a server": (("m", "--backend", backend), ["base_url is None", "base_url=http://localhost"])
        for backend in ("local-completions", "local-chat-completions")
    },
    "model twice": (("m", "--model-args", "pretrained=n"), ["named twice"]),
    "kept generations": (("m", "-o", "generations=x"), ["humanevalpack evaluate"]),
    "unconfirmed": (("m", "--sandbox", "process"), ["process", "confirm"]),
}


@pytest.mark.parametrize(("arguments", "parts"), WRONG.values(), ids=WRONG)
def test_wrong_usage_names_what_works(
    arguments: tuple[str, ...], parts: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["run", *arguments])
    error = capsys.readouterr().err
    assert end.value.code == 2, error
    assert all(part in error for part in parts), error
