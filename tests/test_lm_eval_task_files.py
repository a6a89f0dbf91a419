"""The tasks and groups that lm_eval is offered, and how groups are averaged."""

from types import SimpleNamespace
from typing import Any

import pytest
from lm_eval.api.group import Group

from humanevalpack.errors import UsageError
from humanevalpack.lm_eval_plugin.groups import average
from humanevalpack.lm_eval_plugin.task_files import TASK_FOLDER, task_files, write_task_files
from lm_eval_runs import TASKS, task_manager

LANGUAGES = ("cpp", "go", "java", "js", "python", "rust")
SCENARIOS = ("fixtests", "fixdocs", "explaindescribe", "explainsynthesize", "synthesize")
GROUPS = (
    "humanevalpack",
    "humanevalfix",
    "humanevalfixtests",
    "humanevalfixdocs",
    "humanevalexplain",
    "humanevalsynthesize",
)
THIRTY = {f"humaneval{scenario}-{language}" for scenario in SCENARIOS for language in LANGUAGES}


def test_the_task_folder_holds_exactly_what_the_module_that_describes_it_says(tmp_path: Any) -> None:
    found = {path.name: path.read_text("utf-8") for path in TASK_FOLDER.iterdir() if path.is_file()}
    assert found == task_files(), "run: python -m humanevalpack.lm_eval_plugin.task_files"
    (tmp_path / "humanevalold-python.yaml").touch()
    write_task_files(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(found)


def test_there_are_thirty_tasks_and_the_groups_each_also_per_language() -> None:
    manager = task_manager()
    assert set(manager.all_subtasks) == THIRTY
    assert set(manager.all_groups) == {
        *GROUPS,
        *(f"{group}_{language}" for group in GROUPS for language in LANGUAGES),
        "humanevalpack_mini",
    }


@pytest.mark.parametrize(
    ("group", "scenarios"),
    [
        ("humanevalpack_mini", SCENARIOS),
        ("humanevalfix", ["fixtests"]),
        ("humanevalfixtests", ["fixtests"]),
        ("humanevalfixdocs", ["fixdocs"]),
        ("humanevalexplain", ["explaindescribe", "explainsynthesize"]),
        ("humanevalsynthesize", ["synthesize"]),
    ],
)
def test_a_group_holds_its_scenarios_in_all_languages(group: str, scenarios: list[str]) -> None:
    tasks = task_manager().load([group])["tasks"]
    assert set(tasks) == {f"humaneval{scenario}-{language}" for scenario in scenarios for language in LANGUAGES}


def test_a_language_s_group_holds_its_five_tasks() -> None:
    tasks = task_manager().load(["humanevalpack_go"])["tasks"]
    assert set(tasks) == {f"humaneval{scenario}-go" for scenario in SCENARIOS}


def test_the_mini_group_gives_every_task_the_mini_set_without_being_told() -> None:
    from lm_eval.tasks import TaskManager

    tasks = TaskManager(include_defaults=False).load(["humanevalpack_mini"])["tasks"]
    assert {task.options.dataset for task in tasks.values()} == {"mini"}


def test_a_user_s_file_that_includes_ours_makes_a_task_of_its_own(tmp_path: Any) -> None:
    from lm_eval.tasks import TaskManager

    (tmp_path / "mine.yaml").write_text(
        f"include: {TASKS}/humanevalfixtests-js.yaml\ntask: my_fix\noptions: {{dataset: mini, n_samples: 3}}\n", "utf-8"
    )
    task = TaskManager(include_defaults=False, include_path=str(tmp_path)).load(["my_fix"])["tasks"]["my_fix"]
    assert (task.scenario, task.language, task.options.n_samples, task.config.repeats) == ("fixtests", "js", 3, 3)


def test_a_user_s_task_wins_over_ours_of_the_same_name(tmp_path: Any) -> None:
    from lm_eval.tasks import TaskManager

    (tmp_path / "mine.yaml").write_text(
        f"include: {TASKS}/humanevalfixtests-js.yaml\noptions: {{n_samples: 7, dataset: mini}}\n", "utf-8"
    )
    tasks = TaskManager(include_defaults=False, include_path=[tmp_path]).load(["humanevalfixtests-js"])["tasks"]
    assert tasks["humanevalfixtests-js"].options.n_samples == 7


@pytest.mark.parametrize(("key", "value"), [("scenario", "fix"), ("language", "perl")])
def test_a_task_file_with_a_wrong_scenario_or_language_is_refused(tmp_path: Any, key: str, value: str) -> None:
    from lm_eval.tasks import TaskManager

    (tmp_path / "mine.yaml").write_text(
        f"include: {TASKS}/humanevalfixtests-js.yaml\ntask: my_fix\n{key}: {value}\noptions: {{dataset: mini}}\n",
        "utf-8",
    )
    with pytest.raises(UsageError, match=f"'my_fix': {key} is '{value}', it must be one of"):
        TaskManager(include_defaults=False, include_path=str(tmp_path)).load(["my_fix"])


def group_of(scenarios: list[str], languages: list[str]) -> Any:
    tasks = [
        SimpleNamespace(task_name=f"humaneval{scenario}-{language}", scenario=scenario, language=language, scores={})
        for scenario in scenarios
        for language in languages
    ]
    return SimpleNamespace(alias=None, name="group", get_all_tasks=lambda: tasks)


def row(score: float, error: object = 0.1) -> dict[str, Any]:
    return {
        "sample_len": 10,
        "pass@1,reference": score,
        "pass@1_stderr,reference": error,
        "samples_failed,reference": 3,
    }


def test_the_overall_score_is_the_mean_of_the_three_scenarios_and_leaves_fixdocs_and_descriptions_out() -> None:
    scores = {"fixtests": 0.1, "explainsynthesize": 0.4, "synthesize": 0.7, "fixdocs": 1.0}
    metrics = {f"humaneval{name}-go": row(score) for name, score in scores.items()}
    metrics["humanevalexplaindescribe-go"] = {"sample_len": 10, "description_characters,reference": 300.0}
    result = average(group_of(list(SCENARIOS), ["go"]), ["fixtests", "explainsynthesize", "synthesize"], metrics)
    assert result["pass@1,reference"] == pytest.approx(0.4)
    assert result["sample_len"] == 30
    assert not any("samples" in key for key in result)


def test_an_averages_standard_error_takes_one_problem_in_all_languages_as_one_observation() -> None:
    group = group_of(["fixtests"], ["go", "js"])
    go, js = group.get_all_tasks()
    go.scores = {0: {"pass@1": 1.0}, 1: {"pass@1": 0.0}}
    js.scores = {1: {"pass@1": 0.0}, 0: {"pass@1": 1.0}}
    metrics = {task.task_name: row(0.5, 0.5) | {"sample_len": 2} for task in (go, js)}
    together = average(group, ["fixtests"], metrics)
    assert together["pass@1_stderr,reference"] == pytest.approx(0.5)
    js.scores = {0: {"pass@1": 0.0}, 1: {"pass@1": 1.0}}
    opposite = average(group, ["fixtests"], metrics)
    assert opposite["pass@1_stderr,reference"] == pytest.approx(0.0)


def test_where_not_every_problems_score_is_known_an_average_has_the_largest_standard_error() -> None:
    metrics = {"humanevalfixtests-go": row(0.2, 0.1), "humanevalfixtests-js": row(0.6, 0.3)}
    result = average(group_of(["fixtests"], ["go", "js"]), ["fixtests"], metrics)
    assert result["pass@1_stderr,reference"] == pytest.approx(0.2)


def test_an_average_names_its_languages_and_leaves_out_one_that_was_not_scored() -> None:
    metrics = {"humanevalfixtests-go": row(0.2), "humanevalfixtests-js": row(0.6)}
    metrics["humanevalfixtests-rust"] = {"sample_len": 10, "skipped,reference": 10}
    result = average(group_of(["fixtests"], ["go", "js", "rust"]), ["fixtests"], metrics)
    assert result["alias"] == "group (go, js)"
    assert result["pass@1,reference"] == pytest.approx(0.4)


def test_without_a_standard_error_in_one_task_the_average_has_none() -> None:
    metrics = {"humanevalfixtests-go": row(0.2, "N/A"), "humanevalfixtests-js": row(0.6)}
    result = average(group_of(["fixtests"], ["go", "js"]), ["fixtests"], metrics)
    assert result["pass@1_stderr,reference"] == "N/A"


def test_a_group_without_any_score_has_a_name_and_nothing_else() -> None:
    metrics = {"humanevalfixtests-go": {"sample_len": 10, "skipped,reference": 10}}
    assert average(group_of(["fixtests"], ["go"]), ["fixtests"], metrics) == {"alias": "group", "name": "group"}


def test_groups_of_others_are_averaged_as_ever() -> None:
    task_manager().load(["humanevalfixtests-go"])  # installs our averages
    group = Group("other", aggregate_metric_list=[])
    assert group.aggregate({}) == {"alias": "other", "name": "other"}
