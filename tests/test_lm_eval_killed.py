"""A run that is killed with ``kill -9`` and started again is an undisturbed one."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from lm_eval_run_folder import (
    ENVIRONMENT,
    FIX,
    GREEDY,
    LIMIT,
    SAMPLED,
    SYNTHESIZE,
    generations,
    killed,
    lines,
    recorded,
    script,
    verdicts,
)

pytest_plugins = ["tiny_models"]
# One worker of pytest-xdist makes the models and runs that these tests share.
pytestmark = pytest.mark.xdist_group("lm_eval_runs")

TORCHRUN = ("torch.distributed.run", "--standalone", "--nproc-per-node=2")


@pytest.mark.parametrize(
    ("metadata", "watched", "least"),
    [(GREEDY, "generations.jsonl", 1), (SAMPLED, "generations.jsonl", 10), (SAMPLED, "verdicts.jsonl", 3)],
    ids=["greedy, generating", "sampled, generating", "sampled, judging"],
)
def test_the_same_command_after_a_kill_ends_as_an_undisturbed_run(
    untrained_model: Path, tmp_path: Path, metadata: dict[str, Any], watched: str, least: int
) -> None:
    folder, whole = tmp_path / "killed", tmp_path / "undisturbed"
    killed(script(untrained_model, folder, metadata), folder / watched, least)
    done = recorded(untrained_model, whole, metadata)
    left = {name: (folder / name).read_bytes().rpartition(b"\n")[0] for name in ("generations.jsonl", "verdicts.jsonl")}
    assert len(lines(folder / "verdicts.jsonl")) < len(lines(whole / "verdicts.jsonl")), "it was killed too late"
    again = recorded(untrained_model, folder, metadata)
    assert generations(folder) == generations(whole)
    assert verdicts(folder) == verdicts(whole)
    for task in (FIX, SYNTHESIZE):
        assert again.metric(task, "pass@1") == done.metric(task, "pass@1")
    for name, start in left.items():
        assert (folder / name).read_bytes().startswith(start), "nothing was overwritten"


def test_two_processes_of_which_one_is_killed_go_on_in_one_folder(untrained_model: Path, tmp_path: Path) -> None:
    folder, whole = tmp_path / "killed", tmp_path / "undisturbed"
    killed(script(untrained_model, folder, SAMPLED, *TORCHRUN), folder / "generations.jsonl", 10, one=True)
    left = generations(folder)
    assert len(left) < 3 * LIMIT * 4, "it was killed too late"
    for place in (folder, whole):
        subprocess.run(
            script(untrained_model, place, SAMPLED, *TORCHRUN), check=True, capture_output=True, env=ENVIRONMENT
        )
    assert set(left) <= set(generations(folder))
    assert generations(folder) == generations(whole)
    assert len(generations(whole)) == 3 * LIMIT * 4, "each process did its own part"
    assert verdicts(folder) == verdicts(whole)
