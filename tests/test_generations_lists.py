"""Lists of other harnesses: one problem a file, cleaned descriptions, answers of chat models."""

import json
from pathlib import Path
from typing import Any

import pytest

import humanevalpack as hep
from generation_files import SYNTHESIZE, command, mini, rows, run_folder, write_json, write_lines
from humanevalpack.errors import InputError

LAST = len(mini()) - 1


@pytest.mark.parametrize("scenario", ["synthesize", "explainsynthesize"])
@pytest.mark.parametrize("column", [True, False])
def test_files_of_one_problem_are_placed_by_their_numbers(tmp_path: Path, scenario: str, column: bool) -> None:
    answers = {number: [f"a{number}", f"b{number}"] for number in (2, 11, 0)}
    task = f"humaneval{scenario}-python"
    files = [
        write_json(tmp_path / f"{task}_{number}.json", [[text] for text in texts] if column else [texts])
        for number, texts in answers.items()
    ]
    how: dict[str, Any] = {"dataset": "mini", "one_problem": True}
    merged = hep.merge_generations(files, tmp_path / "all.jsonl", **how)
    found = hep.read_generations(tmp_path / "all.jsonl").rows
    assert [(item.task_id, item.sample, item.generation) for item in found] == [
        (f"Python/{number}", sample, answers[number][sample]) for number in (0, 2, 11) for sample in (0, 1)
    ]
    assert len(merged.missing[task]) == 2 * (LAST - 2)
    (checked,) = hep.check_generations(files, **how)
    assert checked.missing == merged.missing[task]


def test_the_command_merges_files_of_one_problem(tmp_path: Path) -> None:
    files = [write_json(tmp_path / f"{SYNTHESIZE}_{p.index}.json", [["a"], ["b"]]) for p in mini()]
    done = command("merge", *files, "--one-problem", "--dataset", "mini", "--output", tmp_path / "whole")
    assert (done.returncode, len(hep.read_run(tmp_path / "whole").samples)) == (0, 2 * (LAST + 1)), done.stderr
    done = command("check", *files[1:], "--one-problem", "--dataset", "mini")
    assert (done.returncode, "missing: 2: Python/0, sample 0; Python/0, sample 1" in done.stdout) == (1, True)


@pytest.mark.parametrize(
    ("name", "lists", "said"),
    [
        ("all.json", [["a"]], "its name must end with the problem's number, such as mine_7.json"),
        ("all_3.json", [["a"], ["b", "c"]], "row 1: 2 samples in one of 2 rows: a file of one problem has"),
        ("all_164.json", [["a"]], "1 rows from 164 on for 14 python problems"),
    ],
)
def test_a_file_that_is_not_of_one_problem_is_refused(tmp_path: Path, name: str, lists: Any, said: str) -> None:
    file = write_json(tmp_path / name, lists)
    with pytest.raises(InputError) as refused:
        hep.read_generations(file, SYNTHESIZE, dataset="mini", one_problem=True)
    assert str(refused.value).startswith(str(file))
    assert said in str(refused.value)


def test_samples_that_no_problem_has_are_missing_where_their_number_is_said(tmp_path: Path) -> None:
    parts = (("a", range(8)), ("b", range(7, LAST + 1)))
    halves = [run_folder(tmp_path / name, rows(numbers)) for name, numbers in parts]
    (found,) = hep.check_generations(halves, samples=3)
    assert found.missing == [f"Python/{number}, sample 2" for number in range(LAST + 1)]
    assert found.twice == ["Python/7, sample 0", "Python/7, sample 1"]
    done = command("check", *halves, "--samples", "3", "--json")
    assert (done.returncode, json.loads(done.stdout)[0]["missing"]) == (1, found.missing)


def test_lines_of_the_solution_are_taken_out_of_the_descriptions_of_another_harness(tmp_path: Path) -> None:
    task = "humanevalexplaindescribe-python"
    told = [[f"First {p.canonical_solution.strip()}, then more."] for p in mini()]
    file = write_json(tmp_path / f"{task}.json", told)
    (saved, _) = hep.export_generations(file, tmp_path / "out", dataset="mini", form="completion")
    cleaned = [text for (text,) in json.loads(saved.read_text("utf-8"))]
    for problem, text, (raw,) in zip(mini(), cleaned, told, strict=True):
        lines = [line.strip() for line in problem.canonical_solution.split("\n") if len(line.strip()) > 20]
        assert not [line for line in lines if line in text]
        assert any(line in raw for line in lines)


def test_answers_of_a_chat_model_become_the_reference_s_lists(tmp_path: Path) -> None:
    said = "Sure!\r\n```python\r\n{}\r\n```\r\nThis is why."
    lines = [
        {"task_id": p.task_id, "completion": said.format((p.prompt + p.canonical_solution).replace("\n", "\r\n"))}
        for p in mini()
    ]
    file = write_lines(tmp_path / f"{SYNTHESIZE}.jsonl", lines)
    (saved, _) = hep.export_generations(file, tmp_path / "out", dataset="mini", prompt="chat")
    wanted = [[(p.prompt + p.canonical_solution).strip()] for p in mini()]
    assert [[text.strip() for text in texts] for texts in json.loads(saved.read_text("utf-8"))] == wanted
