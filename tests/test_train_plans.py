"""octopack_train.plans and launching: what a run would do, and the commands that start it."""

import json
import shlex
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from accelerate.commands.config.config_args import load_config_from_file
from accelerate.commands.launch import _validate_launch_command, launch_command_parser
from accelerate.utils.launch import prepare_multi_gpu_env
from torch.distributed.run import get_args_parser, get_rdzv_endpoint

from humanevalpack.errors import UsageError
from octopack_train.config.optimization import BatchSettings
from octopack_train.config.running import Distribution
from octopack_train.launching import LAUNCHERS, launch_command
from octopack_train.plan_text import plan_text
from octopack_train.plans import Plan, accumulation_for, make_plan, plan_values
from octopack_train.recipes.reading import read_recipe

SFT = ["sft", "--recipe", "octocoder"]
SHARDED = [kind for kind in get_args(Distribution) if kind != "ddp"]


def plan(name: str, *settings: str, devices: int | None = None, machines: int = 1) -> Plan:
    return make_plan(read_recipe(name, settings), ["sft", "--recipe", name], devices, machines)


@pytest.fixture(scope="module")
def octocoder() -> Plan:
    return plan("octocoder")


def test_octocoder_sees_two_million_tokens(octocoder: Plan) -> None:
    assert (octocoder.tokens_per_step, octocoder.tokens) == (65_536, 1_966_080)


def test_octogeex_sees_twenty_million_tokens_and_has_no_counts_without_a_base() -> None:
    octogeex = plan("octogeex")
    assert octogeex.tokens == 19_660_800
    assert octogeex.counts is None
    assert octogeex.memory == ()
    assert "parameters: not counted: the architecture of THUDM/codegeex2-6b is not known here" in plan_text(octogeex)


BATCH = BatchSettings(per_device=1, accumulation=4, devices=8)


@pytest.mark.parametrize(("devices", "accumulation"), [(1, 32), (2, 16), (8, 4), (16, 2), (32, 1)])
def test_a_step_has_the_same_rows_on_any_devices(devices: int, accumulation: int) -> None:
    assert accumulation_for(BATCH, devices) == accumulation


@pytest.mark.parametrize("devices", [3, 64])
def test_devices_that_cannot_share_a_step_are_refused_with_those_that_can(devices: int) -> None:
    with pytest.raises(UsageError, match=r"a step has 32 rows: .* devices that can: 1, 2, 4, 8, 16, 32"):
        accumulation_for(BATCH, devices)


def test_machines_must_share_the_recipe_s_devices() -> None:
    with pytest.raises(UsageError, match=r"batch.devices is 8: not a multiple of 3 machines"):
        plan("octocoder", machines=3)


def test_a_plan_says_everything_a_user_must_know(octocoder: Plan) -> None:
    text = plan_text(octocoder)
    for words in (
        "learning_rate: !published 0.0005",
        "15,517,456,384, of which 35,553,280 are trained (0.229%)",
        "adapter.targets: q_attn names no module of this architecture",
        "32 rows (1 a device x 4 accumulated x 8 devices), at most 65,536 tokens",
        "30 steps, at most 1,966,080 tokens",
        "4.9922e-04",
        "ddp (chosen)",
        "# eight devices (this plan)",
        "torchrun --standalone --nproc-per-node 8 -m octopack_train.commands sft --recipe octocoder",
    ):
        assert words in text


def test_a_plan_says_in_which_type_the_base_is_held(octocoder: Plan) -> None:
    assert octocoder.weights.weights in ("int8", "bf16")
    assert octocoder.weights.said in plan_text(octocoder)


def test_a_plan_without_data_says_so_and_rows_longer_than_the_model() -> None:
    assert "Missing\n-------\ndata: --set data.path=FILE" in plan_text(plan("tiny-smoke", "data.path=null"))
    said = plan_text(plan("tiny-smoke", "data.path=x.jsonl", "sequence.length=600"))
    assert "Missing" not in said
    assert "sequence.length 600 is longer than the model's 512 positions" in said


def test_a_plan_for_machines_is_json(octocoder: Plan) -> None:
    values = json.loads(json.dumps(plan_values(octocoder)))
    assert values["trainable_parameters"] == 35_553_280
    assert values["learning_rates"]["30"] == pytest.approx(4.9922e-4, abs=5e-9)
    assert set(values["memory_bytes"]) == set(get_args(Distribution))


