"""octopack_data.decontamination: problems of HumanEvalPack in rows are found, however they are laid out, and named."""

import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from code_rows import STDLIB, row
from humanevalpack import LANGUAGES, load_problems
from humanevalpack.errors import EnvironmentFault, HumanEvalPackError, InputError
from octopack_data.decontamination import DecontaminateSettings, Detector, Evidence, decontaminate_stage
from octopack_data.parts import run_stage
from octopack_data.rows import read_rows, write_rows
from octopack_data.sources import find_parts

PROBLEMS = tuple(problem for name in ("python", *LANGUAGES) for problem in load_problems(name, "mini"))
FIXED, PUBLISHED = Detector(PROBLEMS), Detector(PROBLEMS, "published")
LONG = next(problem for problem in PROBLEMS if len(problem.docstring.split()) > 30)
MINI = DecontaminateSettings(problems="mini")


def inside(text: str) -> str:
    """The text somewhere in a file, indented."""
    return "import os\n\nclass A:\n" + textwrap.indent(text, "\t\t") + "\n\nprint(1)\n"


@pytest.mark.parametrize("language", LANGUAGES)
def test_prompts_and_solutions_of_every_language_are_found_when_indented(language: str) -> None:
    for problem in load_problems(language, "mini"):
        for text in (problem.prompt, problem.declaration + problem.canonical_solution):
            assert FIXED.find_in(inside(text)) is not None, (problem.task_id, text)


@pytest.mark.real_data
def test_of_the_real_data_no_prompt_is_missed_and_only_solutions_of_a_few_signs(shared: Path) -> None:
    problems = [problem for name in LANGUAGES for problem in load_problems(name, shared / "humanevalpack")]
    detector = Detector(problems)
    assert [p.task_id for p in problems if detector.find_in(inside(p.prompt)) is None] == []
    missed = [p for p in problems if detector.find_in(inside(p.declaration + p.canonical_solution)) is None]
    assert len(missed) <= 12
    assert all(len("".join(problem.canonical_solution.split())) <= 20 for problem in missed)
    published = Detector(problems, "published")
    assert [p.task_id for p in problems if published.find_in("x\n" + p.prompt + "y") is None] == []


def commented(mark: str) -> str:
    return "\n".join(mark + line for line in LONG.docstring.splitlines())


@pytest.mark.parametrize("text", [commented("# "), commented(" * "), commented("//"), LONG.docstring.upper()])
def test_a_docstring_is_found_in_any_kind_of_comment(text: str) -> None:
    assert FIXED.find_in(inside(text)) == Evidence(LONG.task_id, "docstring")


def test_a_part_of_a_docstring_is_enough_if_it_is_long_enough() -> None:
    words = LONG.docstring.split()
    assert FIXED.find_in(" ".join(words[3:25])) == Evidence(LONG.task_id, "docstring")
    assert FIXED.find_in(" ".join(words[3:9])) is None


def test_published_looks_for_whole_prompts_as_they_are_in_new_contents_only() -> None:
    assert PUBLISHED.find_in("a\n" + LONG.prompt) == Evidence(LONG.task_id, "prompt")
    for changed in (inside(LONG.prompt), LONG.canonical_solution, LONG.docstring):
        assert PUBLISHED.find_in(changed) is None
    assert PUBLISHED.find(row("c", LONG.prompt, "")) is None
    assert FIXED.find(row("c", LONG.prompt, "")) == ("old_contents", Evidence(LONG.task_id, "prompt"))


def test_code_of_others_holds_no_problem() -> None:
    found = {path.name: FIXED.find_in(path.read_text("utf-8")) for path in STDLIB.glob("*.py")}
    assert {name: evidence for name, evidence in found.items() if evidence} == {}


def test_numbers_and_short_lines_are_no_evidence() -> None:
    for text in ("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", "return a + b", "", " \n"):
        assert FIXED.find_in(text) is None


def test_the_stage_leaves_rows_out_and_names_the_problem(tmp_path: Path) -> None:
    rows = [row("clean", "a", "b"), row("held", "a", inside(LONG.prompt)), row("old", LONG.prompt, "b")]
    write_rows(tmp_path / "in" / "p.jsonl", rows)
    stage = decontaminate_stage(find_parts(tmp_path / "in"), tmp_path / "out", MINI)
    manifest = run_stage(stage, progress=False)
    assert manifest["counts"] == {"rows": 3, "kept": 1, "dropped_humanevalpack": 2}
    assert [kept["commit"] for part in find_parts(tmp_path / "out") for kept in read_rows(part.path)] == ["clean"]
    said = {
        "new_file": "a.py",
        "subject": "Change it",
        "reason": "humanevalpack",
        "problem": LONG.task_id,
        "what": "prompt",
    }
    assert list(read_rows(tmp_path / "out" / "excluded" / "p.jsonl.zst")) == [
        {"commit": "held", **said, "column": "new_contents"},
        {"commit": "old", **said, "column": "old_contents"},
    ]


def test_problems_that_are_not_there_are_said_before_anything_is_written(tmp_path: Path) -> None:
    write_rows(tmp_path / "in.jsonl", [row("c", "a", "b")])
    settings = DecontaminateSettings(problems=str(tmp_path / "nowhere"))
    with pytest.raises(HumanEvalPackError, match="nowhere") as raised:
        decontaminate_stage(find_parts(tmp_path / "in.jsonl"), tmp_path / "out", settings)
    assert not isinstance(raised.value, EnvironmentFault)
    assert not (tmp_path / "out").exists()


def test_problems_that_change_while_a_run_is_on_are_refused(tmp_path: Path) -> None:
    write_rows(tmp_path / "in" / "p.jsonl", [row("a", "", "x = 1")])
    stage = decontaminate_stage(find_parts(tmp_path / "in"), tmp_path / "out", DecontaminateSettings(problems="mini"))
    changed = replace(stage, work=replace(cast(Any, stage.work), problems_sha256="of other problems"))
    with pytest.raises(InputError, match=r"mini: the problems were changed while a run with them was on"):
        run_stage(changed, progress=False)
    assert stage.left() == list(stage.parts)
