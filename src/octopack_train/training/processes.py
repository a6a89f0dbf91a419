"""The processes of a run: how many there are, which one speaks, and whether they share what was asked for."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any

from humanevalpack.errors import EnvironmentFault, UsageError
from octopack_train.config.training import NO_SCALER, TrainingSettings


def world_size() -> int:
    """Return how many processes torchrun or accelerate started."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """Return this process's number among all, from 0."""
    return int(os.environ.get("RANK", "0"))


def is_main() -> bool:
    """Say whether this process is the one that writes and speaks."""
    return rank() == 0


def is_first_here() -> bool:
    """Say whether this process is the first of its machine."""
    return int(os.environ.get("LOCAL_RANK", "0")) == 0


def check_before(settings: TrainingSettings) -> None:
    """Raise UsageError or EnvironmentFault for what this machine cannot do, before anything heavy is loaded.

    accelerate would run fsdp2 as ddp where there is no accelerator, without a word.
    """
    import torch

    kind, cuda = settings.distributed.kind, torch.cuda.is_available()
    if settings.precision == "fp16" and not cuda:
        raise UsageError("precision: fp16 needs CUDA, and there is no such device; say precision=bf16 or fp32")
    if world_size() == 1:
        if settings.is_half_trained:  # a process alone has no copy in fp32, whatever kind the recipe names
            raise UsageError(NO_SCALER)
        if torch.cuda.device_count() > 1:
            raise UsageError(
                f"one process, {torch.cuda.device_count()} devices: start one a device with torchrun (octopack-train "
                "sft --dry-run prints the command), or show it one: CUDA_VISIBLE_DEVICES=0"
            )
        return
    if kind == "fsdp2" and not cuda:
        raise EnvironmentFault(
            "distributed.kind: fsdp2 needs CUDA: without it accelerate runs plain ddp instead, in which every process "
            "holds everything. Say distributed.kind=ddp"
        )
    if kind.startswith("zero") and find_spec("deepspeed") is None:
        raise EnvironmentFault(
            f"distributed.kind: {kind} needs DeepSpeed, which is not installed; mend it: pip install "
            "'humanevalpack[deepspeed]', or say distributed.kind=ddp"
        )


def active_kind(accelerator: Any) -> str:
    """Return the kind of distribution that accelerate runs, in a recipe's words; none with one process of its own."""
    name = str(accelerator.distributed_type.value)
    if name == "DEEPSPEED":
        return f"zero{accelerator.state.deepspeed_plugin.zero_stage}"
    if name == "FSDP":
        version = getattr(accelerator.state.fsdp_plugin, "fsdp_version", 1)
        return f"fsdp{version}"
    if name.startswith("MULTI_"):
        return "ddp"
    return "none" if name == "NO" else name.lower()


def states_kind(accelerator: Any) -> str:
    """Return by which kind the optimizer's state is written and read: a process alone does it as ddp does."""
    active = active_kind(accelerator)
    return "ddp" if active == "none" else active


def check_active(settings: TrainingSettings, accelerator: Any) -> str:
    """Return the kind that is active; raises EnvironmentFault if it is not the one that was asked for.

    One process alone has nothing to share: none is as good as any there.
    """
    active, asked = active_kind(accelerator), settings.distributed.kind
    if active != asked and not (active == "none" and world_size() == 1):
        raise EnvironmentFault(
            f"distributed.kind: {asked} was asked for, {active} is active on {world_size()} processes: start with the "
            "command that octopack-train sft --dry-run prints, or say distributed.kind=" + active
        )
    wanted = "no" if settings.precision == "fp32" else settings.precision
    if accelerator.mixed_precision != wanted:
        raise EnvironmentFault(
            f"precision: {settings.precision} was asked for, {accelerator.mixed_precision} is active: take "
            "mixed_precision out of accelerate's file"
        )
    return active


def set_precision(settings: TrainingSettings) -> None:
    """Let the recipe decide: accelerate's files and command line set this variable, which would win over fp32.

    A process alone may have had another run before, whose choice accelerate would keep.
    """
    from accelerate.state import AcceleratorState

    if world_size() == 1:
        AcceleratorState._reset_state(True)
    os.environ["ACCELERATE_MIXED_PRECISION"] = "no" if settings.precision == "fp32" else settings.precision
