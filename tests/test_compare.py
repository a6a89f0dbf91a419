"""Two runs side by side: settings, paired differences, flips."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

import humanevalpack as hep
from humanevalpack.errors import InputError, UsageError
from humanevalpack.metrics import paired_difference
from humanevalpack.reports.comparison import SettingDifference
from humanevalpack.reports.comparison_table import comparison_tables
from humanevalpack.results import Run
from report_runs import make_run, write_run

FIX, SYNTHESIZE = "fixtests", "synthesize"
COMMAND = Path(sys.executable).with_name("humanevalpack")


def shown(a: Run, b: Run, *, all_flips: bool = False) -> str:
    console = Console(width=100, file=io.StringIO(), record=True)
    console.print(comparison_tables(hep.compare(a, b), all_flips=all_flips))
    return console.export_text()


def test_settings_that_differ_are_named_down_to_the_part() -> None:
    passes = {(FIX, "python"): ["+"]}
    a = make_run(
        passes, name="a", prompt="octocoder", temperature=0.2, packages={"torch": "1", "ray": "2"}, created="x"
    )
    b = make_run(
        passes, name="b", prompt="instruct", temperature=0.2, packages={"torch": "3"}, stop_words=["\n#"], created="y"
    )
    assert hep.compare(a, b).settings == [
        SettingDifference("prompt", "octocoder", "instruct"),
        SettingDifference("packages.torch", "1", "3"),
        SettingDifference("packages.ray", "2", None),
        SettingDifference("stop_words", None, '["\\n#"]'),
    ]


def test_a_difference_is_second_minus_first_paired_by_problem() -> None:
    a = make_run({(FIX, "python"): ["+-", "--", "++", "--"]})
    b = make_run({(FIX, "python"): ["++", "+-", "++", "--"]})
    task = hep.compare(a, b).tasks[0]
    expected = paired_difference(b.counts(FIX, "python"), a.counts(FIX, "python"), 1)
    assert task.difference == expected
    assert (task.first.mean, task.second.mean, task.difference.mean) == (0.375, 0.625, 0.25)


def test_only_problems_that_both_have_are_compared_and_the_others_are_counted() -> None:
    a = make_run({(FIX, "python"): ["+", "+", "-"], (FIX, "go"): ["+"], (FIX, "rust"): ["+"]})
    b = make_run({(FIX, "python"): ["-", "+"], (FIX, "go"): ["s"], (SYNTHESIZE, "js"): ["+"]})
    found = hep.compare(a, b)
    assert [(task.language, task.difference.problems, task.only_first, task.only_second) for task in found.tasks] == [
        ("python", 2, 1, 0)
    ]
    assert found.only_first == ["humanevalfixtests-go", "humanevalfixtests-rust"]
    assert found.only_second == ["humanevalsynthesize-js"]


def test_equal_runs_have_no_difference_and_no_flip() -> None:
    run = make_run({(FIX, "python"): ["+", "-", "+"]})
    found = hep.compare(run, run)
    assert (found.settings, found.flips) == ([], [])
    assert (found.tasks[0].difference.low, found.tasks[0].difference.high, found.tasks[0].clear) == (0, 0, False)


def test_a_difference_that_all_problems_share_is_clear() -> None:
    a, b = make_run({(FIX, "python"): ["+---"] * 6 + ["----"]}), make_run({(FIX, "python"): ["+++-"] * 6 + ["+---"]})
    assert hep.compare(a, b).tasks[0].clear
    assert hep.compare(b, a).tasks[0].difference.high < 0


def test_a_flip_is_half_of_the_way_or_more() -> None:
    a = make_run({(FIX, "python"): ["+---", "----", "++++", "+"], (FIX, "go"): ["-"]})
    b = make_run({(FIX, "python"): ["++--", "++--", "-+--", "+"], (FIX, "go"): ["+"]})
    assert [(flip.task_id, flip.first, flip.second, flip.change) for flip in hep.compare(a, b).flips] == [
        ("Go/0", (1, 0), (1, 1), 1.0),
        ("Python/1", (4, 0), (4, 2), 0.5),
        ("Python/2", (4, 4), (4, 1), -0.75),
    ]


def test_several_languages_get_an_average_of_their_own() -> None:
    a = make_run({(FIX, "python"): ["-", "-"], (FIX, "go"): ["-", "-"], (SYNTHESIZE, "go"): ["+"]})
    b = make_run({(FIX, "python"): ["+", "-"], (FIX, "go"): ["+", "-"], (SYNTHESIZE, "go"): ["+"]})
    averages = hep.compare(a, b).averages
    assert [(row.scenario, row.language, row.difference.mean, row.difference.problems) for row in averages] == [
        (FIX, "average", 0.5, 2)
    ]


def test_runs_without_a_common_problem_are_named_with_what_they_have() -> None:
    a, b = make_run({(FIX, "python"): ["+"]}, name="a"), make_run({(FIX, "go"): ["+"]}, name="b")
    with pytest.raises(InputError, match=r"a and b have no scored problem in common: .*Fix python \(1 problems\)"):
        hep.compare(a, b)


@pytest.mark.parametrize("k", [0, 3])
def test_k_must_fit_both_runs(k: int) -> None:
    a, b = make_run({(FIX, "python"): ["+++"]}), make_run({(FIX, "python"): ["+-"]})
    with pytest.raises(UsageError, match=f"k is {k}, .* k can be 1 to 2"):
        hep.compare(a, b, k=k)


def test_the_tables_say_it_and_show_names_as_they_are() -> None:
    a = make_run({(FIX, "python"): ["-"] * 14}, name="[red]a", prompt="[bold]")
    b = make_run({(FIX, "python"): ["+"] * 14}, name="b", prompt="x")
    text = shown(a, b)
    assert "A = [red]a" in text
    assert ["prompt", "[bold]", "x"] in [line.split() for line in text.splitlines()]
    assert "14 to pass, 0 to fail" in text
    assert "+100.0 to +100.0" in text


def test_many_flips_are_shown_in_part_unless_all_are_asked_for() -> None:
    languages = ("python", "go", "js", "java")
    a = make_run({(FIX, language): ["-"] * 14 for language in languages})
    b = make_run({(FIX, language): ["+"] * 14 for language in languages})
    for everything, rows in ((False, 40), (True, 56)):
        text = shown(a, b, all_flips=everything)
        assert text.count("gained") == rows
        assert ("--all-flips" in text) == (not everything)


def test_the_command_ends_with_0_where_runs_differ_and_2_where_they_cannot_be_compared(tmp_path: Path) -> None:
    a = write_run(make_run({(FIX, "python"): ["-"]}, name="a"), tmp_path / "a")
    b = write_run(make_run({(FIX, "python"): ["+"]}, name="b"), tmp_path / "b")
    done = subprocess.run([COMMAND, "compare", a, b, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [flip["task_id"] for flip in found["flips"]] == ["Python/0"]
    assert found["tasks"][0]["difference"] | {"stderr": None} == found["tasks"][0]["difference"]  # NaN is no JSON
    wrong = subprocess.run([COMMAND, "compare", a, tmp_path / "c"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert str(tmp_path / "c") in wrong.stderr
