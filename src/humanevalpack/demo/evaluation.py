"""The real lm_eval, as a user would start it, with its output in a log file and its progress on the screen."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from humanevalpack.errors import EnvironmentFault

TASKS = "humanevalpack_mini"
# The demo must work without a network, and show that it does.
_OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
# A model this small gains nothing from threads.
_ENVIRONMENT = _OFFLINE | {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "PYTHONUNBUFFERED": "1"}
_PROGRESS = re.compile(r"(Running generate_until requests:)\s+(\d+)%")


def lm_eval_command(model: Path, output: Path, *, limit: int, sandbox: str, options: Sequence[str] = ()) -> list[str]:
    """Return the arguments of ``lm_eval`` for a model in a folder; ``options`` are further ``key=value`` metadata."""
    command = ["run", "--model", "hf", "--model_args", f"pretrained={model},dtype=float32", "--device", "cpu"]
    command += ["--batch_size", "8", "--tasks", TASKS, "--limit", str(limit), "--output_path", str(output)]
    command += ["--log_samples", "--metadata", f"sandbox={sandbox}", "missing_toolchains=skip", *options]
    return [*command, "--confirm_run_unsafe_code"] if sandbox == "process" else command


def run_lm_eval(arguments: Sequence[str], log: Path, console: Console) -> None:
    """Run ``lm_eval`` with these arguments; everything it says goes into ``log``.

    Raises EnvironmentFault with the end of the log if it fails.
    """
    console.print(f"[dim]$ lm_eval {shlex.join(arguments)}[/dim]", highlight=False, soft_wrap=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    # A process of its own: this is the command that users type, found through its plug-in hook.
    with subprocess.Popen(
        [sys.executable, "-m", "lm_eval", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, **_ENVIRONMENT},
    ) as process:
        try:
            _follow(process, log, console)
        except BaseException:
            process.terminate()
            raise
    if process.returncode != 0:
        end = "\n".join(log.read_text("utf-8").splitlines()[-15:])
        raise EnvironmentFault(f"lm_eval ended with exit code {process.returncode}; the end of {log}:\n{end}")


def _follow(process: subprocess.Popen[str], log: Path, console: Console) -> None:
    """Copy the output into the log, and show how far lm_eval is."""
    assert process.stdout is not None
    status = console.status("lm_eval starts (imports, task files) ...")
    with log.open("w", encoding="utf-8", buffering=1) as file, status:
        # In text mode a progress bar's carriage return ends a line too.
        for line in process.stdout:
            if line.strip():
                file.write(line)
            if match := _PROGRESS.search(line):
                done = match[2] == "100"
                status.update("lm_eval: programs are built and run ..." if done else f"lm_eval: {match[1]} {match[2]}%")
