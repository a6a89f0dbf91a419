"""The honest proof: real generation by lm_eval and real execution give 1.0 for what was learned, and 0 before learning.

One small model, taught two problems of each of the 30 tasks on the spot; the same model untaught beside it. Each run is
one ``lm_eval`` command over all tasks, as a user types it.
"""

import json
from pathlib import Path

import pytest
from rich.console import Console

from humanevalpack.demo.evaluation import lm_eval_command, run_lm_eval
from humanevalpack.demo.lessons import LEARNED_PROBLEMS
from humanevalpack.errors import EnvironmentFault
from humanevalpack.languages import LANGUAGES
from humanevalpack.reports.sheet import score_sheet
from humanevalpack.results import Run, read_run
from humanevalpack.results.lm_eval_logs import newest_results
from humanevalpack.sandbox import choose_sandbox
from humanevalpack.scenarios import TITLES
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


def evaluated(model: Path, folder: Path, *options: str) -> Run:
    command = lm_eval_command(
        model, folder, limit=LEARNED_PROBLEMS, sandbox=sandbox_here(), options=["prompt=octocoder", *options]
    )
    run_lm_eval(command, folder / "lm_eval.log", Console(quiet=True))
    return read_run(folder)


@pytest.fixture(scope="module")
def trained_run(trained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return evaluated(trained_model, tmp_path_factory.mktemp("trained"))


@pytest.fixture(scope="module")
def untrained_run(untrained_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    # Text without an end: fewer tokens make the same point.
    return evaluated(untrained_model, tmp_path_factory.mktemp("untrained"), "max_new_tokens=64")


@pytest.mark.parametrize("language", EACH_LANGUAGE)
def test_what_was_learned_scores_one(trained_run: Run, language: str) -> None:
    assert {scenario: trained_run.score(scenario, language).mean for scenario in TITLES} == dict.fromkeys(TITLES, 1.0)
    # Really executed: as many passed verdicts as problems.
    for scenario in TITLES:
        assert trained_run.statuses(scenario, language) == {"passed": LEARNED_PROBLEMS}


@pytest.mark.parametrize("language", EACH_LANGUAGE)
def test_the_same_model_untaught_scores_zero(untrained_run: Run, language: str) -> None:
    assert {scenario: untrained_run.score(scenario, language).mean for scenario in TITLES} == dict.fromkeys(TITLES, 0.0)
    for scenario in TITLES:
        statuses = untrained_run.statuses(scenario, language)
        assert sum(statuses.values()) == LEARNED_PROBLEMS
        assert "sandbox_error" not in statuses


@pytest.mark.parametrize("language", EACH_LANGUAGE)
def test_the_samples_of_a_run_give_the_scores_that_lm_eval_reports(
    trained_run: Run, untrained_run: Run, language: str
) -> None:
    for run in (trained_run, untrained_run):
        results = newest_results(run.folder)
        assert results is not None
        reported = json.loads(results.read_text("utf-8"))["results"]
        for scenario in TITLES:
            row = reported[f"humaneval{scenario}-{language}"]
            assert run.score(scenario, language).mean == row["pass@1,reference"]
            assert run.statuses(scenario, language) == {
                key.removeprefix("samples_").removesuffix(",reference"): count
                for key, count in row.items()
                if key.startswith("samples_") and count and "_stderr" not in key
            }


def test_the_averages_are_one_and_zero(trained_run: Run, untrained_run: Run) -> None:
    overall = [score_sheet(run).overall for run in (trained_run, untrained_run)]
    assert [score.mean for score in overall if score] == [1.0, 0.0]


@pytest.mark.toolchain("python")
def test_the_program_of_explainsynthesize_was_written_from_the_models_own_description(trained_run: Run) -> None:
    python = [sample for sample in trained_run.samples if sample.language == "python"]
    described = [sample.candidate for sample in python if sample.scenario == "explaindescribe"]
    written = [sample for sample in python if sample.scenario == "explainsynthesize"]
    assert [sample.description for sample in written] == described
    for sample, description in zip(written, described, strict=True):
        assert description in sample.prompt
        assert sample.status == "passed"


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
    run = read_run(tmp_path)
    assert {scenario: run.score(scenario, "python").mean for scenario in TITLES} == dict.fromkeys(TITLES, 1.0)
