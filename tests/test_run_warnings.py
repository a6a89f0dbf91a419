"""Several greedy samples are legal and all equal: a plan and a run say so before anything is asked."""

from pathlib import Path
from typing import Any

import pytest

import humanevalpack as hep
from generation_files import write_lines
from humanevalpack.commands import main
from humanevalpack.errors import EnvironmentFault
from humanevalpack.lm_eval_plugin.preview import preview
from lm_eval_runs import run

pytest_plugins = ["tiny_models"]
pytestmark = pytest.mark.xdist_group("run")

FIX, EXPLAIN = "humanevalfixtests-python", "humanevalexplainsynthesize-python"
SAID = "n_samples is 3 and temperature is 0: greedy samples of a problem are all equal"


@pytest.mark.parametrize(
    ("settings", "said", "answers"),
    [
        ({"n_samples": 3}, [SAID], 14),
        ({"n_samples": 3, "gen_kwargs": "do_sample=False,temperature=0.5"}, [SAID], 14),
        ({"n_samples": 1}, [], 14),
        ({"n_samples": 3, "temperature": 0.2}, [], 42),
        ({"n_samples": 3, "gen_kwargs": "temperature=0.5"}, [], 42),
    ],
)
def test_a_plan_says_that_greedy_samples_are_all_equal(
    settings: dict[str, Any], said: list[str], answers: int, tmp_path: Path
) -> None:
    shown = preview(hep.plan_run("m", tasks=FIX, dataset="mini", output=tmp_path / "run", **settings))
    assert [line[: len(SAID)] for line in shown.warnings] == said
    assert shown.answers == answers, "equal questions are asked once"


def test_samples_of_several_given_descriptions_differ_and_nothing_is_said(tmp_path: Path) -> None:
    problem = hep.load_problems("python", "mini")[0]
    task = {"task": "humanevalexplaindescribe-python", "task_id": problem.task_id, "prompt": "", "status": "generated"}
    file = write_lines(tmp_path / "d.jsonl", [{**task, "sample": n, "generation": f"It is {n}."} for n in range(3)])
    plan = hep.plan_run("m", tasks=EXPLAIN, dataset="mini", n_samples=3, descriptions=str(file), limit=1)
    assert preview(plan).warnings == []


def test_a_dry_run_prints_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    arguments = ("m", "--tasks", FIX, "--dataset", "mini", "-n", "3", "--output", str(tmp_path / "run"), "--dry-run")
    with pytest.raises(SystemExit):
        main(["run", *arguments])
    assert f"Warning: {SAID}" in capsys.readouterr().out


def test_a_run_says_it_once_before_its_model_is_loaded(
    untrained_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings: dict[str, Any] = {"tasks": f"{FIX},{EXPLAIN}", "dataset": "mini", "limit": 1, "max_new_tokens": 4}
    settings |= {"n_samples": 3, "predict_only": True, "output": tmp_path / "run"}
    with pytest.raises(EnvironmentFault):
        hep.run(tmp_path / "no-model", **settings)
    assert capsys.readouterr().err.count(SAID) == 1
    hep.run(untrained_model, **settings)
    assert capsys.readouterr().err.count(SAID) == 1


def test_lm_eval_s_own_command_says_it_too(untrained_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(FIX, untrained_model, metadata={"n_samples": 3, "max_new_tokens": 4}, limit=1, predict_only=True)
    assert capsys.readouterr().err.count(SAID) == 1
