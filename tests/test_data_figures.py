"""octopack_data.figures: the paper's figures from the numbers that ship, and from a file of one's own."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from conftest import PROJECT
from humanevalpack.errors import InputError, UsageError
from humanevalpack.frames import published_frame, scores_frame
from humanevalpack.published import published_ablations
from octopack_data.commands import main
from octopack_data.figures.gallery import ENTRIES, bug_types_of_run, draw
from octopack_data.figures.look import text_colour, tinted
from octopack_data.figures.overview import draw_overview, example_frame
from octopack_data.figures.scores import bug_table, draw_ablations, draw_bug_types, draw_models
from octopack_data.figures.tasks import draw_tasks, published_tasks
from octopack_data.task_categories import read_categories
from report_runs import make_run, write_run

DIFFERENT = 0.02
"""Share of a picture's points that may differ from the page's: another version of the font's renderer."""


def texts(path: Path) -> list[str]:
    """What a PDF writes, piece by piece: matplotlib's texts are arrays of glyphs (UTF-16) with kerning between them."""
    import zlib

    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", path.read_bytes(), re.DOTALL)
    plain = b"\n".join(zlib.decompress(one) for one in streams if one[:1] == b"x")
    glyphs = rb"\((?:\\.|[^\\()])*\)"
    found = re.findall(rb"\[((?:" + glyphs + rb"|[-\d.\s])+)\]\s*TJ", plain, re.DOTALL)
    joined = (b"".join(one[1:-1] for one in re.findall(glyphs, text, re.DOTALL)) for text in found)
    return [re.sub(rb"\\(.)", rb"\1", text, flags=re.DOTALL).decode("utf-16-be") for text in joined]


@pytest.mark.parametrize("name", ENTRIES)
def test_every_figure_is_written_as_pdf_and_png_the_same_each_time(name: str, tmp_path: Path) -> None:
    files = draw(name, tmp_path / "a")
    assert [file.name for file in files[:2]] == [f"{name}.pdf", f"{name}.png"]
    assert files[0].read_bytes().startswith(b"%PDF")
    again = draw(name, tmp_path / "b")
    assert [file.read_bytes() for file in again] == [file.read_bytes() for file in files]


@pytest.mark.parametrize("name", ENTRIES)
def test_the_page_s_pictures_are_current(name: str, tmp_path: Path) -> None:
    """``octopack-data figures all -o docs/figures --overwrite`` draws them anew (PNG are kept)."""
    draw(name, tmp_path)
    with Image.open(tmp_path / f"{name}.png") as new, Image.open(PROJECT / f"docs/figures/{name}.png") as kept:
        assert new.size == kept.size
        apart = np.abs(np.asarray(new.convert("L"), int) - np.asarray(kept.convert("L"), int))
    assert (apart > 64).mean() < DIFFERENT


@pytest.mark.parametrize("name", ["models", "ablations", "bug_types", "languages", "tasks"])
def test_nothing_of_a_figure_is_cut_off(name: str, tmp_path: Path) -> None:
    draw(name, tmp_path, style="paper")
    with Image.open(tmp_path / f"{name}.png") as image:
        points = np.asarray(image.convert("L"))
    edge = np.concatenate([points[0], points[-1], points[:, 0], points[:, -1]])
    assert edge.min() > 250  # white all around
    assert points.shape[1] == 5.5 * 300  # the width of a page's text: LaTeX leaves the type as large as it is


def test_the_figure_of_models_shows_the_published_averages(tmp_path: Path) -> None:
    said = texts(draw("models", tmp_path)[0])
    numbers = {f"{100 * score:.1f}" for score in averages()["score"] if score}
    assert numbers <= set(said)
    assert {"OctoCoder", "GPT-4", "InstructCodeT5+"} <= set(said)


def averages() -> pd.DataFrame:
    frame = published_frame()
    return frame[(frame["language"] == "average")]


def test_the_ablations_are_those_that_ship() -> None:
    ablations = published_ablations()
    assert list(ablations)[-1] == "CommitPackFT + OASST"
    for cells in ablations.values():
        parts = [cells[name].value for name in ("fixtests", "explainsynthesize", "synthesize")]
        assert cells["average"].value == pytest.approx(sum(parts) / 3, abs=0.25)


def test_a_run_s_scores_are_drawn_like_the_published_ones(tmp_path: Path) -> None:
    run = make_run({(name, "python"): ["++", "--"] for name in ("fixtests", "explainsynthesize", "synthesize")})
    frame = scores_frame(run).assign(model="my-model")
    frame.to_csv(tmp_path / "scores.csv", index=False)
    said = texts(draw("models", tmp_path / "out", data=tmp_path / "scores.csv")[0])
    assert said.count("50.0") == 3
    assert "my-model" in said


def test_the_tasks_are_those_that_ship(tmp_path: Path) -> None:
    frame = published_tasks(read_categories())
    said = texts(draw_tasks(frame, tmp_path)[0])
    assert "New Features (25.57 %)" in said
    assert "Deprecation (0.28 %)" in said
    assert not any("Security" in text for text in said)


def test_counted_labels_are_drawn_without_the_categories_that_have_none(tmp_path: Path) -> None:
    (tmp_path / "tasks.csv").write_text(
        "category,group,count,percent\nBug Fixes,Bug,3,75.00\nTesting,QA,1,25.00\nUI,QA,0,0.00\n"
    )
    said = texts(draw("tasks", tmp_path / "out", data=tmp_path / "tasks.csv")[0])
    assert "Bug Fixes (75.00 %)" in said
    assert not any("UI" in text for text in said)


