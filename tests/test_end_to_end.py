"""The honest proof: real generation by lm_eval and real execution give 1.0 for what was learned, and 0 before learning.

One small model, taught two problems of each of the 30 tasks on the spot; the same model untaught beside it. Each run is
one ``lm_eval`` command over all tasks, as a user types it.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from humanevalpack.demo.evaluation import lm_eval_command, run_lm_eval
from humanevalpack.demo.lessons import LEARNED_PROBLEMS
from humanevalpack.errors import EnvironmentFault
from humanevalpack.languages import LANGUAGES
from humanevalpack.reports.scores import TITLES, RunScores, read_run
from humanevalpack.results import read_run as read_samples
from humanevalpack.results.lm_eval_logs import newest_results
from humanevalpack.sandbox import choose_sandbox
from openai_server import CHAT, COMPLETIONS, serve

pytest_plugins = ["tiny_models"]
# One worker makes the model and both runs once.
pytestmark = pytest.mark.xdist_group("tiny_model")

EACH_LANGUAGE = [pytest.param(language, marks=pytest.mark.toolchain(language)) for language in LANGUAGES]


def sandbox_here() -> str:
    try:
        return choose_sandbox("local")
    except EnvironmentFault:
        return "process"


def evaluated(model: Path, folder: Path, *options: str) -> RunScores:
    command = lm_eval_command(
        model, folder, limit=LEARNED_PROBLEMS, sandbox=sandbox_here(), options=["prompt=octocoder", *options]
    )
    run_lm_eval(command, folder / "lm_eval.log", Console(quiet=True))
    return read_run(newest_results(folder))


@pytest.fixture(scope="module")
def trained_run(trained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> RunScores:
    return evaluated(trained_model, tmp_path_factory.mktemp("trained"))


@pytest.fixture(scope="module")
def untrained_run(untrained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> RunScores:
    # Text without an end: fewer tokens make the same point.
    return evaluated(untrained_model, tmp_path_factory.mktemp("untrained"), "max_new_tokens=64")


def logged_samples(run: RunScores, task: str) -> list[dict[str, Any]]:
    """Our records of a task's samples, from lm_eval's sample log."""
    (log,) = run.path.parent.glob(f"samples_{task}_*.jsonl")
    rows = [json.loads(line)["filtered_resps"] for line in log.read_text("utf-8").splitlines()]
    return [json.loads(text) for row in rows for text in (json.loads(row) if isinstance(row, str) else row)[0]]


@pytest.mark.parametrize("language", EACH_LANGUAGE)
def test_what_was_learned_scores_one(trained_run: RunScores, language: str) -> None:
    scores = {scenario: trained_run.scores[scenario, language] for scenario in TITLES}
    assert {scenario: score.value for scenario, score in scores.items()} == dict.fromkeys(TITLES, 1.0)
    # Really executed: as many passed verdicts as problems.
    assert all(score.statuses == {"passed": LEARNED_PROBLEMS} for score in scores.values())


@pytest.mark.parametrize("language", EACH_LANGUAGE)
def test_the_same_model_untaught_scores_zero(untrained_run: RunScores, language: str) -> None:
    scores = {scenario: untrained_run.scores[scenario, language] for scenario in TITLES}
    assert {scenario: score.value for scenario, score in scores.items()} == dict.fromkeys(TITLES, 0.0)
    for score in scores.values():
        assert sum(score.statuses.values()) == LEARNED_PROBLEMS
        assert "sandbox_error" not in score.statuses


def test_the_averages_are_one_and_zero(trained_run: RunScores, untrained_run: RunScores) -> None:
    assert trained_run.overall() == 1.0
    assert untrained_run.overall() == 0.0


def test_the_samples_of_a_run_give_the_scores_that_lm_eval_reports(
    trained_run: RunScores, untrained_run: RunScores
) -> None:
    for reported in (trained_run, untrained_run):
        run = read_samples(reported.path.parent)
        for (scenario, language), score in reported.scores.items():
            assert run.score(scenario, language).mean == score.value
            assert run.statuses(scenario, language) == score.statuses


@pytest.mark.toolchain("python")
def test_the_program_of_explainsynthesize_was_written_from_the_models_own_description(trained_run: RunScores) -> None:
    described = [sample["completion"] for sample in logged_samples(trained_run, "humanevalexplaindescribe-python")]
    written = logged_samples(trained_run, "humanevalexplainsynthesize-python")
    assert [sample["description"] for sample in written] == described
    for sample, description in zip(written, described, strict=True):
        assert description in sample["prompt"]
        assert sample["verdict"]["status"] == "passed"


@pytest.mark.toolchain("python")
@pytest.mark.parametrize(("kind", "path"), [("local-completions", COMPLETIONS), ("local-chat-completions", CHAT)])
def test_what_was_learned_scores_one_through_a_server(
    trained_model: Path, tmp_path: Path, kind: str, path: str
) -> None:
    with serve(trained_model) as server:
        arguments = f"model=tiny,base_url={server.url}{path},tokenized_requests=False,tokenizer_backend=None"
        command = ["run", "--model", kind, "--model_args", arguments, "--tasks", "humanevalpack_python"]
        command += ["--limit", str(LEARNED_PROBLEMS), "--output_path", str(tmp_path), "--log_samples"]
        command += ["--confirm_run_unsafe_code"] if sandbox_here() == "process" else []
        command += ["--apply_chat_template"] if path == CHAT else []
        command += ["--metadata", "dataset=mini", f"sandbox={sandbox_here()}"]
        # In a chat the server applies the model's own template, which writes the same text.
        command += [] if path == CHAT else ["prompt=octocoder"]
        run_lm_eval(command, tmp_path / "lm_eval.log", Console(quiet=True))
        assert server.refusals == []
        assert {where for where, _ in server.requests} == {path}
        # Five scenarios; explainsynthesize uses the descriptions that describe made. One token only: a probe.
        asked = [body for _, body in server.requests if body["max_tokens"] > 1]
        assert len(asked) == 5 * LEARNED_PROBLEMS
    run = read_run(newest_results(tmp_path))
    assert {scenario: run.average(scenario) for scenario in TITLES} == dict.fromkeys(TITLES, 1.0)
