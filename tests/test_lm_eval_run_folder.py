"""``run_folder``: everything is kept as it comes, and the same run goes on where it was."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lm_eval.models.huggingface import HFLM

import humanevalpack as hep
from humanevalpack.errors import SandboxFault, UsageError
from humanevalpack.lm_eval_plugin import background
from humanevalpack.lm_eval_plugin.seeds import derived
from humanevalpack.sandbox import Pool
from lm_eval_run_folder import DESCRIBE, FIX, GREEDY, LIMIT, SAMPLED, SYNTHESIZE, generations, lines, recorded, verdicts
from lm_eval_runs import Run, run
from openai_server import COMPLETIONS, serve

pytest_plugins = ["tiny_models"]
# One worker of pytest-xdist makes the models and runs that these tests share.
pytestmark = pytest.mark.xdist_group("lm_eval_runs")

ALL = 3 * LIMIT * 4


@pytest.fixture(scope="module")
def undisturbed(untrained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    folder = tmp_path_factory.mktemp("runs") / "undisturbed"
    return recorded(untrained_model, folder), folder


def copied(folder: Path, to: Path, **kept: int) -> Path:
    """A copy of a run's folder with so many lines of its files, and a torn one behind them."""
    to.mkdir()
    (to / "manifest.json").write_bytes((folder / "manifest.json").read_bytes())
    for name in ("generations", "verdicts"):
        whole = (folder / f"{name}.jsonl").read_bytes().splitlines(keepends=True)
        number = kept.get(name, len(whole))
        (to / f"{name}.jsonl").write_bytes(b"".join(whole[:number]) + b"".join(whole[number : number + 1])[:40])
    return to


def mute(folder: Path) -> HFLM:
    """A model that must not be asked."""
    lm = HFLM(pretrained=str(folder), device="cpu", batch_size=2)
    lm.model.generate = lambda *_, **__: pytest.fail("the model was asked")
    return lm


def test_the_folder_holds_what_the_sample_log_says(undisturbed: tuple[Run, Path]) -> None:
    done, folder = undisturbed
    read = hep.read_run(folder)
    assert len(read.samples) == ALL
    for task in (FIX, DESCRIBE, SYNTHESIZE):
        held = [(item.task_id, item.sample, item.generation, item.status) for item in read.samples if item.task == task]
        logged = [
            (document["doc"]["task_id"], sample["sample"], sample["generation"], sample["status"])
            for document in sorted(done.results["samples"][task], key=lambda document: int(document["doc_id"]))
            for sample in map(json.loads, document["filtered_resps"][0])
        ]
        assert held == logged
    assert read.score("fixtests", "python").mean == done.metric(FIX, "pass@1")


def test_the_manifest_says_how_the_run_was_made(undisturbed: tuple[Run, Path], untrained_model: Path) -> None:
    manifest = hep.read_run(undisturbed[1]).manifest
    assert manifest["tasks"] == [FIX, DESCRIBE, SYNTHESIZE]
    assert (manifest["model"], manifest["backend"], manifest["dtype"]) == (str(untrained_model), "hf", "float32")
    assert (manifest["prompt"], manifest["profile"], manifest["sandbox"]) == ("instruct", "reference", "process")
    assert manifest["prompt_templates"]["fixtests"] == hep.load_template("instruct").to_dict()
    assert "\ndef" in manifest["stop_words"]
    assert (manifest["n_samples"], manifest["temperature"], manifest["top_p"]) == (4, 0.8, 1.0)
    assert (manifest["max_new_tokens"], manifest["seed"], manifest["batch_size"]) == (12, 1234, 2)
    assert len(manifest["dataset_sha256"]["python"]) == len(manifest["prompt_sha256"]) == 64
    assert manifest["toolchains"]["python"].startswith("3.")
    assert {"humanevalpack", "lm_eval", "torch", "transformers"} <= set(manifest["packages"])
    assert manifest["model_arguments"]["device"] == "cpu"


