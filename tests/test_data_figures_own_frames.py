"""octopack_data.figures with data frames of the user's: few and many rows, long names, what no figure can show."""

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from humanevalpack.errors import UsageError
from octopack_data.figures.gallery import draw
from octopack_data.figures.languages import draw_language_frame
from octopack_data.figures.look import as_it_is
from octopack_data.figures.scores import bug_table, draw_ablations, draw_models
from octopack_data.figures.tasks import draw_tasks
from octopack_data.statistics import COLUMNS
from test_data_figures import texts


def scores(models: list[Any], *scenarios: str, score: Any = 0.5) -> pd.DataFrame:
    rows = [(model, scenario, "average", score) for model in models for scenario in scenarios]
    return pd.DataFrame(rows, columns=["model", "scenario", "language", "score"])


def sizes(*rows: tuple[str, int, int]) -> pd.DataFrame:
    return pd.DataFrame([(name, 1, raw, 1, ft) for name, raw, ft in rows], columns=list(COLUMNS))


def tasks(*rows: tuple[Any, Any, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["category", "group", "percent"])


def limits(monkeypatch: pytest.MonkeyPatch, frame: pd.DataFrame, folder: Path) -> tuple[float, float]:
    """The axis of a figure of languages in the style paper."""
    from matplotlib.axes import Axes

    seen: list[Any] = []
    whole = Axes.set_ylim

    def set_ylim(axes: Axes, *args: Any, **more: Any) -> Any:
        seen.extend(args[:1])
        return whole(axes, *args, **more)

    monkeypatch.setattr(Axes, "set_ylim", set_ylim)
    draw_language_frame(frame, folder, style="paper")
    limits: tuple[float, float] = next(one for one in seen if isinstance(one, tuple))
    return limits  # matplotlib sets limits itself, as numbers


CUT = {
    "few samples": sizes(("python", 12, 5), ("go", 4, 0)),
    "more than was published": sizes(("python", 500_000_000, 10_000_000), ("go", 5_000, 1)),
}


@pytest.mark.parametrize("case", CUT)
def test_on_paper_no_axis_cuts_the_bars_of_other_data(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    low, high = limits(monkeypatch, CUT[case], tmp_path)
    assert low < CUT[case]["raw_samples"].min()
    assert high > CUT[case]["raw_samples"].max()


@pytest.mark.parametrize("case", CUT)
def test_the_legend_of_few_bars_is_whole(case: str, tmp_path: Path) -> None:
    import numpy as np
    from PIL import Image

    draw_language_frame(CUT[case], tmp_path, style="paper")
    points = np.asarray(Image.open(tmp_path / "languages.png").convert("L"))
    assert np.concatenate([points[0], points[-1], points[:, 0], points[:, -1]]).min() > 250


def test_a_scenario_without_scores_takes_no_room(tmp_path: Path) -> None:
    said = texts(draw_models(scores(["a", "b"], "synthesize"), tmp_path)[0])
    assert "Synthesize" in said
    assert "Fix" not in said


def test_numbers_and_names_of_many_models_stand_upright(tmp_path: Path) -> None:
    from matplotlib.axes import Axes

    names = [f"organisation/model-{number}-instruct" for number in range(14)]
    with pytest.MonkeyPatch.context() as patch:
        seen: list[float] = []
        whole = Axes.annotate

        def annotate(axes: Axes, *args: Any, **more: Any) -> Any:
            seen.append(more["rotation"])
            return whole(axes, *args, **more)

        patch.setattr(Axes, "annotate", annotate)
        draw_models(scores(names, "fixtests", "explainsynthesize", "synthesize"), tmp_path, style="paper")
    assert set(seen) == {90}


def test_a_figure_is_higher_for_names_that_stand_upright(tmp_path: Path) -> None:
    from PIL import Image

    for name, letters in (("few", 3), ("long", 30)):
        draw_models(scores([f"{n:0{letters}}" for n in range(30)], "synthesize"), tmp_path / name, style="paper")
    few, long = (Image.open(tmp_path / name / "models.png").height for name in ("few", "long"))
    assert long - few > 27 * 0.5 * 6.5 / 72 * 300  # 27 letters more, half a size of type each at least


def test_a_dollar_in_a_name_is_a_dollar(tmp_path: Path) -> None:
    assert "x$y_^{z}$w" in texts(draw_models(scores(["x$y_^{z}$w"], "synthesize"), tmp_path)[0])
    assert as_it_is("abcdef", 4) == "abc…"


def test_names_that_are_numbers_are_names(tmp_path: Path) -> None:
    assert "7" in texts(draw_models(scores([7, 13], "synthesize"), tmp_path)[0])


def test_a_bar_in_a_name_does_not_break_the_table() -> None:
    frame = pd.DataFrame({"model": ["a|b"], "bug_type": ["x|y"], "score": [0.5]})
    assert bug_table(frame) == "| kind of bug | a\\|b |\n| --- | ---: |\n| x\\|y | 50.0 |\n"


def test_data_called_none_is_a_name_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("data,scenario,score\nNone,average,0.1\nNA,average,0.2\n")
    said = texts(draw("ablations", tmp_path / "out", data=tmp_path / "mine.csv")[0])
    assert {"None", "NA"} <= set(said)


WRONG: dict[str, tuple[Any, pd.DataFrame, str]] = {
    "None for a score": (draw_models, scores(["a"], "synthesize", score=None), "holds None: it must hold numbers"),
    "infinite": (draw_models, scores(["a"], "synthesize", score=float("inf")), "holds inf: it must hold numbers"),
    "no name": (draw_models, scores([float("nan")], "synthesize"), "column 'model' of the data frame has rows with n"),
    "no such scenario": (
        draw_ablations,
        pd.DataFrame({"data": ["a"], "scenario": ["fix"], "score": [0.1]}),
        "column 'scenario' of the data frame holds 'fix': it may hold fixtests, explainsynthesize",
    ),
    "counts for percent": (draw_tasks, tasks(("a", "g", 400.0)), "sums to 400: it must hold shares of 100"),
    "a category twice": (draw_tasks, tasks(("a", "g", 40.0), ("a", "g", 10.0)), "two rows for 'a'"),
    "no group": (draw_tasks, tasks(("a", None, 40.0)), "column 'group' of the data frame has rows with nothing"),
    "a language twice": (draw_language_frame, sizes(("go", 2, 1), ("go", 1, 1)), "two rows for 'go'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_no_figure_can_show_is_said(case: str, tmp_path: Path) -> None:
    function, frame, said = WRONG[case]
    with pytest.raises(UsageError, match=re.escape(said)):
        function(frame, tmp_path)
    assert list(tmp_path.iterdir()) == []
