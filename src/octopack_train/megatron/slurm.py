"""A run of Megatron-LM as a job of Slurm."""

import shlex
import shutil
import subprocess
from pathlib import Path

from pydantic import Field

from humanevalpack.errors import EnvironmentFault
from octopack_data.settings import Settings
from octopack_train.megatron.dialects import Dialect
from octopack_train.megatron.launch import shell_lines


class MegatronSlurm(Settings):
    """Settings of the job; machines and devices are those of the run."""

    partition: str
    """Partition of the job."""
    time: str = "20:00:00"
    """Longest time of the job."""
    job_name: str = "octopack"
    """Name of the job."""
    cpus_per_task: int = 64
    """Processors of a machine."""
    logs: str = "."
    """Folder of the job's output; it must be there."""
    sbatch: dict[str, str] = Field(default={})
    """Further options of sbatch by their long names (account: x)."""
    environment: str = ""
    """Shell command that makes the environment of Megatron-LM on a machine."""


def sbatch_script(words: list[str], dialect: Dialect, slurm: MegatronSlurm, machines: int, devices: int) -> str:
    """Return a script for sbatch: one task a machine, which starts torchrun; all end when one of them fails."""
    options = {
        "job-name": slurm.job_name,
        "partition": slurm.partition,
        "nodes": str(machines),
        "ntasks-per-node": "1",
        "cpus-per-task": str(slurm.cpus_per_task),
        "gres": f"gpu:{devices}",
        "time": slurm.time,
        "output": f"{slurm.logs}/%x-%j.out",
        **slurm.sbatch,
    }
    command = shell_lines(words, dialect)
    lines = ["#!/bin/bash", *(f"#SBATCH --{name}={shlex.quote(value)}" for name, value in options.items())]
    lines += ["set -eo pipefail"]
    lines += [slurm.environment] if slurm.environment else []
    # Not with head: it would end scontrol's writing of a long list, and with it, by pipefail, the job.
    lines += ['hosts=$(scontrol show hostnames "$SLURM_JOB_NODELIST")', "export MASTER_ADDR=${hosts%%$'\\n'*}"]
    lines += ["srun --wait=60 --kill-on-bad-exit=1 bash -c " + shlex.quote(command.rstrip("\n"))]
    return "\n".join(lines) + "\n"


def write_script(path: Path, text: str) -> None:
    """Write a script; raises EnvironmentFault."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise EnvironmentFault(f"{path} cannot be written: {error}") from error


def submit(script: Path) -> str:
    """Give a script to Slurm and return what sbatch says; raises EnvironmentFault."""
    if shutil.which("sbatch") is None:
        raise EnvironmentFault("sbatch is not installed here: run this on a machine of the cluster")
    done = subprocess.run(["sbatch", str(script)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise EnvironmentFault(f"sbatch refused {script}: {(done.stderr or done.stdout).strip()}")
    return done.stdout.strip()