def test_the_same_run_again_asks_and_judges_nothing(
    undisturbed: tuple[Run, Path], untrained_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, folder = undisturbed
    copy = copied(folder, tmp_path / "run")
    monkeypatch.setattr(Pool, "run", lambda *_, **__: pytest.fail("programs were executed") if _[1] else iter(()))
    again = recorded(mute(untrained_model), copy)
    for task in (FIX, SYNTHESIZE):
        assert again.metric(task, "pass@1") == done.metric(task, "pass@1")
        assert again.generations(task) == done.generations(task)
    for name in ("generations.jsonl", "verdicts.jsonl"):
        assert (copy / name).read_bytes() == (folder / name).read_bytes()


@pytest.mark.parametrize(("kept", "judged"), [(20, 3), (ALL - 1, 0), (ALL, 5)])
def test_a_run_that_was_cut_off_ends_as_an_undisturbed_one(
    undisturbed: tuple[Run, Path], untrained_model: Path, tmp_path: Path, kept: int, judged: int
) -> None:
    done, folder = undisturbed
    copy = copied(folder, tmp_path / "run", generations=kept, verdicts=judged)
    before = {name: (copy / name).read_bytes().rpartition(b"\n")[0] for name in ("generations.jsonl", "verdicts.jsonl")}
    again = recorded(untrained_model, copy)
    assert generations(copy) == generations(folder)
    assert verdicts(copy) == verdicts(folder)
    assert again.metric(SYNTHESIZE, "pass@1") == done.metric(SYNTHESIZE, "pass@1")
    for name, start in before.items():
        assert (copy / name).read_bytes().startswith(start), "nothing was overwritten"


@pytest.mark.parametrize(
    ("changed", "settings", "message"),
    [
        ({"temperature": 0.9}, {}, "temperature of humanevalfixtests-python 0.8, and now it is 0.9"),
        ({"prompt": "octocoder"}, {}, "prompt of .* 'instruct', and now it is 'octocoder'"),
        ({"n_samples": 5}, {}, "n_samples of .* 4, and now it is 5"),
        ({}, {"torch_random_seed": 5}, "seed 1234, and now it is 5"),
        ({}, {"batch_size": 3}, "sampled_with of batch_size 2, and now it is 3"),
        ({}, {"gen_kwargs": "top_p=0.5"}, "top_p of .* 1.0, and now it is 0.5"),
    ],
)
def test_a_run_does_not_go_on_with_other_settings(
    undisturbed: tuple[Run, Path],
    untrained_model: Path,
    changed: dict[str, Any],
    settings: dict[str, Any],
    message: str,
) -> None:
    before = (undisturbed[1] / "manifest.json").read_bytes()
    with pytest.raises(UsageError, match=message):
        recorded(untrained_model, undisturbed[1], {**SAMPLED, **changed}, **settings)
    assert (undisturbed[1] / "manifest.json").read_bytes() == before


def test_another_task_may_join_a_run_later(untrained_model: Path, tmp_path: Path) -> None:
    recorded(untrained_model, tmp_path / "run", GREEDY, tasks=FIX, limit=1)
    options = {**GREEDY, "prompt": "octocoder"}
    recorded(untrained_model, tmp_path / "run", options, tasks="humanevalsynthesize-python", limit=1)
    manifest = hep.read_run(tmp_path / "run").manifest
    assert manifest["prompt"] == {"fixtests": "instruct", "synthesize": "octocoder"}
    assert manifest["temperature"] == 0
    judged = (tmp_path / "run" / "verdicts.jsonl").read_bytes()
    again = hep.evaluate(tmp_path / "run", sandbox="process", confirm_unsafe=True)
    assert [item.status for item in again.samples].count("generated") == 0
    assert (tmp_path / "run" / "verdicts.jsonl").read_bytes() == judged, "evaluate makes the same programs"


def waits_at_call(number: int, ready: Callable[[], bool], generate: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which at one of its calls waits until something is so."""
    calls = 0

    def waiting(*values: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        deadline = time.monotonic() + 120
        while calls == number and not ready():
            assert time.monotonic() < deadline, "nothing is judged before everything is generated"
            time.sleep(0.01)
        return generate(*values, **named)

    return waiting


def test_programs_are_judged_while_the_model_writes(untrained_model: Path, tmp_path: Path) -> None:
    """The model does not go on to its last answer before there is a verdict."""
    lm = HFLM(pretrained=str(untrained_model), device="cpu")
    lm.model.generate = waits_at_call(6, lambda: bool(lines(tmp_path / "run" / "verdicts.jsonl")), lm.model.generate)
    recorded(lm, tmp_path / "run", GREEDY, tasks=FIX, limit=6)
    assert len(lines(tmp_path / "run" / "generations.jsonl")) == len(verdicts(tmp_path / "run")) == 6


def test_a_fault_of_the_sandbox_loses_no_generation_and_the_same_command_goes_on(
    undisturbed: tuple[Run, Path], untrained_model: Path, tmp_path: Path
) -> None:
    broken = hep.Verdict("sandbox_error", "no space left on device")

    class Broken:
        """A pool on a machine that cannot judge."""

        def __init__(self, **_: Any) -> None: ...

        def run(self, programs: list[Any], *, on_verdict: Callable[[int, hep.Verdict], None]) -> Any:
            for place in range(len(programs)):
                on_verdict(place, broken)
            return hep.run_programs([], sandbox="process", confirm_unsafe=True)

        def close(self) -> None: ...

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(background, "Pool", Broken)
        with pytest.raises(SandboxFault, match=r"no space left on device(.|\n)*the same command goes on") as fault:
            recorded(untrained_model, tmp_path / "run")
    assert fault.value.exit_code == 3
    assert generations(tmp_path / "run") == generations(undisturbed[1])
    assert verdicts(tmp_path / "run") == {}
    recorded(mute(untrained_model), tmp_path / "run")
    assert verdicts(tmp_path / "run") == verdicts(undisturbed[1])


def test_a_server_is_paid_only_for_what_is_missing(untrained_model: Path, tmp_path: Path) -> None:
    with serve(untrained_model) as server:
        arguments = f"model={untrained_model},base_url={server.url}{COMPLETIONS},max_length=4096,num_concurrent=2"
        settings: dict[str, Any] = {"tasks": FIX, "model_args": arguments, "batch_size": 1}
        recorded("local-completions", tmp_path / "whole", **settings)
        copied(tmp_path / "whole", tmp_path / "cut", generations=5)
        server.requests.clear()
        recorded("local-completions", tmp_path / "cut", **settings)
        asked = [body["seed"] for _, body in server.requests if body["max_tokens"] > 1]
    assert generations(tmp_path / "cut") == generations(tmp_path / "whole")
    assert len(asked) == 4 * LIMIT - 5
    assert set(asked) == {derived(1234, sample) for sample in range(4)}


def test_what_was_predicted_only_is_judged_by_the_same_run_without_it(untrained_model: Path, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"tasks": FIX, "limit": 2}
    recorded(untrained_model, tmp_path / "run", predict_only=True, **settings)
    assert lines(tmp_path / "run" / "verdicts.jsonl") == []
    recorded(mute(untrained_model), tmp_path / "run", **settings)
    assert len(verdicts(tmp_path / "run")) == 8


def test_a_folder_with_other_things_is_left_alone(untrained_model: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work", "utf-8")
    with pytest.raises(UsageError, match="is not empty and holds no run"):
        run(FIX, mute(untrained_model), metadata={**GREEDY, "run_folder": str(tmp_path)}, limit=1)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
