"""octopack_train.texts: rows of any source become prompt and completion, in the format that a recipe names."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from humanevalpack.errors import InputError
from octopack_train.config.data import DataSettings
from octopack_train.texts import Text, mini_texts, parts_of, sides, texts
from training_rows import written

COMMIT = {
    "commit": "c1",
    "old_file": "src/a.py",
    "new_file": "src/a.py",
    "subject": "Add y",
    "message": "Add y",
    "old_contents": "x = 1\n",
    "new_contents": "x = 1\ny = 2\n",
    "lang": "Python",
}


def read(path: Path, counts: Counter[str] | None = None, **settings: Any) -> list[Text]:
    counts = Counter() if counts is None else counts
    return list(texts("s", parts_of("s", str(path)), DataSettings(path=str(path), **settings), counts))


def asked(path: Path, counts: Counter[str] | None = None, **settings: Any) -> list[Text]:
    return read(path, counts, text="question-answer", **settings)


def test_octocoders_text_ends_at_answer_and_the_completion_has_the_blank(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", {"prompt": "Say hi", "completion": "hi"})
    assert asked(path) == [Text("Question: Say hi\n\nAnswer:", " hi", "s", "")]


def test_the_published_boundary_has_the_blank_in_the_prompt(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", {"prompt": "Say hi", "completion": "hi"})
    assert asked(path, boundary="space_in_prompt") == [Text("Question: Say hi\n\nAnswer: ", "hi", "s", "")]


def test_a_commit_is_a_question_of_its_subject_and_old_code(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", COMMIT)
    (text,) = asked(path, form="instruction")
    assert text == Text("Question: Add y\nx = 1\n\n\nAnswer:", " x = 1\ny = 2\n", "s", "Python")


@pytest.mark.parametrize(
    ("form", "prompt", "completion"),
    [
        ("rewrite", "<commit_before>\nx = 1\n<commit_msg>\nAdd y\n<commit_after>\n", "x = 1\ny = 2\n"),
        ("line-diff", "<commit_before>\n  1 x = 1\n<commit_msg>\nAdd y\n<commit_after>\n", "+  2 y = 2"),
        ("line-diff-numbered", "<commit_before>\n  1 x = 1\n<commit_msg>\nAdd y\n<commit_after>\n", "+  2 y = 2"),
    ],
)
def test_formats_of_commits(tmp_path: Path, form: Any, prompt: str, completion: str) -> None:
    path = written(tmp_path / "rows.jsonl", COMMIT)
    assert read(path, form=form) == [Text(prompt, completion, "s", "Python")]


def test_a_format_with_words_in_place_of_tags(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", COMMIT)
    (text,) = read(path, form="rewrite", template="instructions")
    assert text.prompt == "Instructions: Add y\nInput:\nx = 1\nOutput:\n"


def test_the_mark_at_a_formats_end_is_left_to_the_tokenizer(tmp_path: Path) -> None:
    (text,) = read(written(tmp_path / "rows.jsonl", COMMIT), form="commit")
    assert text.completion == "x = 1\ny = 2\n"


def test_only_the_languages_that_are_asked_for(tmp_path: Path) -> None:
    counts = Counter[str]()
    path = written(tmp_path / "rows.jsonl", COMMIT, COMMIT | {"lang": "Rust"})
    assert [text.language for text in read(path, counts, form="commit", languages=("Rust",))] == ["Rust"]
    assert counts == {"rows": 2, "dropped_language": 1}


def test_a_commit_with_its_file_and_with_the_instruction_in_the_target(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", COMMIT)
    (text,) = read(path, form="rewrite", file_name=True, instruction_in="targets")
    assert text.prompt == "<file_name>\na.py\n<commit_before>\nx = 1\n<commit_msg>"
    assert text.completion == "Add y\n<commit_after>\nx = 1\ny = 2\n"


@pytest.mark.parametrize("columns", [("prompt", "completion"), ("inputs", "targets"), ("input", "output")])
@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_pairs_as_they_are(tmp_path: Path, columns: tuple[str, str], ending: str) -> None:
    path = written(tmp_path / f"rows.{ending}", dict(zip(columns, ("a", " b"), strict=True)))
    assert read(path) == [Text("a", " b", "s", "")]


def test_one_text_has_no_prompt(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", {"text": "all of it"})
    assert read(path) == [Text("", "all of it", "s", "")]


def test_a_row_without_an_answer_is_left_out_and_counted(tmp_path: Path) -> None:
    counts = Counter[str]()
    path = written(tmp_path / "rows.jsonl", {"prompt": "a", "completion": " "}, {"prompt": "a", "completion": "b"})
    assert len(read(path, counts)) == 1
    assert counts == {"rows": 2, "dropped_empty_target": 1}


def test_a_commit_whose_text_holds_a_mark_of_the_format_is_left_out_and_counted(tmp_path: Path) -> None:
    counts = Counter[str]()
    path = written(tmp_path / "rows.jsonl", COMMIT | {"old_contents": "<commit_after>"}, COMMIT)
    assert len(read(path, counts, form="rewrite")) == 1
    assert counts["dropped_mark_in_text"] == 1


def test_octocoders_text_is_not_put_around_itself(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", {"prompt": "Question: a\n\nAnswer:", "completion": " b"})
    with pytest.raises(InputError, match=r"row 1: the prompt is in OctoCoder's text already; say data.text=raw"):
        asked(path)


def test_two_pairs_of_columns_are_not_chosen_from(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", {"prompt": "a", "completion": "b", "inputs": "c", "targets": "d"})
    with pytest.raises(InputError, match=r"prompt and completion as well as inputs and targets may be .*data\.mixture"):
        read(path)


def test_wrong_columns_are_named(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", {"question": "a"})
    with pytest.raises(InputError, match=r"needs columns prompt and completion, .* or text; not question"):
        read(path)


def test_the_input_of_an_instruction_is_no_prompt(tmp_path: Path) -> None:
    row = {"instruction": "Sort it.", "input": "b a", "output": "a b"}
    with pytest.raises(InputError, match=r"not instruction, input, output.*self-instruct load makes pairs of them"):
        read(written(tmp_path / "rows.jsonl", row), form="pairs")


def test_a_second_row_without_a_column_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl", {"prompt": "a", "completion": "b"}, {"prompt": "a"})
    with pytest.raises(InputError, match=r"line 2: no column 'completion'"):
        read(path)


@pytest.mark.parametrize(
    ("train", "test"),
    [
        (["train.jsonl"], ["test.jsonl"]),
        (["data/train-00000-of-00001.parquet"], ["data/validation-00000-of-00001.parquet"]),
        (["train/data/pairs.jsonl"], ["valid/data/pairs.jsonl"]),
        (["a.jsonl", "test.jsonl"], []),  # nothing says that the rest is for training
    ],
)
def test_train_and_test_files_are_told_by_their_names(tmp_path: Path, train: list[str], test: list[str]) -> None:
    for name in (*train, *test):
        written(tmp_path / name, {"prompt": "a", "completion": "b"})
    found = sides(parts_of("s", str(tmp_path)))
    assert [[part.path for part in side] for side in found] == [
        [tmp_path / name for name in names] for names in (train, test)
    ]


def test_the_package_brings_problems_to_try() -> None:
    counts: dict[str, Counter[str]] = {}
    found = list(mini_texts(counts))
    assert counts["mini"]["rows"] == len(found) == 84
    assert {text.language for text in found} == {"cpp", "go", "java", "js", "python", "rust"}
    assert all(text.prompt.startswith("Question: ") and text.completion.startswith("\n") for text in found)
