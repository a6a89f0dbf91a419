"""Settings of a manifest that differ from task to task: short to read, and joined without contradiction."""

from itertools import product
from typing import Any

import pytest

from humanevalpack.results.continuing import GENERATED_WITH, differences, merged
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
