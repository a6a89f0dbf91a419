"""lm_eval in several processes: the problems are shared out, and nothing is lost, doubled or mixed up."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lm_eval_runs import Run, run

pytest_plugins = ["tiny_models"]
# One worker of pytest-xdist makes the models and runs that these tests share.
pytestmark = pytest.mark.xdist_group("lm_eval_processes")

DESCRIBE, SYNTHESIZE = "humanevalexplaindescribe-python", "humanevalexplainsynthesize-python"
SCRIPT = Path(__file__).with_name("lm_eval_two_processes.py")
# accelerate starts a single process where there is no GPU; with GPUs it starts them as torchrun does.
TORCHRUN = ["torch.distributed.run", "--standalone", "--nproc-per-node=2"]
# Three problems for two processes: lm_eval pads the second one's requests with one more.
LIMIT = 3
GREEDY: dict[str, Any] = {"max_new_tokens": 8, "sandbox": "process", "confirm_run_unsafe_code": True}


def launch(model: Path, output: Path, options: dict[str, Any]) -> Run:
    command = [sys.executable, "-m", *TORCHRUN, str(SCRIPT), str(model), str(output), str(LIMIT)]
    # Without a GPU, torchrun's processes must be told that they belong together.
    environment = {**os.environ, "ACCELERATE_USE_CPU": "true"}
    done = subprocess.run([*command, json.dumps(options)], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-4000:]
    return Run(json.loads(output.read_text("utf-8")))


def test_two_processes_give_what_one_gives(untrained_model: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    shared = launch(untrained_model, tmp_path / "out.json", {**GREEDY, "run_folder": str(kept)})
    alone = run("humanevalexplain_python", untrained_model, metadata=GREEDY, limit=LIMIT)
    compared = ("sample", "prompt", "generation", "completion", "status", "description")
    for task in (DESCRIBE, SYNTHESIZE):
        assert [[sample[key] for key in compared] for sample in shared.samples(task)] == [
            [sample[key] for key in compared] for sample in alone.samples(task)
        ]
    assert shared.metric(SYNTHESIZE, "pass@1") == alone.metric(SYNTHESIZE, "pass@1")
    rows = [json.loads(line) for line in (kept / "generations.jsonl").read_text("utf-8").splitlines()]
    assert len({(row["task"], row["task_id"]) for row in rows}) == len(rows) == 2 * LIMIT


def test_sampling_in_two_processes_gives_every_problem_its_samples(untrained_model: Path, tmp_path: Path) -> None:
    options = {**GREEDY, "n_samples": 2, "temperature": 0.9}
    shared = launch(untrained_model, tmp_path / "out.json", options)
    for task in (DESCRIBE, SYNTHESIZE):
        samples = shared.samples(task)
        assert [sample["sample"] for sample in samples] == [0, 1] * LIMIT
        assert all(a["generation"] != b["generation"] for a, b in zip(samples[::2], samples[1::2], strict=True))
    row = shared.results["results"][SYNTHESIZE]
    assert sum(value for key, value in row.items() if key.startswith("samples_") and "stderr" not in key) == 2 * LIMIT
