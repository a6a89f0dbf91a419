"""The command that starts a run: on one device, on several, on several machines."""

import shlex
from pathlib import Path

from octopack_train.config.running import Distribution

LAUNCHERS = Path(__file__).parent / "data" / "launchers"
_PORT = 29500
_MODULE = ["-m", "octopack_train.commands"]


def launch_command(arguments: list[str], kind: Distribution, devices: int, machines: int = 1) -> str:
    """Return the command for each machine with ``devices`` devices; HOST is the first machine, RANK this one's number.

    torchrun starts ddp; accelerate starts the others, with the files that ship with the package.
    """
    if devices * machines == 1:
        return shlex.join(["octopack-train", *arguments])
    parts = _torchrun(devices, machines) if kind == "ddp" else _accelerate(kind, devices, machines)
    return " ".join([*parts, shlex.join([*_MODULE, *arguments])])


def _torchrun(devices: int, machines: int) -> list[str]:
    if machines == 1:
        return ["torchrun --standalone", f"--nproc-per-node {devices}"]
    return [
        f"torchrun --nnodes {machines} --nproc-per-node {devices} --max-restarts 0",
        f"--rdzv-backend c10d --rdzv-id octopack --rdzv-endpoint HOST:{_PORT}",
    ]


def _accelerate(kind: Distribution, devices: int, machines: int) -> list[str]:
    parts = [f"accelerate launch --config_file {shlex.quote(str(LAUNCHERS / f'{kind}.yaml'))}"]
    if kind.startswith("zero"):
        parts.append(f"--deepspeed_config_file {shlex.quote(str(LAUNCHERS / f'{kind}.json'))}")
    parts.append(f"--num_processes {devices * machines}")
    if machines > 1:
        parts.append(f"--num_machines {machines} --machine_rank RANK")
        parts.append(f"--main_process_ip HOST --main_process_port {_PORT}")
    return parts
