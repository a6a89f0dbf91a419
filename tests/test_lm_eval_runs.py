"""Whole lm_eval runs on a tiny model: what is asked, executed, scored, logged, cached, left out and kept."""

import json
from pathlib import Path
from typing import Any

import pytest
from lm_eval.models.huggingface import HFLM

from humanevalpack import Verdict, __version__, load_problems, render_prompt
from humanevalpack.errors import InputError, SandboxFault, UsageError
from humanevalpack.lm_eval_plugin import scoring, toolchain_check
from humanevalpack.metrics import pass_at_k_scores
from lm_eval_runs import Run, run

pytest_plugins = ["tiny_models"]
# One worker of pytest-xdist makes the models and runs that these tests share.
pytestmark = pytest.mark.xdist_group("lm_eval_runs")

EXPLAIN = "humanevalexplain_python"
DESCRIBE, SYNTHESIZE = "humanevalexplaindescribe-python", "humanevalexplainsynthesize-python"
FIX = "humanevalfixtests-python"
# The tests judge Python programs of a random model: the sandbox that works everywhere will do.
SHORT: dict[str, Any] = {"max_new_tokens": 12, "sandbox": "process", "confirm_run_unsafe_code": True}


@pytest.fixture(scope="module")
def explained(untrained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    """Both stages in one command, three samples, everything kept."""
    kept = tmp_path_factory.mktemp("kept")
    metadata = {**SHORT, "n_samples": 3, "temperature": 0.9, "k": "1,2", "run_folder": str(kept)}
    return run(EXPLAIN, untrained_model, metadata=metadata, limit=2), kept


def test_explain_puts_each_description_into_one_prompt(explained: tuple[Run, Path]) -> None:
    samples = explained[0].samples(SYNTHESIZE)
    problems = [problem for problem in load_problems("python", "mini")[:2] for _ in range(3)]
    assert [sample["prompt"] for sample in samples] == [
        render_prompt(problem, "explainsynthesize", description=sample["description"])
        for problem, sample in zip(problems, samples, strict=True)
    ]


def test_both_explain_tasks_share_their_descriptions(explained: tuple[Run, Path]) -> None:
    descriptions = [sample["completion"] for sample in explained[0].samples(DESCRIBE)]
    assert [sample["description"] for sample in explained[0].samples(SYNTHESIZE)] == descriptions
    assert len(set(descriptions)) == 6


def test_descriptions_have_no_score_and_stand_in_no_average(explained: tuple[Run, Path]) -> None:
    done = explained[0]
    assert not any(key.startswith("pass@") for key in done.results["results"][DESCRIBE])
    lengths = [len(sample["completion"]) for sample in done.samples(DESCRIBE)]
    assert done.metric(DESCRIBE, "description_characters") == pytest.approx(sum(lengths) / 6)
    assert done.metric(EXPLAIN, "pass@1") == done.metric(SYNTHESIZE, "pass@1")


def test_a_sample_s_log_holds_prompt_generation_completion_and_the_verdict_with_its_reason(
    explained: tuple[Run, Path],
) -> None:
    sample = explained[0].samples(SYNTHESIZE)[0]
    assert sample["completion"].startswith(load_problems("python", "mini")[0].prompt.rstrip())
    assert sample["verdict"]["status"] == sample["status"] != "passed"
    assert sample["verdict"]["reason"]
    assert sample["budget"] == 12


def test_pass_at_k_and_its_standard_error_are_those_of_our_metrics(
    untrained_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Verdicts are made up here: a random model passes nothing, and one that has learned passes everything."""
    passes = [[1, 0, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1]]
    verdicts = [Verdict("passed" if passed else "failed", "made up") for problem in passes for passed in problem]
    monkeypatch.setattr(scoring, "run_programs", lambda programs, **_: verdicts)
    metadata = {**SHORT, "n_samples": 4, "temperature": 0.9, "k": [1, 3]}
    done = run(FIX, untrained_model, metadata=metadata, limit=3)
    for k in (1, 3):
        expected = pass_at_k_scores([(4, sum(problem)) for problem in passes], k)
        assert done.metric(FIX, f"pass@{k}") == pytest.approx(expected.mean)
        assert done.metric(FIX, f"pass@{k}_stderr") == pytest.approx(expected.stderr)
    assert done.metric(FIX, "samples_passed") == 6
    assert done.metric(FIX, "samples_failed") == 6


def test_one_batch_of_programs_per_task(untrained_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[tuple[int, Any]] = []

    def judge(programs: list[Any], **settings: Any) -> list[Verdict]:
        batches.append((len(programs), settings["workers"]))
        return [Verdict("failed", "made up") for _ in programs]

    monkeypatch.setattr(scoring, "run_programs", judge)
    metadata = {**SHORT, "n_samples": 2, "temperature": 0.9, "workers": 3}
    run("humanevalfix_python,humanevalsynthesize_python", untrained_model, metadata=metadata, limit=3)
    assert batches == [(6, 3), (6, 3)]


def test_the_run_s_choices_are_recorded(explained: tuple[Run, Path]) -> None:
    record = explained[0].record(SYNTHESIZE)
    assert (record["profile"], record["sandbox"], record["prompt"]) == ("reference", "process", "instruct")
    assert "no template names a model like" in record["prompt_reason"]
    assert record["options"]["k"] == [1, 2]
    assert record["toolchain"].startswith("3.")
    assert len(record["dataset_sha256"]) == 64
    assert record["version"] == __version__


def test_predict_only_executes_nothing_and_needs_no_toolchain(
    untrained_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolchain_check, "check_toolchains", lambda *_, **__: pytest.fail("a toolchain was looked for"))
    monkeypatch.setattr(scoring, "run_programs", lambda *_, **__: pytest.fail("programs were executed"))
    done = run(FIX, untrained_model, metadata={"max_new_tokens": 4}, limit=2, predict_only=True)
    assert [sample["status"] for sample in done.samples(FIX)] == ["generated", "generated"]
    assert not any(key.startswith("pass@") for key in done.results["results"][FIX])


def test_use_cache_gives_greedy_answers_back_without_asking_the_model_again(
    untrained_model: Path, tmp_path: Path
) -> None:
    lm = HFLM(pretrained=str(untrained_model), device="cpu")
    settings: dict[str, Any] = {
        "metadata": SHORT,
        "limit": 1,
        "predict_only": True,
        "use_cache": str(tmp_path / "cache"),
    }
    first = run(EXPLAIN, lm, **settings)
    lm.model.generate = lambda *_, **__: pytest.fail("the model was asked")
    again = run(EXPLAIN, lm, **settings)
    for name in (DESCRIBE, SYNTHESIZE):
        assert again.samples(name) == first.samples(name)


def test_lm_eval_s_request_cache_never_brings_back_another_prompt(
    untrained_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lm_eval.caching.cache.PATH", str(tmp_path))
    settings: dict[str, Any] = {"limit": 1, "predict_only": True, "cache_requests": True}
    prompts = [
        run(FIX, untrained_model, metadata={**SHORT, "prompt": prompt}, **settings).samples(FIX)[0]["prompt"]
        for prompt in ("instruct", "octocoder")
    ]
    problem = load_problems("python", "mini")[0]
    assert prompts == [render_prompt(problem, "fixtests", prompt=prompt) for prompt in ("instruct", "octocoder")]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("form", ["run folder", "sample log", "list of lists", "our JSON lines"])
def test_explain_in_two_runs_with_a_file_between_them(
    explained: tuple[Run, Path], untrained_model: Path, tmp_path: Path, form: str
) -> None:
    done, kept = explained
    rows = done.results["samples"][DESCRIBE]
    described = [[sample["completion"] for sample in map(json.loads, row["filtered_resps"][0])] for row in rows]
    path = tmp_path / f"samples_{DESCRIBE}_2026-01-01.jsonl"
    if form == "run folder":
        path = kept
    elif form == "sample log":
        path.write_text("".join(json.dumps(row, default=str) + "\n" for row in rows), "utf-8")
        path = tmp_path
    elif form == "list of lists":
        (tmp_path / "python.json").write_text(json.dumps(described), "utf-8")
        path = tmp_path / "{language}.json"
    else:
        lines = [
            {"task_id": row["doc"]["task_id"], "description": text}
            for row, texts in zip(rows, described, strict=True)
            for text in texts
        ]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    metadata = {**SHORT, "descriptions": str(path)}
    second = run(SYNTHESIZE, untrained_model, metadata=metadata, limit=2, predict_only=True)
    assert [(sample["sample"], sample["description"]) for sample in second.samples(SYNTHESIZE)] == [
        (number, text) for texts in described for number, text in enumerate(texts)
    ]
    assert [sample["prompt"] for sample in second.samples(SYNTHESIZE)] == [
        sample["prompt"] for sample in done.samples(SYNTHESIZE)
    ]


def described(tmp_path: Path, name: str, text: str) -> dict[str, Any]:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return {**SHORT, "descriptions": str(path)}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("d.json", '[["one"], []]', "entry 1 must be a list of descriptions"),
        ("d.json", '{"a": 1}', "expected a list with one list"),
        ("d.json", "[", "not JSON"),
        ("d.json", "[]", "an empty list"),
        ("d.json", json.dumps([["x"]] * 99), "99 lists for"),
        ("d.jsonl", "", "no description of a python problem"),
        ("d.jsonl", '{"task_id": "Go/0", "description": "x"}\n', "no description of a python problem"),
        ("d.jsonl", '{"task_id": "Python/0"}\n', "line 1: expected task_id and description"),
        ("d.jsonl", '{"task_id": "Python/0", "description": "x"}\nnot JSON\n', "line 2: not valid JSON"),
        ("d.jsonl", '{"task_id": "Python/0", "description": "x"}\n', "0 for Python/1, but 1 are wanted"),
        ("d.jsonl", '{"filtered_resps": [["{}"]], "doc": {}}\n', "not a sample log"),
    ],
)
def test_a_wrong_file_of_descriptions_is_refused_by_name_and_line(
    untrained_model: Path, tmp_path: Path, name: str, text: str, message: str
) -> None:
    with pytest.raises(InputError, match=message) as refused:
        run(SYNTHESIZE, untrained_model, metadata=described(tmp_path, name, text), limit=2, predict_only=True)
    assert name in str(refused.value)


def test_a_k_above_the_number_of_descriptions_is_refused(untrained_model: Path, tmp_path: Path) -> None:
    metadata = described(tmp_path, "d.jsonl", '{"task_id": "Python/0", "description": "x"}\n')
    with pytest.raises(UsageError, match="k is 2, but pass@2 needs"):
        run(SYNTHESIZE, untrained_model, metadata={**metadata, "k": 2}, limit=1, predict_only=True)


def test_kept_generations_are_scored_without_a_model(explained: tuple[Run, Path]) -> None:
    done, kept = explained
    metadata = {**SHORT, "n_samples": 3, "k": "1,2", "generations": str(kept)}
    scored = run(EXPLAIN, "dummy", metadata=metadata, limit=2)
    compared = ("sample", "prompt", "generation", "completion", "status", "description")
    for name in (DESCRIBE, SYNTHESIZE):
        assert [[sample[key] for key in compared] for sample in scored.samples(name)] == [
            [sample[key] for key in compared] for sample in done.samples(name)
        ]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"prompt": "octocoder"}, "made with another prompt"),
        ({"n_samples": 4}, "nothing for .*sample 3"),
    ],
)
def test_kept_generations_of_another_run_are_refused(
    explained: tuple[Run, Path], changed: dict[str, Any], message: str
) -> None:
    metadata = {**SHORT, "n_samples": 3, "generations": str(explained[1])} | changed
    with pytest.raises(InputError, match=message):
        run(EXPLAIN, "dummy", metadata=metadata, limit=2)


def test_a_lasting_fault_of_the_sandbox_keeps_everything_and_says_how_to_score_it_later(
    untrained_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    broken = Verdict("sandbox_error", "no space left on device")
    with monkeypatch.context() as patch:
        patch.setattr(scoring, "run_programs", lambda programs, **_: [broken for _ in programs])
        with pytest.raises(SandboxFault) as fault:
            run("humanevalpack_python", untrained_model, metadata=SHORT, limit=2)
    assert fault.value.exit_code == 3
    message = str(fault.value)
    assert "no space left on device" in message
    assert "All 10 generations are kept" in message
    command = message.splitlines()[-1]
    assert command.startswith("lm_eval run --model dummy --tasks humanevalfixtests-python,")
    assert " --limit 2 --metadata " in command
    [folder] = tmp_path.iterdir()
    metadata = json.loads(command.partition("--metadata ")[2].strip("'"))
    assert Path(metadata["generations"]).name == folder.name
    assert run("humanevalpack_python", "dummy", metadata=metadata, limit=2).metric(FIX, "pass@1") == 0
