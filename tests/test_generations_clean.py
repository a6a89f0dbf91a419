"""Generations, or verdicts, that are to be made once more are taken out; what cannot have any is refused."""

import json
from pathlib import Path

import pytest

import humanevalpack as hep
from generation_files import FIX, SYNTHESIZE, command, judged_run, row, rows, run_folder
from humanevalpack.errors import InputError, UsageError


def test_generations_of_a_status_are_taken_out_with_their_verdicts(tmp_path: Path) -> None:
    given = [row(), row(number=1, finish="length"), row(number=2, status="prompt_too_long")]
    folder = judged_run(tmp_path / "mine", given, ["passed", "failed"], temperature=0.2)
    done = hep.clean_generations(folder, tmp_path / "two", ["length", "prompt_too_long"])
    assert (done.kept, done.removed, done.to_judge) == (1, 2, 0)
    run = hep.read_run(tmp_path / "two")
    assert [(sample.index, sample.status) for sample in run.samples] == [(0, "passed")]
    assert run.manifest["temperature"] == 0.2
    assert len(hep.read_run(folder).samples) == 3, "the source is as it was"


def test_of_a_verdict_s_status_the_verdict_alone_goes(tmp_path: Path) -> None:
    folder = judged_run(tmp_path / "mine", rows(range(1)), ["timeout", "passed"])
    said = command("clean", folder, "--status", "timeout", "--output", folder, "--overwrite")
    assert said.stdout == f"{folder}: 2 generations kept, 0 taken out, 1 to be judged again\n"
    assert [sample.status for sample in hep.read_run(folder).samples] == ["generated", "passed"]


def test_one_task_of_a_run_can_be_cleaned(tmp_path: Path) -> None:
    given = [row(finish="length"), row(SYNTHESIZE, finish="length")]
    folder = run_folder(tmp_path / "mine", given)
    hep.clean_generations(folder, tmp_path / "two.jsonl", ["length"], task=FIX)
    assert [item.task for item in hep.read_generations(tmp_path / "two.jsonl").rows] == [SYNTHESIZE]


def test_a_task_that_is_not_there_cannot_be_cleaned(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "mine", [row(finish="length")])
    with pytest.raises(InputError, match=f"no generation of {SYNTHESIZE}; its tasks: {FIX}"):
        hep.clean_generations(folder, tmp_path / "two", ["length"], task=SYNTHESIZE)


def test_an_unknown_status_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "mine", [row()])
    with pytest.raises(UsageError, match=r"status 'bad' is not known; use one or more of generated, .*length.*timeout"):
        hep.clean_generations(folder, tmp_path / "two", ["bad"])


@pytest.mark.parametrize("name", [f"generations_{FIX}.json", "samples.jsonl"])
def test_a_file_without_statuses_is_refused_before_any_problem_is_loaded(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("humanevalpack.problems.hub_rows", None)
    text = (
        json.dumps([["text"]]) if name.endswith(".json") else json.dumps({"task_id": "HumanEval/0", "completion": ""})
    )
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(InputError, match=f"has no statuses: humanevalpack evaluate .*{name}, then clean"):
        hep.clean_generations(tmp_path / name, tmp_path / "two", ["timeout"])


def test_cleaning_keeps_the_first_of_generations_that_contradict_each_other(tmp_path: Path) -> None:
    folder = run_folder(tmp_path / "run", [row(generation="first"), row(generation="second"), row(number=1)])
    cleaned = hep.clean_generations(folder, tmp_path / "clean", ["timeout"])
    assert (cleaned.kept, cleaned.to_judge) == (2, 1)
    assert hep.read_run(tmp_path / "clean").samples[0].generation == "first"
