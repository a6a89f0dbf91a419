"""Where the parts of a stage are worked on: processes of this machine, or datatrove's local, Slurm and Ray executors.

Whichever it is, the same work writes the same files, and the stage's own marks say what is finished: a killed run, a
requeued job or another executor goes on with what is left. datatrove's marks are not asked (``skip_completed``).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from humanevalpack.errors import EnvironmentFault, UsageError
from octopack_data.manifests import MARKS
from octopack_data.parts import Stage, finish
from octopack_data.settings import Settings

Executor = Literal["processes", "local", "slurm", "ray"]
"""``processes``: a pool of this machine; ``local``, ``slurm``, ``ray``: datatrove's executors."""
WaitingExecutor = Literal["processes", "local", "ray"]
"""Those that return when the work is done: a stage of several passes needs the first one's files for its decision."""


class SlurmSettings(Settings):
    """What a Slurm cluster must know about the jobs of a stage."""

    partition: str
    """Partition of the jobs."""
    time: str = "24:00:00"
    """Longest time of one task."""
    qos: str = "normal"
    """Quality of service."""
    cpus_per_task: int = 1
    """Processors of one task: parts are worked on by one."""
    memory_per_cpu_gb: int = 4
    """Memory of one processor, in GB."""
    tasks: int = 1000
    """Most tasks of the array; each takes an even share of the parts."""
    max_array_size: int = 1001
    """Longest array that the cluster accepts (MaxArraySize)."""
    sbatch: dict[str, str] = Field(default_factory=dict)
    """Further options of sbatch by their long names (account: x)."""
    environment: str = ""
    """Shell command that makes the environment on a node; none: this Python's folder is put on PATH."""


def run_on(
    executor: Executor,
    stage: Stage,
    *,
    workers: int = 1,
    slurm: SlurmSettings | None = None,
    overwrite: bool = False,
    progress: bool = True,
) -> dict[str, Any] | None:
    """Run a stage and return its manifest; None where it goes on without us (Slurm, which writes the manifest last).

    ``workers``: processes (processes, local), tasks at a time (Ray, Slurm). Raises what the work raises on this
    machine, UsageError, InputError, and EnvironmentFault for parts that failed elsewhere, with their logs' folder.
    """
    if executor == "slurm" and slurm is None:
        raise UsageError("the executor slurm needs settings: --slurm FILE.yaml with at least `partition: NAME`")
    with stage.held(overwrite=overwrite):
        if stage.finished or executor != "slurm":
            return finish_on(
                "processes" if executor == "slurm" else executor, stage, workers=workers, progress=progress
            )
    assert slurm is not None
    _submit(stage, slurm, workers)  # the tasks hold the folder
    return None


def finish_on(executor: WaitingExecutor, stage: Stage, *, workers: int = 1, progress: bool = True) -> dict[str, Any]:
    """Do what is left of a stage whose folder is held, and return its manifest; raises as ``run_on``."""
    if executor == "processes" or stage.finished:
        return finish(stage, workers=workers, progress=progress)
    logs = _logs(stage)
    {"local": _run_local, "ray": _run_ray}[executor](stage, workers, logs)
    return _ended(stage, logs)


def run_waiting(executor: WaitingExecutor, stage: Stage, *, workers: int = 1, progress: bool = True) -> dict[str, Any]:
    """Run a pass of a stage in its own folder, and return its manifest; raises as ``run_on``."""
    with stage.held():
        return finish_on(executor, stage, workers=workers, progress=progress)


def _logs(stage: Stage) -> Path:
    return (stage.output / MARKS / "datatrove").resolve()


def _ended(stage: Stage, logs: Path) -> dict[str, Any]:
    left = stage.left()
    if left:
        raise EnvironmentFault(
            f"{stage.name}: {len(left)} of {len(stage.parts)} parts failed ({left[0].name} first); "
            f"see {logs / 'logs'}, then run the same command again: it goes on with these"
        )
    return stage.end()


def _run_local(stage: Stage, workers: int, logs: Path) -> None:
    from datatrove.executor.local import LocalPipelineExecutor

    from octopack_data.steps import PartStep

    LocalPipelineExecutor(
        [PartStep(stage, held=True)],
        tasks=len(stage.parts),
        workers=min(workers, len(stage.parts)),
        logging_dir=str(logs),
        skip_completed=False,
    ).run()


def _run_ray(stage: Stage, workers: int, logs: Path) -> None:
    import ray
    from datatrove.executor.ray import RayPipelineExecutor

    from octopack_data.steps import PartStep

    if not ray.is_initialized():
        ray.init(log_to_driver=False)  # RAY_ADDRESS names a cluster; without it one of this machine is started
    RayPipelineExecutor(
        [PartStep(stage, held=True)],
        tasks=len(stage.parts),
        workers=workers,
        mem_per_cpu_gb=0.5,
        logging_dir=str(logs),
        skip_completed=False,
    ).run()


def _submit(stage: Stage, slurm: SlurmSettings, workers: int) -> None:
    """Submit an array over the parts and, behind it, the job that writes the manifest."""
    from datatrove.executor.slurm import SlurmPipelineExecutor

    from octopack_data.steps import EndStep, PartStep

    logs = _logs(stage)
    options: dict[str, Any] = {
        "time": slurm.time,
        "partition": slurm.partition,
        "qos": slurm.qos,
        "cpus_per_task": slurm.cpus_per_task,
        "mem_per_cpu_gb": slurm.memory_per_cpu_gb,
        "max_array_size": slurm.max_array_size,
        "sbatch_args": dict(slurm.sbatch),
        "env_command": slurm.environment or f'export PATH="{Path(sys.executable).parent}:$PATH"',
        "requeue": True,
        "skip_completed": False,
    }
    work = SlurmPipelineExecutor(
        [PartStep(stage, held=False)],
        tasks=min(slurm.tasks, len(stage.parts)),
        workers=workers,
        job_name=f"octopack-{stage.name}",
        logging_dir=str(logs / "parts"),
        **options,
    )
    SlurmPipelineExecutor(
        [EndStep(stage)],
        tasks=1,
        job_name=f"octopack-{stage.name}-end",
        logging_dir=str(logs / "end"),
        depends=work,
        **options,
    ).run()
