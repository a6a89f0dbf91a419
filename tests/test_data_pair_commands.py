"""``octopack-data pairs`` and ``mix``: options, files of settings, dry runs."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from data_rows import commit, write
from octopack_data.commands import app
from octopack_data.formats import FORMATS
from octopack_data.pairs import PairSettings
from octopack_data.rows import read_rows


def say(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def run(*words: str | Path) -> str:
    said = say(*words)
    assert said.exit_code == 0, said.output
    return said.output


def wrong(*words: str | Path) -> str:
    said = say(*words)
    assert said.exit_code != 0
    return str(said.exception) if said.exit_code == 1 else said.output


@pytest.fixture
def commits(tmp_path: Path) -> Path:
    rows = [commit(n, old_contents=f"x = {n}\n", diff="-a\n+b", content="a<commit_after>b") for n in range(30)]
    return write(tmp_path / "commits.jsonl", rows)


@pytest.fixture
def mixture(commits: Path, tmp_path: Path) -> Path:
    pairs = write(tmp_path / "pairs.jsonl", [{"prompt": f"{n}?", "completion": f"{n}!"} for n in range(10)])
    sources = [
        {"name": "commits", "source": str(commits), "form": "instruction", "weight": 2, "unverified": ["weight"]},
        {"name": "talk", "source": str(pairs), "weight": 1},
    ]
    (tmp_path / "mix.yaml").write_text(yaml.safe_dump({"sources": sources}))
    return tmp_path / "mix.yaml"


def test_every_setting_is_an_option() -> None:
    flags = {f"--{name.replace('_', '-')}" for name in PairSettings.model_fields}
    shared = {"--config", "--output", "--workers", "--overwrite", "--dry-run", "--revision"}
    said = run("pairs", "--help")
    assert [flag for flag in flags | shared if flag not in said] == []


def test_a_dry_run_shows_an_example_of_each_format_and_writes_nothing(commits: Path, tmp_path: Path) -> None:
    said = run("pairs", commits, "-o", tmp_path / "out", "--dry-run", "--form", "commit")
    assert [line.strip("* ") for line in said.splitlines() if not line.startswith("    ")][1:] == list(FORMATS)
    assert '* commit\n    input  "<commit_before>x = 0\\n<commit_msg>Change a<commit_after>"' in said
    assert not (tmp_path / "out").exists()


def test_a_dry_run_says_what_a_format_has_not(tmp_path: Path) -> None:
    source = write(tmp_path / "rows.jsonl", [commit(1)])
    said = run("pairs", source, "-o", tmp_path / "out", "--dry-run", "--form", "rewrite", "--file-name")
    assert "  given-diff: the row has no diff\n" in said
    assert "  commit: format commit takes no file name; these do: preformatted" in said
    assert '* rewrite\n    input  "<file_name>\\na.py\\n<commit_before>' in said


def test_a_file_of_settings_and_options_that_win_over_it(commits: Path, tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text("form: commit\nseed: 3\nlanguages: [python]\nvalid: 0.5\n")
    run("pairs", commits, "-o", tmp_path / "out", "--config", tmp_path / "my.yaml", "--valid", "0.2")
    used = json.loads((tmp_path / "out/manifest.json").read_text())["settings"]
    assert (used["form"], used["seed"], used["languages"], used["valid"]) == ("commit", 3, ["python"], 0.2)


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--form", "gpt", "no format 'gpt'; there are preformatted"),
        ("--instruction-in", "both", "'inputs', 'targets'"),
        ("--template", "chat", "'tags', 'instructions'"),
        ("--languages", "Goo", "there is no 'Goo'"),
        ("--columns", "both", "'prompt-completion', 'inputs-targets', 'text'"),
        ("--keep", "completion", "completion is a column of the examples"),
        ("--seed", "x", "valid integer"),
        ("--valid", "1", "setting 'valid' is 1.0"),
        ("--valid", "-0.1", "setting 'valid' is -0.1"),
        ("--split-by", "repo", "'hash', 'place'"),
        ("--format", "csv", "'jsonl.zst', 'jsonl', 'parquet'"),
        ("--mode", "old", "'published', 'fixed'"),
        ("--sample", "0", "sample is '0'"),
        ("--workers", "0", "greater than or equal to 1"),
        ("--config", "nowhere.yaml", "nowhere.yaml: not a YAML file"),
    ],
)
def test_wrong_values_are_named_with_those_allowed(
    commits: Path, tmp_path: Path, option: str, value: str, said: str
) -> None:
    assert said in " ".join(wrong("pairs", commits, "-o", tmp_path / "out", option, value).split())


def test_an_option_that_a_format_has_not_is_said_before_anything_is_read(tmp_path: Path) -> None:
    assert "takes no file name" in wrong("pairs", "some/hub-id", "-o", tmp_path / "out", "--file-name")
    assert "has no template" in wrong("pairs", "some/hub-id", "-o", tmp_path / "out", "--template", "instructions")


def test_a_source_that_is_not_there(tmp_path: Path) -> None:
    assert "no file or folder" in wrong("pairs", tmp_path / "nowhere", "-o", tmp_path / "out")


def test_a_mixture_says_its_proportions(mixture: Path, tmp_path: Path) -> None:
    said = run("mix", mixture, "-o", tmp_path / "out")
    assert "| commits | 30 | 20 | 66.67 % | 66.67 % |" in said
    assert "| talk | 10 | 10 | 33.33 % | 33.33 % |" in said
    assert "unverified: weight of commits is 2.0" in said


def test_seed_and_rows_of_the_command_win_over_the_file(mixture: Path, tmp_path: Path) -> None:
    run("mix", mixture, "-o", tmp_path / "one", "--rows", "6")
    run("mix", mixture, "-o", tmp_path / "two", "--rows", "6", "--seed", "1")
    one, two = (list(read_rows(tmp_path / name / "data/mixture.jsonl")) for name in ("one", "two"))
    assert (len(one), len(two), one != two) == (6, 6, True)


def test_a_dry_run_of_a_mixture_shows_an_example_of_each_source(mixture: Path, tmp_path: Path) -> None:
    said = run("mix", mixture, "-o", tmp_path / "out", "--dry-run")
    assert "commits: instruction, weight 2.0; 1 parts" in said
    assert '    prompt "Change a\\nx = 0\\n"\n' in said
    assert '    prompt "0?"\n    completion "0!"\n' in said
    assert not (tmp_path / "out").exists()


def test_a_shipped_mixture_is_shown_and_named(tmp_path: Path) -> None:
    shown: dict[str, Any] = yaml.safe_load(run("mix", "octocoder", "--show"))
    assert [source["name"] for source in shown["sources"]] == ["commitpackft", "oasst"]
    assert "none of the mixtures that ship: octocoder, santacoderpack" in wrong("mix", "octocode")


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--rows", "0", "greater than or equal to 1"),
        ("--seed", "x", "valid integer"),
        ("--workers", "0", "greater than or equal to 1"),
    ],
)
def test_wrong_values_of_mix(mixture: Path, option: str, value: str, said: str) -> None:
    assert said in " ".join(wrong("mix", mixture, option, value).split())


def test_a_source_that_is_too_short_is_one_line_and_exit_code_2(mixture: Path, tmp_path: Path) -> None:
    words = ["mix", mixture, "-o", tmp_path / "out", "--rows", "60"]
    command = [sys.executable, "-m", "octopack_data.commands", *map(str, words)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith("Error: source commits has 30 rows, 40 are asked for")
