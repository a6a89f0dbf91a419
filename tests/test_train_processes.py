"""octopack_train.training.processes: several processes share a step, and only in the way that was asked for."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, PartialState
from safetensors.torch import load_file

from humanevalpack.errors import EnvironmentFault, UsageError
from octopack_train.recipes.reading import read_recipe
from octopack_train.sizes import build
from octopack_train.training.processes import active_kind, check_active, check_before, set_precision
from training_rows import example_rows, written

pytestmark = pytest.mark.xdist_group("training")

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
RUNNER = ("-m", "octopack_train.commands", "sft", "--recipe", "tiny-smoke", "--json")


def settings(*changes: str) -> Any:
    return read_recipe("tiny-smoke", changes).settings


def started(command: list[str], *changes: str, **environment: str) -> subprocess.CompletedProcess[str]:
    words = [*command, *RUNNER, *(word for change in changes for word in ("--set", change))]
    own = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"} | environment
    return subprocess.run(words, capture_output=True, text=True, env=own, check=False, timeout=500)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model without dropout, whose masks would be others on each process."""
    from humanevalpack.demo.tiny_model import build_tokenizer

    folder = tmp_path_factory.mktemp("base")
    tokenizer = build_tokenizer([row["prompt"] + row["completion"] for row in example_rows(30)])
    shape = {"model_type": "gpt_bigcode", "n_positions": 64, "n_embd": 32, "n_layer": 2, "n_head": 2}
    dropout = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
    torch.manual_seed(0)
    build(shape | dropout | {"vocab_size": len(tokenizer)}, "cpu").save_pretrained(folder)  # type: ignore[operator]
    tokenizer.save_pretrained(folder)
    return folder


def test_two_processes_learn_what_one_does(tmp_path: Path, base: Path) -> None:
    rows = written(tmp_path / "rows.jsonl", *example_rows(30))
    same = [f"model.base={base}", "model.tokenizer=null", "model.random_weights=false", "model.architecture=null"]
    same += ["adapter.dropout=0", "data.text=question-answer", f"data.path={rows}", "sequence.length=64"]
    same += ["sequence.packing=none", "schedule.stop_after_steps=4", "batch.per_device=2", "batch.accumulation=2"]
    one = started([sys.executable], *same, f"output={tmp_path / 'one'}")
    two = started(TORCHRUN, *same, f"output={tmp_path / 'two'}")
    assert (one.returncode, two.returncode) == (0, 0), one.stderr + two.stderr
    assert json.loads(two.stdout)["steps"] == 4  # one process speaks
    found = [
        [json.loads(line) for line in (tmp_path / name / "metrics.jsonl").read_text("utf-8").splitlines()]
        for name in ("one", "two")
    ]
    for name in ("loss", "grad_norm", "trained_token_share", "passes"):
        values = [[line[name] for line in lines] for lines in found]
        assert values[1] == pytest.approx(values[0], rel=1e-4), name
    left, right = (load_file(tmp_path / name / "adapter" / "adapter_model.safetensors") for name in ("one", "two"))
    assert all(torch.allclose(left[name], right[name], atol=1e-5) for name in left)
    environment = json.loads((tmp_path / "two" / "environment.json").read_text("utf-8"))
    assert (environment["processes"], environment["accumulation"], environment["distribution"]) == (2, 1, "ddp")


def test_fsdp_that_would_silently_be_ddp_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(EnvironmentFault, match="fsdp2 needs CUDA: without it accelerate runs plain ddp instead"):
        check_before(settings("distributed.kind=fsdp2"))
    check_before(settings("distributed.kind=ddp"))


def test_a_run_on_two_processes_without_a_device_refuses_fsdp(tmp_path: Path) -> None:
    done = started(TORCHRUN, "distributed.kind=fsdp2", f"output={tmp_path / 'run'}", CUDA_VISIBLE_DEVICES="")
    assert done.returncode != 0
    assert "Error: distributed.kind: fsdp2 needs CUDA: without it accelerate runs plain ddp instead" in done.stderr
    assert not (tmp_path / "run" / "config.yaml").exists()


