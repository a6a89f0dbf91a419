"""Problems: what is read, and how wrong data is reported."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from humanevalpack import problems
from humanevalpack.errors import InputError, UsageError
from humanevalpack.languages import LANGUAGES
from humanevalpack.problems import content_hash, hash_difference, load_problems, problems_from_rows


def mini_rows(language: str = "python") -> list[dict[str, Any]]:
    return [problem.row() for problem in load_problems(language, "mini")]


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_file_and_a_folder_give_the_same_problems(language: str, tmp_path: Path) -> None:
    path = write_rows(tmp_path / f"{language}.jsonl", mini_rows(language))
    assert load_problems(language, path) == load_problems(language, tmp_path) == load_problems(language, "mini")


def test_the_columns_are_attributes() -> None:
    problem = load_problems("go", "mini")[3]
    assert (problem.language, problem.index, problem.task_id) == ("go", 3, "Go/3")
    assert problem.test_setup.startswith("package main")
    assert problem.row()["import"] == problem.import_


Row = dict[str, Any]


def without(*columns: str) -> Callable[[list[Row]], None]:
    def change(rows: list[Row]) -> None:
        for column in columns:
            del rows[1][column]

    return change


def setting(column: str, value: object) -> Callable[[list[Row]], None]:
    def change(rows: list[Row]) -> None:
        rows[1][column] = value

    return change


@pytest.mark.parametrize(
    ("language", "change", "words"),
    [
        ("python", without("buggy_solution"), ["row 2", "'buggy_solution'", "is missing"]),
        ("python", without("prompt", "test"), ["row 2", "'prompt', 'test'", "is missing"]),
        ("go", without("import"), ["row 2", "'import'", "a go problem needs"]),
        ("go", without("test_setup"), ["row 2", "'test_setup'"]),
        ("python", setting("declaration", None), ["row 2", "'declaration'", "is missing"]),
        ("python", setting("docstring", 7), ["row 2", "'docstring'", "must be text, not int", "7"]),
        ("python", setting("bug_type", "typo"), ["row 2", "bug_type is 'typo'", "value misuse"]),
        ("python", setting("failure_symptoms", "hang"), ["row 2", "failure_symptoms is 'hang'", "infinite loop"]),
        ("python", setting("test", " \n"), ["row 2", "'test' is empty"]),
        ("python", setting("entry_point", ""), ["row 2", "'entry_point' is empty"]),
        ("python", setting("task_id", "Python/0"), ["row 2", "'Python/0' stands in row 1 too", "delete"]),
        ("python", setting("task_id", "Go/1"), ["row 2", "'Go/1'", "Python/<number>"]),
        ("js", setting("task_id", "JavaScript/one"), ["row 2", "'JavaScript/one'", "JavaScript/<number>"]),
        ("cpp", setting("task_id", "CPP/-1"), ["row 2", "'CPP/-1'"]),
        ("python", setting("task_id", "Python/01"), ["row 2", "'Python/01'"]),
        ("python", setting("task_id", "Python/" + "9" * 5000), ["row 2", "Python/<number>"]),
    ],
)
def test_a_wrong_row_is_named(
    language: str, change: Callable[[list[Row]], None], words: list[str], tmp_path: Path
) -> None:
    rows = mini_rows(language)
    change(rows)
    path = write_rows(tmp_path / "rows.jsonl", rows)
    with pytest.raises(InputError) as error:
        load_problems(language, path)
    assert str(path) in str(error.value)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", ["no rows"]),
        (b"\n\n", ["no rows"]),
        (b"{not json}\n", ["line 1", "not valid JSON", "{not json}"]),
        (b"\n[1, 2]\n", ["line 2", "JSON object", "list"]),
        (b"\xef\xbb\xbf{}", ["line 1", "BOM"]),
        (b"[" * 100_000, ["line 1", "cannot be read", "[[["]),
        (b'{"test": ' + b"1" * 5000 + b"}", ["line 1", "cannot be read", "digits"]),
        (b"\xff\xfe{}", ["not UTF-8"]),
    ],
)
def test_a_file_that_is_not_json_lines_is_named(text: bytes, words: list[str], tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(text)
    with pytest.raises(InputError) as error:
        load_problems("python", path)
    for word in [str(path), *words]:
        assert word in str(error.value)


def test_half_of_a_surrogate_pair_is_named(tmp_path: Path) -> None:
    rows = mini_rows()
    rows[1]["docstring"] = "\ud800"
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    with pytest.raises(InputError, match=r"row 2: column 'docstring' holds half of a surrogate pair"):
        load_problems("python", path)


@pytest.mark.parametrize(
    ("language", "source", "words"),
    [
        ("kotlin", "mini", ["'kotlin'", "cpp, go, java, js, python, rust"]),
        ("Python", "mini", ["'Python'", "python"]),
        ("python", "hubb", ["'hubb'", "hub", "mini", ".jsonl"]),
        ("python", "/no/such/file.jsonl", ["/no/such/file.jsonl"]),
    ],
)
def test_an_unknown_language_or_source_lists_what_works(language: str, source: str, words: list[str]) -> None:
    with pytest.raises(UsageError) as error:
        load_problems(language, source)
    for word in words:
        assert word in str(error.value)


def test_a_folder_without_the_language_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"holds no rust\.jsonl"):
        load_problems("rust", tmp_path)


def test_only_the_hub_has_revisions() -> None:
    with pytest.raises(UsageError, match="revision='v1' needs dataset 'hub'"):
        load_problems("python", "mini", revision="v1")


def test_missing_optional_columns_are_empty_text() -> None:
    rows = mini_rows("python")
    for row in rows:
        row.pop("text"), row.pop("import"), row.pop("test_setup")
    assert {problem.text for problem in problems_from_rows(rows, "python", where="rows")} == {""}


def test_the_content_hash_sees_order_and_every_column() -> None:
    rows = load_problems("go", "mini")
    assert content_hash(rows) == content_hash(list(rows))
    assert content_hash(rows) != content_hash(rows[::-1])
    for column in (*problems._REQUIRED, "test_setup"):
        changes: dict[str, Any] = {column: getattr(rows[0], column) + "!"}
        assert content_hash([replace(rows[0], **changes), *rows[1:]]) != content_hash(rows)


def test_an_unreachable_hub_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    code = "import humanevalpack as hep; hep.load_problems('python')"
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    last = run.stderr.strip().splitlines()[-1]
    assert "EnvironmentFault" in last
    for word in ("bigcode/humanevalpack", "python", "HF_HUB_OFFLINE", "dataset=mini"):
        assert word in last


@pytest.mark.real_data
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_real_data_has_the_known_hash(language: str, shared: Path) -> None:
    rows = load_problems(language, shared / "humanevalpack")
    assert len(rows) == 164
    assert content_hash(rows) == problems.known_hash(language)
    assert hash_difference(rows) == ""


@pytest.mark.real_data
def test_a_difference_from_the_published_data_names_the_rows(shared: Path) -> None:
    rows = list(load_problems("python", shared / "humanevalpack"))
    changed = replace(rows[5], docstring="other")
    added = replace(rows[0], task_id="Python/164", index=164)
    difference = hash_difference([*rows[:5], changed, *rows[7:], added])
    assert "changed: Python/5" in difference
    assert "missing: Python/6" in difference
    assert "added: Python/164" in difference
    assert "another order" in hash_difference(rows[::-1])
