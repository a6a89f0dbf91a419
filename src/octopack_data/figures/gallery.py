"""All figures by name: the data frame that ships, the one of a user's file, and what draws it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from humanevalpack.errors import InputError, UsageError
from octopack_data.figures.look import Style

if TYPE_CHECKING:
    import pandas as pd

ALL = "all"


@dataclass(frozen=True)
class Entry:
    """One figure: ``frame`` makes the data frame of published numbers, ``draw`` the files."""

    frame: Callable[[], pd.DataFrame]
    draw: Callable[[pd.DataFrame, Path, Style, bool], list[Path]]


def _languages(frame: pd.DataFrame, folder: Path, style: Style, overwrite: bool) -> list[Path]:
    from octopack_data.figures.languages import draw_language_frame

    return draw_language_frame(frame, folder, style=style, overwrite=overwrite)


def _language_frame() -> pd.DataFrame:
    import pandas as pd

    from octopack_data.statistics import read_sizes

    return pd.DataFrame(read_sizes())


def _tasks(frame: pd.DataFrame, folder: Path, style: Style, overwrite: bool) -> list[Path]:
    from octopack_data.figures.tasks import draw_tasks

    return draw_tasks(frame, folder, style=style, overwrite=overwrite)


def _task_frame() -> pd.DataFrame:
    from octopack_data.figures.tasks import published_tasks
    from octopack_data.task_categories import read_categories

    return published_tasks(read_categories())


def _models(frame: pd.DataFrame, folder: Path, style: Style, overwrite: bool) -> list[Path]:
    from octopack_data.figures.scores import draw_models

    return draw_models(frame, folder, style=style, overwrite=overwrite)


def _model_frame() -> pd.DataFrame:
    from humanevalpack.frames import published_frame

    return published_frame()


def _ablations(frame: pd.DataFrame, folder: Path, style: Style, overwrite: bool) -> list[Path]:
    from octopack_data.figures.scores import draw_ablations

    return draw_ablations(frame, folder, style=style, overwrite=overwrite)


def _ablation_frame() -> pd.DataFrame:
    import pandas as pd

    from humanevalpack.published import published_ablations

    rows = [
        (data, scenario, cell.value / 100)
        for data, cells in published_ablations().items()
        for scenario, cell in cells.items()
    ]
    return pd.DataFrame(rows, columns=["data", "scenario", "score"])


def _bug_types(frame: pd.DataFrame, folder: Path, style: Style, overwrite: bool) -> list[Path]:
    from octopack_data.figures.scores import draw_bug_types

    return draw_bug_types(frame, folder, style=style, overwrite=overwrite)


def _bug_type_frame() -> pd.DataFrame:
    import pandas as pd

    from humanevalpack.published import published_bug_types, published_scores

    models = dict.fromkeys(row.model for row in published_scores())
    rows = [(model, kind, cell.value / 100) for model in models for kind, cell in published_bug_types(model).items()]
    return pd.DataFrame(rows, columns=["model", "bug_type", "score"])


def _overview(frame: pd.DataFrame, folder: Path, style: Style, overwrite: bool) -> list[Path]:
    from octopack_data.figures.overview import draw_overview

    return draw_overview(frame, folder, style=style, overwrite=overwrite)


def _overview_frame() -> pd.DataFrame:
    from octopack_data.figures.overview import example_frame

    return example_frame()


ENTRIES: Mapping[str, Entry] = {
    "overview": Entry(_overview_frame, _overview),
    "models": Entry(_model_frame, _models),
    "ablations": Entry(_ablation_frame, _ablations),
    "bug_types": Entry(_bug_type_frame, _bug_types),
    "languages": Entry(_language_frame, _languages),
    "tasks": Entry(_task_frame, _tasks),
}
"""In the order of the gallery."""


def draw(
    name: str, folder: Path, *, style: Style = "default", data: Path | None = None, overwrite: bool = False
) -> list[Path]:
    """Draw one figure, or ``all``, of the published numbers or (one) of a file; return the files.

    ``data``: CSV with the columns of the figure's data frame; for bug_types also the folder of a run. Raises
    EnvironmentFault (no matplotlib, no pandas), UsageError (a name, data for all, a file that is there), InputError.
    """
    if name != ALL and name not in ENTRIES:
        raise UsageError(f"no figure {name!r}; there are {', '.join(ENTRIES)}, and {ALL}")
    if name == ALL and data is not None:
        raise UsageError("--data belongs to one figure: name it instead of all")
    files: list[Path] = []
    for one, entry in ENTRIES.items() if name == ALL else [(name, ENTRIES[name])]:
        frame = entry.frame() if data is None else _read(one, data)
        try:
            files += entry.draw(frame, folder, style, overwrite)
        except UsageError as error:
            if data is None:
                raise
            raise UsageError(f"{data}: {error}") from error
    return files


def _read(name: str, path: Path) -> pd.DataFrame:
    if path.is_dir() and name == "bug_types":
        return bug_types_of_run(path)
    import pandas as pd

    try:
        return pd.read_csv(path, keep_default_na=False, na_values=[""])  # data may be called None or NA
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not a CSV file that can be read ({error})") from error


def bug_types_of_run(folder: Path) -> pd.DataFrame:
    """Return scores by kind of bug of a run (HumanEvalFix with tests): model, bug_type, score, passed, total.

    Every problem weighs the same, whichever language it is in. Raises InputError (no run, no such task in it).
    """
    import pandas as pd

    from humanevalpack.frames import samples_frame
    from humanevalpack.problems import BUG_TYPES
    from humanevalpack.reports.writing import as_run, problems_of

    run = as_run(folder)
    problems, notes = problems_of([run], None)
    kinds = {(language, one.index): one.bug_type for language, rows in problems.items() for one in rows}
    samples = samples_frame(run)
    samples = samples[(samples["scenario"] == "fixtests") & samples["passed"].notna()]
    samples = samples.assign(
        bug_type=[kinds.get(key) for key in zip(samples["language"], samples["index"], strict=True)]
    )
    rows = []
    for kind in BUG_TYPES:
        own = samples[samples["bug_type"] == kind]
        if len(own):
            means = own.groupby(["language", "index"])["passed"].mean()
            rows.append((run.name, kind, float(means.mean()), int(own["passed"].sum()), len(own)))
    if not rows:
        raise InputError(f"{folder}: no judged sample of fixtests whose kind of bug is known. {' '.join(notes)}")
    return pd.DataFrame(rows, columns=["model", "bug_type", "score", "passed", "total"])