def test_plans_for_other_devices_name_them_among_the_commands() -> None:
    found = dict(plan("octocoder", devices=4, machines=2).commands)
    assert "--nnodes 2 --nproc-per-node 4" in found["2 machines with 4 devices (this plan)"]
    assert len(found) == 4


def test_commands_are_for_machines_that_can_share_a_step_s_rows() -> None:
    assert [name for name, _ in plan("tiny-smoke").commands] == ["one device (this plan)"]


def test_one_device_needs_no_launcher() -> None:
    assert launch_command(SFT, "zero3", 1) == "octopack-train sft --recipe octocoder"


@pytest.mark.parametrize("machines", [1, 2])
def test_torchrun_understands_its_command(machines: int) -> None:
    words = shlex.split(launch_command(SFT, "ddp", 8, machines))
    given = get_args_parser().parse_args(words[1:])
    assert (given.nproc_per_node, given.nnodes) == ("8", "1:1" if machines == 1 else "2")
    assert given.module
    assert [given.training_script, *given.training_script_args] == ["octopack_train.commands", *SFT]
    if machines == 1:
        assert given.standalone
    else:
        assert (given.rdzv_backend, given.rdzv_endpoint, given.max_restarts) == ("c10d", "HOST:29500", 0)


def accelerate_arguments(kind: Distribution, machines: int, monkeypatch: pytest.MonkeyPatch) -> Any:
    words = shlex.split(launch_command(SFT, kind, 8, machines).replace("RANK", "1"))
    assert words[:2] == ["accelerate", "launch"]
    monkeypatch.setattr(sys, "argv", words[1:])  # accelerate reads there which options were given
    return launch_command_parser().parse_args(words[2:])


@pytest.mark.parametrize("machines", [1, 2])
@pytest.mark.parametrize("kind", SHARDED)
def test_accelerate_understands_its_command(kind: Distribution, machines: int, monkeypatch: pytest.MonkeyPatch) -> None:
    given = accelerate_arguments(kind, machines, monkeypatch)
    assert given.num_processes == 8 * machines
    assert given.module
    assert [given.training_script, *given.training_script_args] == ["octopack_train.commands", *SFT]
    assert (given.num_machines, given.machine_rank) == ((2, 1) if machines == 2 else (None, None))
    if kind != "fsdp2":
        zero = json.loads(Path(given.deepspeed_config_file).read_text("utf-8"))
        assert zero["zero_optimization"]["stage"] == int(kind[-1])


def test_two_machines_meet_at_the_first_and_share_out_with_fsdp2(monkeypatch: pytest.MonkeyPatch) -> None:
    given = _validate_launch_command(accelerate_arguments("fsdp2", 2, monkeypatch))[0]
    environment = prepare_multi_gpu_env(given)
    assert (environment["ACCELERATE_USE_FSDP"], environment["FSDP_VERSION"]) == ("true", "2")
    assert (given.nnodes, given.nproc_per_node, given.node_rank) == ("2", "8", 1)
    meeting = get_rdzv_endpoint(given)  # type: ignore[no-untyped-call]
    assert (given.rdzv_backend, meeting) == ("static", "HOST:29500")


WANTED = {"ddp": "MULTI_GPU", "fsdp2": "FSDP", "zero1": "DEEPSPEED", "zero2": "DEEPSPEED", "zero3": "DEEPSPEED"}


@pytest.mark.parametrize("kind", WANTED)
def test_accelerate_reads_the_shipped_files(kind: str) -> None:
    read = load_config_from_file(str(LAUNCHERS / f"{kind}.yaml"))
    assert read.distributed_type == WANTED[kind]
    assert (read.fsdp_config.get("fsdp_version") == 2) == (kind == "fsdp2")


def test_zero_1_is_the_published_one_without_a_scheduler_of_its_own() -> None:
    zero = json.loads((LAUNCHERS / "zero1.json").read_text("utf-8"))
    assert zero["zero_optimization"] == {
        "stage": 1,
        "allgather_partitions": True,
        "allgather_bucket_size": 200_000_000,
        "overlap_comm": True,
        "reduce_scatter": True,
        "reduce_bucket_size": "auto",
        "contiguous_gradients": True,
    }
    assert zero["bf16"] == {"enabled": "auto"}
    assert not {"scheduler", "optimizer"} & set(zero)


def test_arguments_with_blanks_stay_whole() -> None:
    command = launch_command(["sft", "--set", "data.path=my rows.jsonl"], "ddp", 2)
    assert shlex.split(command)[-1] == "data.path=my rows.jsonl"
