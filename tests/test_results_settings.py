"""Settings of a manifest that differ from task to task: short to read, and joined without contradiction."""

from itertools import product
from typing import Any

import pytest

from humanevalpack.results.continuing import GENERATED_WITH, JUDGED_WITH, differences, merged
from humanevalpack.results.per_task import by_task, shortened
from humanevalpack.scenarios import task_name

SCENARIOS, LANGUAGES = ("fixtests", "synthesize"), ("go", "python")
TASKS = [task_name(scenario, language) for scenario, language in product(SCENARIOS, LANGUAGES)]


@pytest.mark.parametrize(
    ("values", "short"),
    [
        ([1, 1, 1, 1], 1),
        ([1, 1, 2, 2], {"fixtests": 1, "synthesize": 2}),
        ([1, 2, 1, 2], {"go": 1, "python": 2}),
        ([1, 2, 3, 1], dict(zip(TASKS, [1, 2, 3, 1], strict=True))),
        ([None, None, 2, 2], {"fixtests": None, "synthesize": 2}),
    ],
)
def test_a_setting_stands_as_short_as_it_can_and_is_read_back(values: list[Any], short: Any) -> None:
    whole = dict(zip(TASKS, values, strict=True))
    assert shortened(whole) == short
    assert by_task(short, TASKS) == whole


def manifest(*tasks: str, **settings: Any) -> dict[str, Any]:
    return {"tasks": list(tasks), **settings}


@pytest.mark.parametrize(
    ("changed", "same"), [({"peft": "a"}, False), ({"max_length": "64"}, False), ({"device": "cuda:1"}, True)]
)
def test_a_model_s_arguments_are_compared_where_they_can_change_the_text(changed: dict[str, str], same: bool) -> None:
    base = {"pretrained": "m", "device": "cpu"}
    first, second = manifest(TASKS[0], model_arguments=base), manifest(TASKS[0], model_arguments=base | changed)
    for found in (differences(first, second, GENERATED_WITH), differences(second, first, GENERATED_WITH)):
        assert [name for name, _, _ in found] == [f"model_arguments of {name}" for name in changed if not same]
    assert list(differences(first, manifest(TASKS[0]), GENERATED_WITH)) == [], "a model object's are not known"


@pytest.mark.parametrize(
    "setting", [{"total_length": 900}, {"system_instruction": "Be brief"}, {"gen_kwargs": {"rep": 5}}]
)
def test_a_setting_that_one_run_has_and_the_other_has_not_is_a_difference(setting: dict[str, Any]) -> None:
    with_it, without = manifest(*TASKS[:2], **setting), manifest(TASKS[0])
    for first, second in ((with_it, without), (without, with_it)):
        (found,) = differences(first, second, GENERATED_WITH)
        assert next(iter(setting)) in found[0]
    other_task = list(differences(with_it, manifest(TASKS[2]), GENERATED_WITH))
    assert bool(other_task) == ("total_length" not in setting), "what has one value for all tasks must be the same"
    assert list(differences(with_it, {}, GENERATED_WITH)) == [], "another command's manifest does not say everything"


def test_a_setting_of_tasks_that_join_is_not_that_of_the_others() -> None:
    greedy, sampled = manifest(TASKS[0]), manifest(TASKS[2], top_p=0.5)
    for both in (merged(greedy, sampled), merged(sampled, greedy)):
        assert by_task(both["top_p"], TASKS) == {TASKS[0]: None, TASKS[1]: None, TASKS[2]: 0.5, TASKS[3]: 0.5}
        assert list(differences(both, greedy, GENERATED_WITH)) == []


def test_a_sampled_task_may_join_greedy_ones() -> None:
    greedy = manifest(TASKS[0], temperature=0.0)
    sampled = manifest(TASKS[2], temperature=0.8, top_p=0.5, sampled_with={"batch_size": 2})
    assert list(differences(greedy, sampled, GENERATED_WITH)) == []


def test_a_language_that_was_left_out_may_join_later_judged_in_another_kind_of_sandbox() -> None:
    first = manifest(TASKS[1], sandbox="local", toolchains={"python": "3"}, left_out={"go": "no go", "cpp": "no g++"})
    later = manifest(TASKS[0], sandbox="docker", toolchains={"go": "1"})
    assert list(differences(first, later, JUDGED_WITH)) == []
    both = merged(first, later)
    assert (both["sandbox"], both["left_out"]) == ({"python": "local", "go": "docker"}, {"cpp": "no g++"})
    assert both["toolchains"] == {"python": "3", "go": "1"}
    assert list(differences(both, {**later, "sandbox": "local"}, JUDGED_WITH)) == [("sandbox of go", "docker", "local")]
    assert merged(first, {**later, "sandbox": "local"})["sandbox"] == "local"


def test_tasks_that_join_bring_their_own_settings() -> None:
    first, second = manifest(TASKS[0], temperature=0.2), manifest(TASKS[2], temperature=0.8)
    assert list(differences(first, second, GENERATED_WITH)) == []
    both = merged(first, second)
    assert both["tasks"] == [TASKS[0], TASKS[2]]
    assert both["temperature"] == {"fixtests": 0.2, "synthesize": 0.8}
    assert list(differences(both, first, GENERATED_WITH)) == []
    assert list(differences(both, manifest(*TASKS, temperature=0.2), GENERATED_WITH)) == [
        (f"temperature of {TASKS[2]}", 0.8, 0.2)
    ]
