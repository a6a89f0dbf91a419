"""What lm_eval leaves (results and sample logs) is a run, and can be judged again."""

import json
from pathlib import Path
from typing import Any

import pytest

import humanevalpack as hep
from generation_files import EXPLAIN, FIX, mini, program_of, prompt_of, right, write_json, write_lines, wrong
from humanevalpack.errors import InputError
from humanevalpack.lm_eval_plugin.samples import Generation, Sample
from humanevalpack.problems import Problem

DATE = "2026-01-01T00-00-00.000000"
SYNTHESIZE = "humanevalsynthesize-python"
VERDICTS = (hep.Verdict("passed", "all is well"), hep.Verdict("failed", "an assertion"))


def line(problem: Problem, scenario: str, *, judged: bool = True, description: str | None = None) -> dict[str, Any]:
    """One problem of a log, as the task and lm_eval write it: a right and a wrong sample."""
    samples = []
    for number, answer in enumerate((right, wrong)):
        prompt = prompt_of(problem, scenario, description=description)
        generation = Generation(prompt=prompt, text=answer(problem), description=description)
        sample = Sample(number=number, generation=generation, completion=program_of(problem, scenario, answer(problem)))
        samples.append(sample.with_verdict(VERDICTS[number] if judged else None).to_json())
    return {"doc_id": problem.index, "doc": problem.row(), "resps": [["a", "b"]], "filtered_resps": [samples]}


def output(folder: Path, tasks: dict[str, list[dict[str, Any]]], date: str = DATE) -> Path:
    """An output folder of lm_eval."""
    ours = {
        "prompt": "octocoder",
        "profile": "reference",
        "sandbox": "local",
        "dataset_sha256": "abc",
        "toolchain": "3.11",
    }
    facts = ours | {"options": {"dataset": "mini", "n_samples": 2, "temperature": 0.2}}
    configs = {task: {"metadata": {"humanevalpack": facts}} for task in tasks}
    data = {
        "results": {task: {} for task in tasks},
        "configs": configs,
        "model_name": "tiny",
        "model_source": "hf",
        "date": 0,
        "config": {"batch_size": 5, "random_seed": 3},
        "lm_eval_version": "0.4.13",
    }
    (folder / "tiny").mkdir(parents=True, exist_ok=True)
    for task, lines in tasks.items():
        write_lines(folder / "tiny" / f"samples_{task}_{date}.jsonl", lines)
    write_json(folder / "tiny" / f"results_{date}.json", data)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    first = mini()[:3]
    return output(
        tmp_path,
        {
            FIX: [line(problem, "fixtests") for problem in first],
            EXPLAIN: [line(problem, "explainsynthesize", description="It adds.") for problem in first],
        },
    )


def test_the_output_folder_is_a_run_with_its_settings(folder: Path) -> None:
    run = hep.read_run(folder)
    assert run.counts("fixtests", "python") == [(2, 1)] * 3
    assert run.tasks == [("fixtests", "python"), ("explainsynthesize", "python")]
    settings = {key: run.manifest[key] for key in ("model", "backend", "prompt", "dataset", "n_samples", "batch_size")}
    assert list(settings.values()) == ["tiny", "hf", "octocoder", "mini", 2, 5]
    assert run.manifest["created"] == "1970-01-01T00:00:00Z"
    assert (run.manifest["dataset_sha256"], run.manifest["toolchains"]) == ({"python": "abc"}, {"python": "3.11"})
    assert run.manifest["packages"] == {"lm_eval": "0.4.13"}


def test_a_logged_sample_has_its_program_again(folder: Path) -> None:
    problem = mini()[0]
    sample = hep.read_run(folder).of_task("fixtests", "python")[0]
    assert sample.program == hep.build_program(problem, sample.candidate, "fixtests", prompt="octocoder").text
    assert (sample.status, sample.generation) == ("passed", right(problem))


def test_the_output_folder_becomes_a_run_s_folder_with_its_verdicts(folder: Path, tmp_path: Path) -> None:
    merged = hep.merge_generations([folder], tmp_path / "run")
    assert (merged.generations, merged.verdicts) == (12, 12)
    ours, theirs = hep.read_run(tmp_path / "run"), hep.read_run(folder)
    assert list(ours.samples) == list(theirs.samples)
    assert ours.manifest["model"] == "tiny"


def test_the_newest_run_of_a_folder_is_read(folder: Path) -> None:
    import os

    os.utime(folder / "tiny" / f"results_{DATE}.json", (1, 1))
    output(folder, {SYNTHESIZE: [line(mini()[0], "synthesize")]}, "2026-02-02T00-00-00.000000")
    assert hep.read_run(folder).tasks == [("synthesize", "python")]


def test_a_log_is_read_as_generations_with_the_facts_beside_it(folder: Path) -> None:
    found = hep.read_generations(folder / "tiny" / f"samples_{EXPLAIN}_{DATE}.jsonl")
    assert (found.kind, found.facts["prompt"], len(found.rows)) == ("lm_eval log", "octocoder", 6)
    first = found.rows[0]
    assert (first.task, first.sample, first.status, first.description) == (EXPLAIN, 0, "generated", "It adds.")
    assert list(hep.read_generations(folder, EXPLAIN).rows) == list(found.rows)


def test_a_log_of_lm_eval_s_own_task_gives_completions(tmp_path: Path) -> None:
    records = [
        {"doc": {"task_id": f"HumanEval/{p.index}"}, "resps": [[right(p), wrong(p)]], "filtered_resps": ["x"]}
        for p in mini()
    ]
    path = write_lines(tmp_path / "samples_humaneval_2026.jsonl", records)
    found = hep.read_generations(path, SYNTHESIZE, dataset="mini", prompt="continue")
    assert [(r.task_id, r.sample) for r in found.rows[:3]] == [("Python/0", 0), ("Python/0", 1), ("Python/1", 0)]
    assert found.rows[1].generation == wrong(mini()[0])


def test_samples_that_were_not_judged_are_generations(tmp_path: Path) -> None:
    run = hep.read_run(output(tmp_path, {FIX: [line(mini()[0], "fixtests", judged=False)]}))
    assert [(sample.status, sample.program) for sample in run.samples] == [("generated", "")] * 2


def test_without_the_sample_log_the_way_to_get_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="run lm_eval with --log_samples"):
        hep.read_run(output(tmp_path, {}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"filtered_resps": [["{"]]}, "line 1: not a line of a humanevalpack task's sample log"),
        ({"filtered_resps": [["1"]]}, "line 1: field 'filtered_resps' must hold samples as JSON objects: 1"),
        ({"filtered_resps": [['{"sample": "x"}']]}, "line 1: field 'sample' must be int"),
    ],
)
def test_a_wrong_log_is_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    folder = output(tmp_path, {FIX: [line(mini()[0], "fixtests") | change]})
    with pytest.raises(InputError, match=message) as refused:
        hep.read_run(folder)
    assert f"samples_{FIX}" in str(refused.value)


def test_a_results_file_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "results_1.json").write_text(json.dumps([]), "utf-8")
    with pytest.raises(InputError, match=r"results_1\.json: not a results file of lm_eval"):
        hep.read_run(tmp_path)
