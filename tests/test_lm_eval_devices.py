"""Where a model runs: a device that is not here is refused, the manifest names the one it was, memory may not do."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lm_eval.models.huggingface import HFLM

import humanevalpack as hep
from humanevalpack.errors import EnvironmentFault, HumanEvalPackError, UsageError
from humanevalpack.lm_eval_plugin.devices import check_device, memory_told
from humanevalpack.lm_eval_plugin.early_stop import ENDING, stopping_early
from humanevalpack.results.continuing import merged

pytest_plugins = ["tiny_models"]
pytestmark = pytest.mark.xdist_group("run")

ONE: dict[str, Any] = {
    "tasks": "humanevalfixtests-python",
    "dataset": "mini",
    "limit": 1,
    "max_new_tokens": 4,
    "predict_only": True,
}


def more_than_there_is(*_: object, **__: object) -> Any:
    return torch.empty(1 << 50)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A machine with as many GPUs as the test says."""
    gpus: int = request.param
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device("cuda"))
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: gpus > 0)
    monkeypatch.setattr(torch.accelerator, "device_count", lambda: gpus)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(
    ("machine", "name"), [(0, "cpu"), (2, "cpu"), (2, "cuda"), (2, "cuda:0"), (2, "cuda:1")], indirect=["machine"]
)
def test_a_device_of_this_machine_is_taken(name: str) -> None:
    check_device(name)


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(
    ("machine", "name", "kind", "message"),
    [
        (2, "cuda:7", UsageError, "device is 'cuda:7'; this machine has cuda, cuda:0, cuda:1, cpu"),
        (2, "gpu", UsageError, "device is 'gpu'; this machine has cuda, cuda:0, cuda:1, cpu"),
        (0, "gpu", UsageError, "device is 'gpu'; this machine has cpu"),
        (0, "cuda", EnvironmentFault, "device is 'cuda', and torch .* sees no GPU here: .*--device cpu"),
        (0, "cuda:1", EnvironmentFault, "device is 'cuda:1', and torch .* sees no GPU here"),
    ],
    indirect=["machine"],
)
def test_a_device_that_is_not_here_is_refused(name: str, kind: type[HumanEvalPackError], message: str) -> None:
    with pytest.raises(kind, match=message):
        check_device(name)


@pytest.mark.parametrize("settings", [{"device": "gpu"}, {"model_args": "device=gpu"}])
def test_a_run_refuses_it_before_anything_is_generated(
    untrained_model: Path, tmp_path: Path, settings: dict[str, Any]
) -> None:
    with pytest.raises(UsageError, match="device is 'gpu'; this machine has"):
        hep.run(untrained_model, output=tmp_path / "run", **ONE, **settings)
    assert (tmp_path / "run" / "generations.jsonl").read_bytes() == b""


@pytest.mark.parametrize("settings", [{"device": "cpu"}, {"model_args": "device=cpu"}])
def test_the_manifest_names_the_device(untrained_model: Path, tmp_path: Path, settings: dict[str, Any]) -> None:
    run = hep.run(untrained_model, output=tmp_path / "run", **ONE, **settings)
    assert list(run.manifest["devices"]) == ["cpu"]
    assert run.manifest["attention"] == "sdpa"


def test_a_run_that_went_on_elsewhere_names_both_devices() -> None:
    gpus = {"NVIDIA A100": {"driver": "550"}, "NVIDIA H100": {"driver": "580"}}
    before, now = ({"devices": {name: facts}} for name, facts in gpus.items())
    assert merged(before, now) == {"devices": gpus}


def test_a_batch_for_which_the_memory_is_too_small_is_said_with_what_to_change(
    untrained_model: Path, tmp_path: Path
) -> None:
    lm = HFLM(pretrained=str(untrained_model), device="cpu", batch_size=6)
    lm.model.generate = more_than_there_is
    with pytest.raises(EnvironmentFault, match=r"not enough for batches of 6 .*--batch-size.*torch: .*allocate memory"):
        hep.run(lm, output=tmp_path / "run", **ONE)


def test_another_error_of_torch_stays_what_it_is() -> None:
    with pytest.raises(RuntimeError, match="size of tensor") as error, memory_told("a batch", "give a smaller one"):
        torch.zeros(2) + torch.zeros(3)
    assert not isinstance(error.value, HumanEvalPackError)


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        ({ENDING: ["python", "reference", "\ndef"]}, 0),
        ({ENDING: ["python", "reference", "\ndef"], "num_beams": 2}, 1),
        ({}, 1),
    ],
    ids=["an answer whose end is found here", "beams", "a description"],
)
def test_lm_eval_s_own_search_for_stop_words_is_left_out_only_where_ours_has_them_all(
    arguments: dict[str, Any], left: int
) -> None:
    theirs = object()
    asked: list[Any] = []

    def generate(*, stopping_criteria: list[Any], input_ids: Any, **_: Any) -> Any:
        asked.extend(stopping_criteria)
        return input_ids

    lm = SimpleNamespace(model=SimpleNamespace(generate=generate), tok_decode=lambda _, **__: "<end>", eot_token_id=0)
    stopping_early(lm)(input_ids=torch.zeros(1, 2), stopping_criteria=[theirs], **arguments)
    assert asked.count(theirs) == left
