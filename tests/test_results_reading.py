"""Generations of every harness become the same rows: which problem, which sample, which text."""

import json
from pathlib import Path
from typing import Any

import pytest

import humanevalpack as hep
from generation_files import (
    EXPLAIN,
    FIX,
    SYNTHESIZE,
    mini,
    program_of,
    prompt_of,
    right,
    row,
    run_folder,
    write_json,
    write_lines,
    wrong,
)
from humanevalpack.results import Generations


def read(path: Path, task: str | None = None, **options: Any) -> Generations:
    return hep.read_generations(path, task, **{"dataset": "mini", "prompt": "octocoder", **options})


def candidates(found: Generations) -> dict[tuple[str, int], str]:
    """What is judged in the end, by problem and sample."""
    problems = {problem.task_id: problem for problem in mini()}
    texts = {}
    for item in found.rows:
        text = item.generation
        if item.form == "completion":
            scenario = item.task.removeprefix("humaneval").partition("-")[0]
            text = program_of(problems[item.task_id], scenario, text)
        texts[item.task_id, item.sample] = text
    return texts


def expected(scenario: str) -> dict[tuple[str, int], str]:
    return {
        (problem.task_id, number): program_of(problem, scenario, answer(problem))
        for problem in mini()
        for number, answer in enumerate((right, wrong))
    }


SCENARIOS = ("fixtests", "fixdocs", "synthesize")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_list_of_lists_of_programs(tmp_path: Path, scenario: str) -> None:
    lists = [[program_of(p, scenario, right(p)), program_of(p, scenario, wrong(p))] for p in mini()]
    found = read(write_json(tmp_path / f"generations_humaneval{scenario}-python.json", lists))
    assert found.kind == "list of lists"
    assert {item.form for item in found.rows} == {"program"}
    assert candidates(found) == expected(scenario)
    assert "taken for post-processed programs" in found.notes[0]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_list_of_lists_that_is_not_post_processed(tmp_path: Path, scenario: str) -> None:
    lists = [[prompt_of(p, scenario) + right(p), prompt_of(p, scenario) + wrong(p)] for p in mini()]
    found = read(write_json(tmp_path / f"generations_humaneval{scenario}-python.json", lists))
    assert {item.form for item in found.rows} == {"completion"}
    assert [found.rows[0].prompt, found.rows[0].generation] == [prompt_of(mini()[0], scenario), right(mini()[0])]
    assert candidates(found) == expected(scenario)
    assert "not post-processed" in found.notes[0]


def test_a_list_of_lists_of_answers_alone(tmp_path: Path) -> None:
    found = read(write_json(tmp_path / "mine.json", [[right(p), wrong(p)] for p in mini()]), FIX)
    assert candidates(found) == expected("fixtests")


@pytest.mark.parametrize("raw", [True, False])
def test_one_row_a_description(tmp_path: Path, raw: bool) -> None:
    lists = []
    for problem in mini():
        for number, answer in enumerate((right, wrong)):
            text = program_of(problem, "explainsynthesize", answer(problem))
            if raw:
                prompt = prompt_of(problem, "explainsynthesize", description=f"Number {number}.\nIt adds.")
                text = prompt + answer(problem)
            lists.append([text])
    found = read(write_json(tmp_path / f"generations_{EXPLAIN}.json", lists))
    assert candidates(found) == expected("explainsynthesize")
    assert {item.description for item in found.rows} == ({f"Number {n}.\nIt adds." for n in (0, 1)} if raw else {None})


def test_several_samples_a_description(tmp_path: Path) -> None:
    lists = [[f"{p.prompt.rstrip()}\n    # {d} {s}" for s in range(2)] for p in mini() for d in range(3)]
    found = read(write_json(tmp_path / f"g_{EXPLAIN}.json", lists))
    assert [item.sample for item in found.rows[:6]] == list(range(6))
    assert found.rows[5].generation.endswith("# 2 1")


@pytest.mark.parametrize("given", [4, None])
def test_a_slice_begins_where_it_is_said_or_where_its_texts_belong(tmp_path: Path, given: int | None) -> None:
    lists = [[program_of(p, "fixtests", right(p))] for p in mini()[4:7]]
    found = read(write_json(tmp_path / f"{FIX}.json", lists), limit_start=given)
    assert [item.task_id for item in found.rows] == ["Python/4", "Python/5", "Python/6"]
    assert any("begins at problem 4" in note for note in found.notes) is (given is None)


