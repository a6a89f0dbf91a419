"""Two tasks of a user's that are the same one of ours: each keeps its own generations where scoring fails."""

import json
from pathlib import Path
from typing import Any

import lm_eval
import pytest
from lm_eval.tasks import TaskManager

import humanevalpack as hep
from humanevalpack.errors import SandboxFault
from humanevalpack.lm_eval_plugin import scoring
from lm_eval_runs import TASKS, run

pytest_plugins = ["tiny_models"]
# One worker of pytest-xdist makes the models and runs that these tests share.
pytestmark = [pytest.mark.xdist_group("lm_eval_runs"), pytest.mark.toolchain("python")]

FIX = "humanevalfixtests-python"
PROMPTS = {"with_instruct": "instruct", "with_octocoder": "octocoder"}


def test_what_is_kept_of_two_tasks_that_are_the_same_can_be_scored(
    untrained_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, prompt in PROMPTS.items():
        options = (
            f"{{dataset: mini, max_new_tokens: 8, prompt: {prompt}, sandbox: process, confirm_run_unsafe_code: true}}"
        )
        text = f"include: {TASKS}/{FIX}.yaml\ntask: {name}\noptions: {options}\n"
        Path(f"{name}.yaml").write_text(text, "utf-8")
    broken = hep.Verdict("sandbox_error", "no space left on device")
    with monkeypatch.context() as patch:
        patch.setattr(scoring, "run_programs", lambda programs, **_: [broken for _ in programs])
        with pytest.raises(SandboxFault) as fault:
            lm_eval.simple_evaluate(
                model="hf",
                model_args=f"pretrained={untrained_model},device=cpu",
                tasks=list(PROMPTS),
                task_manager=TaskManager(include_defaults=False, include_path=str(tmp_path)),
                limit=2,
                bootstrap_iters=0,
            )
    [kept] = tmp_path.glob("humanevalpack-generations-*")
    assert {path.name for path in kept.iterdir()} == set(PROMPTS)
    first, second = (hep.read_generations(kept / name / "generations.jsonl").rows for name in PROMPTS)
    assert [row.task_id for row in first] == [row.task_id for row in second]
    assert first[0].prompt != second[0].prompt
    assert "those of with_octocoder lie beside it" in str(fault.value)
    command = str(fault.value).splitlines()[-1]
    metadata: dict[str, Any] = json.loads(command.partition("--metadata ")[2].strip("'"))
    assert metadata["generations"].endswith("/with_instruct")
    assert f"--tasks {FIX} " in command
    assert run(FIX, "dummy", metadata=metadata, limit=2).metric(FIX, "pass@1") == 0
