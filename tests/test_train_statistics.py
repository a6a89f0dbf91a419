"""octopack-train stats: tokens by source and language, and how full rows are, of a run's data or a recipe's."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from octopack_train.commands import app, main
from octopack_train.prepared import prepare
from octopack_train.recipes.reading import Recipe, read_recipe
from octopack_train.recipes.writing import resolved_yaml
from octopack_train.statistics import stats_of_recipe, stats_of_run, stats_text, table
from training_rows import written


def recipe(folder: Path, packing: str = "greedy", *more: str) -> Recipe:
    """Three examples of Python, one of Rust; a word is a token, and each has an end marker."""
    rows = [{"prompt": "a", "completion": " a" * n, "lang": "Python"} for n in (6, 7, 14)]
    path = written(folder / "rows.jsonl", *rows, {"prompt": "a", "completion": " a" * 62, "lang": "Rust"})
    changes = [f"data.path={path}", f"sequence.packing={packing}", "sequence.length=32", "loss=all"]
    return read_recipe("tiny-smoke", [*changes, *more])


def test_examples_are_counted_by_language_and_length(tmp_path: Path) -> None:
    found = stats_of_recipe(recipe(tmp_path))["train"]
    assert found["groups"] == [
        {"source": "rows.jsonl", "language": "Python", "examples": {"8": 1, "16": 2}},
        {"source": "rows.jsonl", "language": "Rust", "examples": {"64": 1}},
    ]
    assert found["percentiles"]["p100"] == 64
    assert found["cut"] == {"truncated": 1, "truncated_tokens": 32}


@pytest.mark.parametrize(("packing", "rows"), [("greedy", 3), ("none", 4)])
def test_how_full_packing_makes_the_rows(tmp_path: Path, packing: str, rows: int) -> None:
    found = stats_of_recipe(recipe(tmp_path, packing))["train"]
    tokens = 8 + 9 + 16 + 32
    assert (found["examples"], found["rows"], found["tokens"]) == (4, rows, tokens)
    assert found["filled"] == tokens / (rows * 32)
    assert found["filled_unpacked"] == tokens / (4 * 32)


def test_a_run_says_what_its_recipe_said(tmp_path: Path) -> None:
    test = written(tmp_path / "test.jsonl", {"prompt": "a", "completion": " a a a"})
    whole = recipe(tmp_path, "greedy", f"data.test_path={test}")
    folder = tmp_path / "run"
    prepare(whole.settings, folder / "data")
    (folder / "config.yaml").write_text(resolved_yaml(whole), "utf-8")
    found = stats_of_run(folder)
    assert found == stats_of_recipe(whole)
    assert [found[side]["examples"] for side in ("train", "test")] == [4, 1]


def test_the_first_rows_alone(tmp_path: Path) -> None:
    assert stats_of_recipe(recipe(tmp_path), limit=2)["train"]["examples"] == 2


def test_the_table(tmp_path: Path) -> None:
    groups: list[dict[str, Any]] = [
        {"source": "commits", "language": "Python", "examples": {"8": 1, "16": 1200}},
        {"source": "chat", "language": "unknown", "examples": {"4": 3}},
    ]
    assert table(groups) == [
        "source   language  examples  <= 4  <= 8  <= 16",
        "commits  Python       1,201     0     1  1,200",
        "chat     unknown          3     3     0      0",
    ]
    text = stats_text(stats_of_recipe(recipe(tmp_path)))
    assert "packing greedy: 3 rows of 32 tokens, 67.7% full\npacking none would be 4 rows, 50.8% full\n" in text
    assert "1 cut at the end, end marker lost\n32 tokens lost by that\n" in text


def test_the_command_for_machines(tmp_path: Path) -> None:
    words = ["stats", "--recipe", "tiny-smoke", "--limit", "3", "--set", "sequence.packing=none", "--json"]
    found = json.loads(CliRunner().invoke(app, words).output)
    assert found["train"]["examples"] > 0


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "name a run's folder, or --recipe, and not both"),
        (["run", "--recipe", "tiny-smoke"], "name a run's folder, or --recipe, and not both"),
        (["run", "--limit", "5"], "--set and --limit are for --recipe"),
        (["nowhere"], "nowhere: no data of a run there"),
    ],
)
def test_what_cannot_be_asked(capsys: pytest.CaptureFixture[str], words: list[str], why: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["stats", *words])
    assert stopped.value.code == 2
    assert why in capsys.readouterr().err