def test_a_slice_in_the_middle_of_a_problem_s_descriptions(tmp_path: Path) -> None:
    lists = [[mini()[n // 3].prompt.rstrip() + "\n    pass"] for n in range(4, 8)]
    path = write_json(tmp_path / f"{EXPLAIN}.json", lists)
    found = read(path, limit_start=4, descriptions_per_problem=3)
    assert [(item.task_id, item.sample) for item in found.rows] == [
        ("Python/1", 1),
        ("Python/1", 2),
        ("Python/2", 0),
        ("Python/2", 1),
    ]


def test_the_first_problems_of_explainsynthesize_need_no_number(tmp_path: Path) -> None:
    lists = [[mini()[n // 3].prompt.rstrip() + "\n    pass"] for n in range(6)]
    found = read(write_json(tmp_path / f"{EXPLAIN}.json", lists))
    assert [(item.task_id, item.sample) for item in found.rows[2:4]] == [("Python/0", 2), ("Python/1", 0)]


def test_rows_that_were_not_made_yet_are_left_out_and_said(tmp_path: Path) -> None:
    lists: list[Any] = [[program_of(p, "fixtests", right(p)), None] for p in mini()]
    lists[2], lists[3] = None, []
    found = read(write_json(tmp_path / f"{FIX}.json", lists))
    assert {f"Python/{n}" for n in range(len(lists))} - {item.task_id for item in found.rows} == {
        "Python/2",
        "Python/3",
    }
    assert found.rows[1].generation == "", "what the reference could not read is an empty answer"
    assert any("2 rows are empty" in note for note in found.notes)


def test_patches_of_the_prompt_diff_are_answers_that_are_finished(tmp_path: Path) -> None:
    lists = [["@@ -1,3 +1,3 @@\n a\n-b\n+c"] for _ in mini()]
    found = read(write_json(tmp_path / f"{FIX}.json", lists), prompt="diff")
    assert {item.form for item in found.rows} == {"program"}


def test_human_eval_s_lines_count_the_samples(tmp_path: Path) -> None:
    records = [
        {"task_id": f"HumanEval/{p.index}", "completion": answer(p)} for p in mini() for answer in (right, wrong)
    ]
    found = read(write_lines(tmp_path / "samples.jsonl", records), SYNTHESIZE)
    assert found.kind == "completions"
    assert candidates(found) == expected("synthesize")


def test_lines_with_lists_numbers_and_further_fields(tmp_path: Path) -> None:
    records: list[Any] = [
        {"task_id": "Python/1", "task": EXPLAIN, "completions": ["a", "b"], "description": "It adds."},
        {"task_id": "Python/0", "task": FIX, "generation": "c", "sample": 7, "finish": "length"},
    ]
    first, second, third = read(write_lines(tmp_path / "x.jsonl", records)).rows
    assert [(r.task, r.task_id, r.sample, r.generation) for r in (first, second, third)] == [
        (EXPLAIN, "Python/1", 0, "a"),
        (EXPLAIN, "Python/1", 1, "b"),
        (FIX, "Python/0", 7, "c"),
    ]
    assert (first.description, third.finish) == ("It adds.", "length")


def test_solutions_are_whole_programs(tmp_path: Path) -> None:
    records = [{"task_id": p.task_id, "solution": "def f(): pass"} for p in mini()]
    assert {r.form for r in read(write_lines(tmp_path / "x.jsonl", records), SYNTHESIZE).rows} == {"program"}


def test_completions_that_all_hold_the_whole_function_are_programs(tmp_path: Path) -> None:
    records = [{"task_id": p.task_id, "completion": program_of(p, "synthesize", right(p))} for p in mini()]
    assert {r.form for r in read(write_lines(tmp_path / "x.jsonl", records), SYNTHESIZE).rows} == {"program"}


def test_completions_some_of_which_repeat_the_head_stay_answers_and_it_is_said(tmp_path: Path) -> None:
    records = [{"task_id": p.task_id, "completion": right(p)} for p in mini()[1:]]
    records.append({"task_id": "Python/0", "completion": program_of(mini()[0], "synthesize", right(mini()[0]))})
    found = read(write_lines(tmp_path / "x.jsonl", records), SYNTHESIZE)
    assert {r.form for r in found.rows} == {"completion"}
    assert f"1 of {len(mini())} repeat the head" in found.notes[0]


def test_the_form_can_be_said(tmp_path: Path) -> None:
    path = write_json(tmp_path / f"{FIX}.json", [["x"] for _ in mini()])
    assert {r.form for r in read(path, form="program").rows} == {"program"}
    assert {r.form for r in read(path, form="completion").rows} == {"completion"}


def test_halves_of_surrogate_pairs_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"task_id": "Python/0", "completion": "a\\ud83d"}\n', "utf-8")
    assert read(path, FIX).rows[0].generation == "a\ufffd"


def test_a_run_s_folder_and_its_file_are_the_same(tmp_path: Path) -> None:
    rows = [row(), row(SYNTHESIZE, 1, 3, finish="stop", form="program")]
    folder = run_folder(tmp_path / "mine", rows)
    for path in (folder, folder / "generations.jsonl"):
        found = hep.read_generations(path)
        assert (list(found.rows), found.facts["prompt"]) == (rows, "octocoder")
    assert [r.task for r in hep.read_generations(folder, SYNTHESIZE).rows] == [SYNTHESIZE]


def test_the_usual_is_left_out_of_our_lines(tmp_path: Path) -> None:
    assert set(row().to_dict()) == {"task", "task_id", "sample", "prompt", "generation", "status", "description"}
    path = write_lines(tmp_path / "generations.jsonl", [row(form="program", finish="empty").to_dict()])
    assert json.loads(path.read_text())["form"] == "program"