def test_what_the_fsdp_file_wraps_trains_as_what_is_not_shared_out(project: Path, tmp_path: Path) -> None:
    command = [*TORCHRUN, str(project / "tests" / "fsdp_two_processes.py"), str(tmp_path / "said.json")]
    own = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=own, check=False, timeout=500)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "said.json").read_text("utf-8"))
    assert found["wrapped"] == ["", *(f"base_model.model.transformer.h.{layer}" for layer in range(2))]
    assert found["share"] == pytest.approx(0.5, rel=0.01)
    assert found["shared"] == pytest.approx(found["plain"], rel=1e-5)
    assert found["plain"][1] < found["plain"][0]


def test_zero_without_deepspeed_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr("octopack_train.training.processes.find_spec", lambda name: None)
    with pytest.raises(EnvironmentFault, match=r"zero1 needs DeepSpeed.*pip install 'humanevalpack\[deepspeed\]'"):
        check_before(settings("distributed.kind=zero1"))
    check_before(settings("distributed.kind=ddp"))


def test_one_process_for_several_devices_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 8)
    with pytest.raises(UsageError, match="one process, 8 devices: start one a device with torchrun"):
        check_before(settings())


def test_fp16_without_a_device_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match="fp16 needs CUDA"):
        check_before(settings("precision=fp16"))


def test_fp16_on_one_process_has_no_copy_in_fp32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    own = settings("precision=fp16", "adapter=false", "model.weights=fp16", "distributed.kind=zero2")
    with pytest.raises(UsageError, match="precision: fp16 scales its loss"):
        check_before(own)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr("octopack_train.training.processes.find_spec", lambda name: object())
    check_before(own)


def test_why_fp16_needs_weights_in_fp32() -> None:
    scaler, weight = torch.amp.GradScaler("cpu"), torch.nn.Parameter(torch.ones(1, dtype=torch.float16))
    scaler.scale(weight.float().sum()).backward()  # type: ignore[no-untyped-call]
    with pytest.raises(ValueError, match="Attempting to unscale FP16 gradients"):
        scaler.unscale_(torch.optim.SGD([weight]))


class _Plugin:
    zero_stage, fsdp_version = 2, 2


class _State:
    deepspeed_plugin = fsdp_plugin = _Plugin()


class _Accelerator:
    """What the check reads of accelerate's, for kinds that need devices."""

    state, mixed_precision = _State(), "no"

    def __init__(self, kind: str) -> None:
        self.distributed_type = type("Kind", (), {"value": kind})


@pytest.mark.parametrize(
    ("kind", "active"),
    [("DEEPSPEED", "zero2"), ("FSDP", "fsdp2"), ("MULTI_GPU", "ddp"), ("MULTI_CPU", "ddp"), ("NO", "none")],
)
def test_what_is_active_in_a_recipes_words(kind: str, active: str) -> None:
    assert active_kind(_Accelerator(kind)) == active


@pytest.mark.parametrize(
    ("asked", "kind"), [("fsdp2", "MULTI_GPU"), ("zero3", "DEEPSPEED"), ("ddp", "FSDP"), ("ddp", "MEGATRON_LM")]
)
def test_another_kind_than_asked_for_is_an_error(monkeypatch: pytest.MonkeyPatch, asked: str, kind: str) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(EnvironmentFault, match=f"{asked} was asked for, .* is active on 2 processes"):
        check_active(settings(f"distributed.kind={asked}"), _Accelerator(kind))


def test_the_recipe_decides_about_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    for state in (AcceleratorState, PartialState):
        state._reset_state() if state is PartialState else state._reset_state(True)
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "bf16")
    accelerator = Accelerator(cpu=True)
    with pytest.raises(EnvironmentFault, match="precision: fp32 was asked for, bf16 is active"):
        check_active(settings(), accelerator)
    AcceleratorState._reset_state(True)
    set_precision(settings())
    assert check_active(settings(), Accelerator(cpu=True)) == "none"
    AcceleratorState._reset_state(True)