def test_text_can_be_read_on_its_ground() -> None:
    assert text_colour(tinted("#0072b2", 1)) == "white"
    assert text_colour(tinted("#0072b2", 0.2)) != "white"
    assert tinted("#0072b2", 0) == (1, 1, 1)


def test_the_overview_shows_three_scenarios_six_languages_and_an_example(tmp_path: Path) -> None:
    said = texts(draw("overview", tmp_path)[0])
    assert {"HumanEvalFix", "HumanEvalExplain", "HumanEvalSynthesize"} <= set(said)
    assert "C++ · Go · Java · JavaScript · Python · Rust" in said
    assert "code with a bug (operator misuse)" in said
    assert sum("base + reading" in text for text in said) == 1
    assert sum("base - reading" in text for text in said) == 4


def test_an_overview_needs_its_example(tmp_path: Path) -> None:
    frame = example_frame()
    with pytest.raises(UsageError, match="one row with language 'python' and index 3"):
        draw_overview(frame[frame["language"] == "go"], tmp_path)


def test_kinds_of_bugs_of_a_run(tmp_path: Path) -> None:
    write_run(make_run({("fixtests", "python"): ["++", "+-", "--", "-+"]}, name="mine"), tmp_path / "mine")
    frame = bug_types_of_run(tmp_path / "mine")
    assert frame["total"].sum() == 8
    assert frame["passed"].sum() == 4
    files = draw("bug_types", tmp_path / "out", data=tmp_path / "mine")
    table = files[2].read_text()
    assert table.startswith("| kind of bug | mine |\n| --- | ---: |\n")
    assert "| value misuse | 100.0 (2/2) |" in table


def test_a_run_without_fixtests_has_no_kinds_of_bugs(tmp_path: Path) -> None:
    write_run(make_run({("synthesize", "python"): ["++"]}), tmp_path / "mine")
    with pytest.raises(InputError, match="no judged sample of fixtests"):
        bug_types_of_run(tmp_path / "mine")


def test_the_published_table_of_bugs_has_no_counts() -> None:
    table = bug_table(ENTRIES["bug_types"].frame())
    assert "| variable misuse | 35.7 | 43.5 |\n" in table


SCORES = pd.DataFrame({"model": ["a", "a"], "scenario": ["fixtests", "synthesize"], "language": "average",
                       "score": [0.5, 0.6]})  # fmt: skip
WRONG: dict[str, tuple[Any, pd.DataFrame, str]] = {
    "no column": (draw_models, SCORES.drop(columns="score"), "no column 'score'; it needs model, scenario"),
    "no rows": (draw_models, SCORES[:0], "no rows"),
    "text": (draw_models, SCORES.assign(score="half"), "column 'score' of the data frame holds 'half'"),
    "below zero": (draw_models, SCORES.assign(score=-0.5), "must hold numbers from 0"),
    "missing": (draw_models, SCORES.assign(score=float("nan")), "must hold numbers from 0"),
    "percent": (draw_models, SCORES.assign(score=50.0), "scores are shares from 0 to 1"),
    "twice": (draw_models, pd.concat([SCORES, SCORES]), "two rows for 'a' and 'fixtests'"),
    "no averages": (draw_models, SCORES.assign(language="go"), "no rows for a figure of model by scenario"),
    "ablations": (draw_ablations, SCORES, "no column 'data'"),
    "too many models": (
        draw_bug_types,
        pd.DataFrame({"model": list("abcde"), "bug_type": "x", "score": 0.1}),
        "5 models are too many",
    ),
    "tasks": (draw_tasks, pd.DataFrame({"category": ["x"], "percent": [1]}), "no column 'group'"),
    "no task": (draw_tasks, pd.DataFrame({"category": ["x"], "group": ["y"], "percent": [0]}), "no rows"),
    "overview": (draw_overview, SCORES, "no column 'index'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_data_frame_is_named(case: str, tmp_path: Path) -> None:
    function, frame, said = WRONG[case]
    with pytest.raises(UsageError, match=re.escape(said)):
        function(frame, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_figure_that_is_there_stays(tmp_path: Path) -> None:
    for name in ("models", "bug_types"):
        first = draw(name, tmp_path / name)[0]
        before = first.read_bytes()
        with pytest.raises(UsageError, match="is there already"):
            draw(name, tmp_path / name)
        assert first.read_bytes() == before
        draw(name, tmp_path / name, overwrite=True)


def test_a_wrong_name_and_wrong_data_are_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no figure 'pie'; there are overview, models"):
        draw("pie", tmp_path)
    with pytest.raises(UsageError, match="belongs to one figure"):
        draw("all", tmp_path, data=tmp_path / "x.csv")
    with pytest.raises(InputError, match=r"x\.csv: not a CSV"):
        draw("models", tmp_path, data=tmp_path / "x.csv")
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UsageError, match=r"x\.csv: the data frame has no column 'model'"):
        draw("models", tmp_path, data=tmp_path / "x.csv")


def test_the_command_draws_all_and_says_the_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["figures", "all", "-o", str(tmp_path), "--style", "paper"])
    assert not end.value.code
    assert len(capsys.readouterr().out.split()) == 2 * len(ENTRIES) + 1


@pytest.mark.parametrize("words", [["--style", "screen"], ["--size", "3"]])
def test_a_wrong_option_ends_with_2(words: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as end:
        main(["figures", "models", "-o", str(tmp_path), *words])
    assert end.value.code == 2
