"""``make demo`` from outside: what it says when something is missing, and when a score is not what it must be."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from humanevalpack.demo import __main__ as demo
from humanevalpack.demo.evaluation import lm_eval_command, run_lm_eval
from humanevalpack.errors import EnvironmentFault, SandboxFault
from humanevalpack.reports.sheet import ScoreSheet, score_sheet
from humanevalpack.sandbox import choose_sandbox
from report_runs import make_run


def sheet_with(passes: str, name: str) -> ScoreSheet:
    return score_sheet(make_run({("fixtests", "python"): list(passes)}, name=name))


def test_the_command_is_what_a_user_would_type() -> None:
    command = lm_eval_command(Path("m"), Path("o"), limit=2, sandbox="local", options=["prompt=octocoder"])
    text = " ".join(command)
    assert "--tasks humanevalpack_mini --limit 2" in text
    assert "--metadata sandbox=local missing_toolchains=skip prompt=octocoder" in text
    assert "--confirm_run_unsafe_code" not in text


def test_only_the_process_sandbox_is_confirmed() -> None:
    assert lm_eval_command(Path("m"), Path("o"), limit=1, sandbox="process")[-1] == "--confirm_run_unsafe_code"


def test_a_failing_lm_eval_is_shown_with_the_end_of_its_log(tmp_path: Path) -> None:
    log = tmp_path / "deep" / "lm_eval.log"
    with pytest.raises(EnvironmentFault, match=r"(?s)ended with exit code .*the end of .*lm_eval.log.*no-such-option"):
        run_lm_eval(["run", "--no-such-option"], log, Console(quiet=True))
    assert "no-such-option" in log.read_text("utf-8")


def test_where_namespaces_are_refused_the_demo_falls_back_with_a_visible_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(name: str) -> str:
        if name == "local":
            raise SandboxFault("user namespaces are refused here [EPERM]")
        return choose_sandbox(name)

    monkeypatch.setattr("humanevalpack.demo.__main__.choose_sandbox", refused)
    console = Console(record=True, width=100)
    assert demo._sandbox(console) == "process"
    shown = console.export_text()
    assert "WARNING: weaker sandbox" in shown
    assert "user namespaces are refused here [EPERM]" in shown
    assert "must be asked for by name" in shown


@pytest.mark.parametrize(
    ("trained", "untrained", "code", "words"),
    [
        ("++", "--", 0, "the whole chain works here"),
        ("+-", "--", 1, "trained: fixtests python 0.50 instead of 1.00"),
        ("++", "++", 1, "untrained: fixtests python 1.00 instead of 0.00"),
    ],
)
def test_the_demo_fails_when_a_score_is_not_what_it_must_be(
    trained: str, untrained: str, code: int, words: str
) -> None:
    console = Console(record=True, width=100)
    sheets = [sheet_with(trained, "trained"), sheet_with(untrained, "untrained")]
    assert demo._check(sheets, console) == code
    assert words in console.export_text()


def test_an_output_folder_that_cannot_be_made_is_an_error_of_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text(json.dumps({}), "utf-8")
    assert demo.main(["--output", str(tmp_path / "file" / "demo")]) == 2
    assert "--output" in capsys.readouterr().out


def test_a_model_that_does_not_learn_is_a_difference_not_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "_sandbox", lambda _console: "local")
    monkeypatch.setattr(demo, "_make_models", lambda course, _output, _console: len(course) - 3)
    assert demo.main(["--output", str(tmp_path)]) == 1
    assert "3 of 60 lessons were not learned" in capsys.readouterr().out
