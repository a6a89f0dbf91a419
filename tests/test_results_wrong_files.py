"""What is wrong with a file of generations is named: file, row, field, value, and what mends it."""

from pathlib import Path
from typing import Any

import pytest

import humanevalpack as hep
from generation_files import EXPLAIN, FIX, SYNTHESIZE, mini, program_of, right, row, write_json, write_lines
from humanevalpack.errors import HumanEvalPackError, InputError, UsageError

PROGRAMS = [[program_of(problem, "fixtests", right(problem))] for problem in mini()]
SWAPPED = [PROGRAMS[0], PROGRAMS[2], PROGRAMS[1], *PROGRAMS[3:]]
ONE_ODD = [*PROGRAMS[:5], ["    return 1"], *PROGRAMS[6:]]
HEADS = [[mini()[number // 3].prompt.rstrip()] for number in range(1, 8)]

LISTS: dict[str, tuple[Any, dict[str, Any], str]] = {
    "no list": ({"a": 1}, {}, "expected a list with one list of generations a problem, found dict"),
    "a flat list": (["a", "b"], {}, "row 0: expected a list of generations, found str: 'a'"),
    "no text": ([["a"], [5]], {}, "row 1, entry 0: expected text or null, found int: 5"),
    "too many rows": (PROGRAMS * 2, {}, f"{2 * len(PROGRAMS)} rows for {len(PROGRAMS)} python problems: another data"),
    "beyond the end": (PROGRAMS, {"limit_start": 1}, f"{len(PROGRAMS)} rows from 1 on for {len(PROGRAMS)} python"),
    "another order": (SWAPPED, {}, r"row 1, entry 0: stands for Python/1, but begins like Python/2.*limit_start"),
    "wrong start": (
        PROGRAMS[3:6],
        {"limit_start": 2},
        r"row 0, entry 0: stands for Python/2, but begins like",
    ),
    "a mixture": (ONE_ODD, {}, r"row 5, entry 0: begins neither with the prompt 'octocoder' .*'    return 1'.*form"),
    "not full": (PROGRAMS, {"form": "full"}, r"row 0, entry 0: does not begin with the prompt of Python/0"),
    "unknown form": (PROGRAMS, {"form": "raw"}, "form is 'raw'; allowed: auto, completion, full, program"),
    "negative start": (PROGRAMS, {"limit_start": -1}, "limit_start is -1; it must be at least 0"),
    "descriptions of a fix": (PROGRAMS, {"descriptions_per_problem": 2}, "is for explainsynthesize, not for fixtests"),
}


@pytest.mark.parametrize(("value", "options", "message"), LISTS.values(), ids=LISTS)
def test_a_wrong_list_of_lists(tmp_path: Path, value: Any, options: dict[str, Any], message: str) -> None:
    path = write_json(tmp_path / f"{FIX}.json", value)
    with pytest.raises(HumanEvalPackError, match=message) as refused:
        hep.read_generations(path, dataset="mini", prompt="octocoder", **options)
    assert refused.value.exit_code == 2
    if isinstance(refused.value, InputError):
        assert str(path) in str(refused.value)


def test_rows_of_explainsynthesize_that_fit_no_number_of_descriptions(tmp_path: Path) -> None:
    path = write_json(tmp_path / f"{EXPLAIN}.json", HEADS)
    with pytest.raises(InputError, match=r"7 rows for .* problems: say how many descriptions .*limit_start"):
        hep.read_generations(path, dataset="mini")


LINES: dict[str, tuple[list[Any], str]] = {
    "no object": ([1], "line 1: expected a JSON object, found int"),
    "no task_id": ([{"completion": "a"}], "line 1: field 'task_id' is None; expected text such as Python/0"),
    "no number": ([{"task_id": "Python", "completion": "a"}], "line 1: field 'task_id' is 'Python'"),
    "another language": (
        [{"task_id": "Go/0", "completion": "a"}],
        "line 1: field 'task_id' is 'Go/0'; the",
    ),
    "unknown problem": ([{"task_id": "Python/999", "completion": "a"}], "line 1: field 'task_id' is 'Python/999'"),
    "no answer": (
        [{"task_id": "Python/0", "text": "a"}],
        "line 1: no answer in it: .*; found task_id, text",
    ),
    "answer is no text": ([{"task_id": "Python/0", "completion": 3}], "line 1: field 'completion' must be text or a"),
    "task": (
        [{"task_id": "Python/0", "completion": "a", "task": "fix"}],
        "line 1: field 'task': task 'fix' is not",
    ),
    "sample": ([{"task_id": "Python/0", "completion": "a", "sample": "1"}], "line 1: field 'sample' is '1'"),
    "finish": (
        [{"task_id": "Python/0", "completion": "a", "finish": "done"}],
        "line 1: finish is 'done'; allowed:",
    ),
    "description": ([{"task_id": "Python/0", "completion": "a", "description": 1}], "line 1: field 'description'"),
    "twice": ([{"task_id": "Python/0", "completion": "a", "sample": 0}] * 2, "Python/0, 0 stands here a second time"),
    "ours: field": ([row().to_dict() | {"prompt": None}], "line 1: field 'prompt' must be str, found None"),
    "ours: status": ([row().to_dict() | {"status": "passed"}], "line 1: status is 'passed'; allowed: generated, "),
    "ours: form": ([row().to_dict() | {"form": "raw"}], "line 1: form is 'raw'; allowed: completion, program"),
    "ours: finish": ([row().to_dict() | {"finish": "end"}], "line 1: finish is 'end'; allowed: stop, length, refusal"),
    "ours: sample": ([row().to_dict() | {"sample": -1}], "line 1: field 'sample' must be at least 0, found -1"),
    "ours: yes": ([row().to_dict() | {"sample": True}], "line 1: field 'sample' must be int, found True"),
    "ours: contradiction": (
        [row().to_dict(), row(generation="x").to_dict()],
        "line 2: .*Python/0, sample 0 stands here a second time, and differs",
    ),
    "log": ([{"filtered_resps": 1}], "line 1: a line of an lm_eval log needs the fields doc and resps"),
    "empty": ([], "no generations in it: it is empty"),
}


@pytest.mark.parametrize(("records", "message"), LINES.values(), ids=LINES)
def test_a_wrong_line(tmp_path: Path, records: list[Any], message: str) -> None:
    path = write_lines(tmp_path / f"{FIX}.jsonl", records)
    with pytest.raises(InputError, match=message) as refused:
        hep.read_generations(path, dataset="mini")
    assert str(path) in str(refused.value)


def test_a_file_that_does_not_say_its_task_asks_for_it(tmp_path: Path) -> None:
    path = write_json(tmp_path / "generations.json", PROGRAMS)
    with pytest.raises(UsageError, match=r"does not say its task: give it \(--task humanevalfixtests-python, say\)"):
        hep.read_generations(path, dataset="mini")
    with pytest.raises(UsageError, match="task 'humanevalfix-python' is not known"):
        hep.read_generations(path, "humanevalfix-python", dataset="mini")


def test_a_task_that_a_file_does_not_have_is_named_with_those_it_has(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "g.jsonl", [row().to_dict()])
    with pytest.raises(InputError, match=f"no generation of {SYNTHESIZE}; its tasks: {FIX}"):
        hep.read_generations(path, SYNTHESIZE)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.json does not exist"):
        hep.read_generations(tmp_path / "none.json")


def test_a_prompt_that_cannot_ask_for_the_task(tmp_path: Path) -> None:
    path = write_json(tmp_path / f"{SYNTHESIZE}.json", [])
    with pytest.raises(UsageError, match="prompt 'diff' does not support scenario 'synthesize'"):
        hep.read_generations(path, prompt="diff")
