"""From commits to a score: what examples/commits_to_score does, and that the score comes from these commits.

It says nothing about learning: the commits hold the answers, and a tiny model learns them by heart.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from conftest import PROJECT
from lm_eval_runs import Run, run

pytestmark = [pytest.mark.xdist_group("training"), pytest.mark.namespaces, pytest.mark.toolchain("python")]

EXAMPLE = PROJECT / "examples" / "commits_to_score"
DATA, TRAIN = ("-m", "octopack_data.commands"), ("-m", "octopack_train.commands")
FIX = "humanevalfixtests-python"
PROBLEMS = 2


def steps(folder: Path, first: int) -> Path:
    """Run the example's commands in a folder, on commits to two functions; return the training run's folder."""
    call(folder, str(EXAMPLE / "histories.py"), "repositories", "--first", str(first))
    call(folder, *DATA, "commitpack", "run", str(EXAMPLE / "commits.yaml"))
    call(folder, *DATA, "pairs", "commits/commitpackft", "-o", "pairs", "--form", "instruction")
    call(folder, *TRAIN, "sft", "--recipe", str(EXAMPLE / "tiny.yaml"))
    return folder / "run"


def call(folder: Path, *words: str) -> str:
    """Run Python with these words in a folder; return what it says."""
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on the commits that mend the first two problems."""
    return steps(tmp_path_factory.mktemp("taught"), 0)


@pytest.fixture(scope="module")
def merged(taught: Path) -> Run:
    call(taught.parent, *TRAIN, "adapter", "merge", "auto", "run/adapter", "-o", "merged")
    return evaluated("humanevalpack_mini", f"pretrained={taught.parent / 'merged'}")


def evaluated(tasks: str, model_args: str) -> Run:
    options = {"prompt": str(EXAMPLE / "prompt.yaml"), "max_new_tokens": 128, "missing_toolchains": "skip"}
    more = {"device": "cpu", "batch_size": 10, "limit": PROBLEMS}
    return run(tasks, "hf", model_args=model_args, metadata=options, **more)


def test_the_base_scores_nothing(taught: Path) -> None:
    found = evaluated("humanevalpack_mini", f"pretrained={taught / 'base'}")
    assert found.metric("humanevalpack_mini", "pass@1") == 0


def test_the_merged_model_has_learned_both_fixes(merged: Run) -> None:
    assert merged.metric(FIX, "pass@1") == 1
    assert merged.metric("humanevalpack_mini", "pass@1") > 0


def test_the_adapter_says_what_the_merged_model_says(taught: Path, merged: Run) -> None:
    found = evaluated(FIX, f"pretrained={taught / 'base'},peft={taught / 'adapter'}")
    assert found.metric(FIX, "pass@1") == 1
    assert found.generations(FIX) == merged.generations(FIX)


def test_the_same_training_on_other_commits_scores_nothing(tmp_path: Path) -> None:
    other = steps(tmp_path, PROBLEMS)
    found = evaluated(FIX, f"pretrained={other / 'base'},peft={other / 'adapter'}")
    assert found.metric(FIX, "pass@1") == 0


def test_decontamination_takes_these_commits_out(taught: Path) -> None:
    words = (*DATA, "commitpack", "decontaminate", "commits/commitpackft", "-o", "clean", "--problems", "mini")
    assert f"{PROBLEMS} dropped_humanevalpack" in call(taught.parent, *words)
