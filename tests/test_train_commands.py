"""octopack-train as a user meets it: exit codes, messages, machines' output."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from humanevalpack.version import __version__
from octopack_train.commands import app, main
from training_rows import example_rows, written

COMMANDS = (
    "",
    "recipes",
    "recipes list",
    "recipes show",
    "recipes diff",
    "sft",
    "check-equivalence",
    "adapter merge",
    "adapter check",
    "adapter push",
    "card",
    "megatron preprocess",
    "stats",
)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_version() -> None:
    assert run("--version").output == f"octopack-train {__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    done = run(*command.split(), "--help")
    assert done.exit_code == 0
    assert "Usage:" in done.output


def test_recipes_are_listed_with_what_they_are() -> None:
    lines = run("recipes", "list").output.splitlines()
    assert any(line.startswith("octocoder ") and "StarCoder with LoRA" in line for line in lines)
    assert "santacoder-linediff" in json.loads(run("recipes", "list", "--json").output)


def test_what_show_prints_is_a_recipe(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(run("recipes", "show", "octocoder", "--set", "adapter.rank=4").output, "utf-8")
    assert "# Peak of the schedule.\n  learning_rate: !published 0.0005" in path.read_text("utf-8")
    difference = json.loads(run("recipes", "diff", "octocoder", str(path), "--json").output)
    assert difference == {"adapter.rank": {"octocoder": "16 (default)", str(path): "4 (yours)"}}


def test_values_and_origins_for_machines() -> None:
    values = json.loads(run("recipes", "show", "octocoder", "--json").output)
    assert values["schedule.stop_after_steps"] == {"value": 30, "origin": "card"}


def test_the_difference_of_two_recipes() -> None:
    assert run("recipes", "diff", "octocoder", "octocoder-targets-only").output == (
        "loss\n  octocoder: all (published)\n  octocoder-targets-only: targets (published)\n"
    )


def test_a_plan_with_settings_on_top() -> None:
    done = run("sft", "--recipe", "tiny-smoke", "--set", "data.path=rows.jsonl", "--set", "loss=all", "--dry-run")
    assert done.exit_code == 0
    assert "loss: !yours all" in done.output
    assert "octopack-train sft --recipe tiny-smoke --set data.path=rows.jsonl --set loss=all" in done.output


def test_a_plan_for_machines() -> None:
    done = run("sft", "--recipe", "octocoder", "--devices", "8", "--machines", "2", "--dry-run", "--json")
    values = json.loads(done.output)
    assert (values["devices"], values["accumulation"], values["tokens"]) == (16, 2, 1_966_080)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int | str | None, str]:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    return stopped.value.code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--devices", "8"], "--devices and --machines are for --dry-run"),
        (["--resume", "auto", "--overwrite"], "--resume goes on with a run, --overwrite removes it"),
        (["--set", "data.path=null"], "data: nothing to train on"),
    ],
)
def test_what_does_not_go_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], why: str
) -> None:
    code, text = said(capsys, "sft", "--recipe", "tiny-smoke", "--set", f"output={tmp_path / 'run'}", *words)
    assert code == 2
    assert why in text
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_plan_shows_examples(tmp_path: Path) -> None:
    rows = written(tmp_path / "rows.jsonl", *example_rows(5))
    changes = ("--set", f"data.path={rows}", "--set", "data.text=question-answer")
    text = run("sft", "--recipe", "tiny-smoke", *changes, "--dry-run").output
    assert "[masked]Question: Write number" in text
    values = json.loads(run("sft", "--recipe", "tiny-smoke", *changes, "--dry-run", "--json").output)
    assert values["data"]["train"]["counts"]["examples"] == 5


def test_a_wrong_recipe_and_a_wrong_setting_end_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = said(capsys, "recipes", "show", "octocode")
    assert code == 2
    assert "no recipe 'octocode'" in text
    code, text = said(capsys, "sft", "--recipe", "octocoder", "--set", "optimiser.lr=1", "--dry-run")
    assert code == 2
    assert "no setting 'optimiser.lr'" in text
