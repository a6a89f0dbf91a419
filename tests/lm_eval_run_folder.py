"""Runs with a folder, for the tests of what a kill leaves; as a script it is what gets killed.

Arguments: the model's folder, or the name of a model class; options and further settings of ``recorded`` as JSON.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from lm_eval_runs import Run, run
from lm_eval_two_processes import ranked

FIX = "humanevalfixtests-python"
DESCRIBE, SYNTHESIZE = "humanevalexplaindescribe-python", "humanevalexplainsynthesize-python"
TASKS = f"{FIX},humanevalexplain_python"
LIMIT = 6
# The tests judge Python programs of a random model: the sandbox that works everywhere will do.
GREEDY: dict[str, Any] = {"max_new_tokens": 12, "sandbox": "process", "confirm_run_unsafe_code": True, "workers": 1}
SAMPLED: dict[str, Any] = {**GREEDY, "n_samples": 4, "temperature": 0.8}


def recorded(model: Any, folder: Path, metadata: dict[str, Any] = SAMPLED, **settings: Any) -> Run:
    """Evaluate with everything kept in a folder."""
    options = {"tasks": TASKS, "limit": LIMIT, "batch_size": 2, **settings}
    return run(model=model, metadata={**metadata, "run_folder": str(folder)}, **options)


def lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a file that may not be there yet."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text("utf-8").splitlines(keepends=True) if line.endswith("\n")]


def generations(folder: Path) -> list[str]:
    """What was generated, in an order of its own."""
    return sorted(json.dumps(line, sort_keys=True) for line in lines(folder / "generations.jsonl"))


def verdicts(folder: Path) -> dict[tuple[str, str, int], tuple[str, str, str]]:
    """Sample to what was judged and what came of it, without what it cost."""
    return {
        (line["task"], line["task_id"], line["sample"]): (
            line["candidate"],
            line["program"],
            line["verdict"]["status"],
        )
        for line in lines(folder / "verdicts.jsonl")
        if line["verdict"]  # a description has none
    }


# Without a GPU, torchrun's processes must be told that they belong together.
ENVIRONMENT = {**os.environ, "ACCELERATE_USE_CPU": "true"}


def killed(command: Sequence[str], watched: Path, size: int, *, one: bool = False) -> None:
    """Start a command; as soon as a file has ``size`` lines kill it with all it started, or ``one`` process of it."""
    process = subprocess.Popen(
        command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=ENVIRONMENT
    )
    while len(lines(watched)) < size:
        assert process.poll() is None, process.stderr and process.stderr.read().decode()[-4000:]
        time.sleep(0.005)
    family = [process.pid, *_children(process.pid)]
    for number in family[1:2] if one else family:
        with suppress(ProcessLookupError):  # what a killed process had started may end by itself before its turn
            os.kill(number, signal.SIGKILL)
    process.communicate()
    assert process.returncode != 0


def _children(number: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(number)], capture_output=True, text=True, check=False).stdout.split()
    return [child for one in found for child in [int(one), *_children(int(one))]]


def script(model: Path | str, folder: Path, metadata: dict[str, Any], *launcher: str, **settings: Any) -> list[str]:
    """The command that does what ``recorded`` does."""
    options = json.dumps({**metadata, "run_folder": str(folder)})
    arguments = [str(model), options, json.dumps(settings)]
    return [sys.executable, *(launcher and ("-m", *launcher)), str(Path(__file__)), *arguments]


if __name__ == "__main__":
    options, settings = map(json.loads, sys.argv[2:])
    folder: Any = Path(options.pop("run_folder"))
    model: Any = sys.argv[1] if "model_args" in settings else Path(sys.argv[1])
    recorded(ranked(model, batch_size=2) if "RANK" in os.environ else model, folder, options, **settings)
