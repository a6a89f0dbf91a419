"""A sample in lm_eval's log: every text that a model can produce survives, and comes back as it was."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humanevalpack import Verdict
from humanevalpack.errors import InputError
from humanevalpack.lm_eval_plugin.kept import kept_row, read_rows
from humanevalpack.lm_eval_plugin.options import Options
from humanevalpack.lm_eval_plugin.samples import Generation, Sample
from humanevalpack.results.manifest import write_text
from humanevalpack.results.rows import KeptRow, writable

anything = st.text(st.characters(exclude_categories=()))  # NUL and halves of surrogate pairs included


@given(anything)
def test_any_text_can_be_written_and_only_lone_surrogates_change(text: str) -> None:
    written = writable(text)
    written.encode("utf-8")
    if not any("\ud800" <= character <= "\udfff" for character in text):
        assert written == text


def test_a_lone_surrogate_becomes_the_replacement_character() -> None:
    assert writable("a\ud83d b\x00") == "a\ufffd b\x00"


@given(anything.map(writable))
def test_a_sample_s_json_is_plain_ascii_and_gives_the_text_back(text: str) -> None:
    sample = Sample(
        number=3, generation=Generation(prompt=text, text=text), completion=text, verdict=Verdict("failed", text)
    )
    logged = sample.to_json()
    assert logged.isascii()
    record = json.loads(logged)
    assert record["prompt"] == record["generation"] == record["completion"] == record["verdict"]["reason"] == text
    assert (record["sample"], record["status"]) == (3, "failed")


def test_without_a_verdict_the_status_is_the_generation_s() -> None:
    generation = Generation(prompt="p", text="", status="prompt_too_long")
    assert Sample(number=0, generation=generation, completion="").status == "prompt_too_long"


ROW = KeptRow(
    task="t", task_id="Go/1", sample=2, prompt="p\x00", generation="g\ufffd", status="generated", description=None
)


def test_kept_rows_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = write_text(tmp_path / "folder" / "generations.jsonl", ROW.to_line())
    assert read_rows(path) == read_rows(path.parent) == {("t", "Go/1", 2): ROW}
    assert [file.name for file in path.parent.iterdir()] == ["generations.jsonl"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[]", "line 1: expected a JSON object, found list"),
        ("{", "line 1: not valid JSON"),
        ('{"task": "t"}', "line 1: field 'task_id' must be str, found None"),
        ('{"task": "t", "task_id": "Go/1", "sample": "2"}', "line 1: field 'sample' must be int, found '2'"),
        (
            json.dumps(asdict(ROW) | {"status": "passed"}),
            "status is 'passed'; allowed: generated, ",
        ),
        (
            f"{json.dumps(asdict(ROW))}\n{json.dumps(asdict(ROW))}",
            "line 2: t, Go/1, sample 2 stands here a second time",
        ),
    ],
)
def test_a_wrong_line_of_kept_generations_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "generations.jsonl"
    path.write_text(line + "\n", "utf-8")
    with pytest.raises(InputError, match=message) as refused:
        read_rows(path)
    assert str(path) in str(refused.value)


def test_a_post_processed_generation_is_not_taken_for_an_answer(tmp_path: Path) -> None:
    path = write_text(tmp_path / "generations.jsonl", replace(ROW, form="program").to_line())
    with pytest.raises(InputError, match=r"Go/1, sample 2 is post-processed .*humanevalpack evaluate"):
        kept_row(replace(Options(), generations=str(path)), "t", "Go/1", 2)


def test_a_folder_without_generations_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no \.jsonl file"):
        read_rows(tmp_path)


def test_kept_generations_that_were_written_anew_are_read_anew(tmp_path: Path) -> None:
    options = replace(Options(), generations=str(tmp_path))
    for text in ("wrong", "right, and longer"):
        write_text(tmp_path / "generations.jsonl", replace(ROW, generation=text).to_line())
        assert kept_row(options, "t", "Go/1", 2).generation == text
