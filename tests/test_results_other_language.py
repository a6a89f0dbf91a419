"""A file whose every text is plainly in another language than its task's is an error, no score of zero."""

from pathlib import Path

import pytest

import humanevalpack as hep
from finding_runs import whole
from generation_files import write_json
from humanevalpack.errors import InputError
from humanevalpack.languages import LANGUAGES
from humanevalpack.results.heads import other_language


def head(language: str) -> list[str]:
    problems = hep.load_problems(language, "mini")
    return [problem.prompt + whole(problem) for problem in problems]


@pytest.mark.parametrize("language", LANGUAGES)
def test_programs_of_every_language_are_told_from_every_other(language: str) -> None:
    programs = head(language)
    assert {name: other_language(programs, name) for name in LANGUAGES} == {
        name: None if name == language else language for name in LANGUAGES
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_bodies_and_prose_are_in_no_language(language: str) -> None:
    bodies = [problem.canonical_solution for problem in hep.load_problems(language, "mini")]
    assert {other_language([*bodies, "I cannot help."], name) for name in LANGUAGES} == {None}


def test_a_python_file_is_not_judged_as_javascript_unless_it_is_said_what_it_is(tmp_path: Path) -> None:
    path = write_json(tmp_path / "mine.json", [[text] for text in head("python")])
    with pytest.raises(InputError, match="every text has a head in Python, and the task is one in JavaScript"):
        hep.read_generations(path, "humanevalfixtests-js", dataset="mini")
    assert hep.read_generations(path, "humanevalfixtests-js", dataset="mini", form="completion").rows
