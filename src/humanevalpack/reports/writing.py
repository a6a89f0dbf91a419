"""One call from runs to what people read: the page, figures for papers, tables as text."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from humanevalpack.diagnosis import Finding, diagnose
from humanevalpack.errors import EnvironmentFault, HumanEvalPackError, UsageError
from humanevalpack.languages import LANGUAGES
from humanevalpack.problems import load_problems
from humanevalpack.published import comparable_model, on_published_data, published_scores
from humanevalpack.reports.breakdowns import Problems
from humanevalpack.reports.sheet import ScoreSheet, score_sheet
from humanevalpack.results import Run

_NOT_COMPARABLE = "{}: no published scores beside it, because its problems are not those of HumanEvalPack"
_WITHOUT = "no diffs and nothing by kind of bug"


@dataclass(frozen=True, slots=True)
class Report:
    """What a report holds and where it was written."""

    sheets: Sequence[ScoreSheet]
    """The scores, one sheet a run."""
    html: Path | None
    figures: Sequence[Path]
    latex: str
    markdown: str
    notes: Sequence[str]
    """What was left out and why."""
    findings: Sequence[Sequence[Finding]]
    """What is suspicious, one list a run."""


def report(
    *runs: Run | Path | str,
    html: Path | str | None = None,
    figures: Path | str | None = None,
    k: int = 1,
    title: str = "HumanEvalPack",
    dataset: str | None = None,
    paper: str | None = "auto",
    overwrite: bool = False,
) -> Report:
    """Make a report of one or more runs (or their folders).

    ``html`` is the file of the page, ``figures`` a folder for PDF and PNG pictures (extra ``report``); the tables are
    always in the result. ``dataset`` (default: each run's own) is where the problems come from: without them there
    are no diffs and nothing by kind of bug, and the notes say so. ``paper`` names the published model to show beside
    the runs: ``auto`` goes by each run's model name, None shows none.

    Raises UsageError (no run, k, an unknown published model, a file that is there without ``overwrite``), InputError (a
    folder that is no run, nothing to score), EnvironmentFault (no matplotlib).
    """
    if not runs:
        raise UsageError("report needs at least one run: the folder that humanevalpack run or evaluate made")
    page = free_path(html, overwrite=overwrite)
    read = [as_run(run) for run in runs]
    sheets = [score_sheet(run, k) for run in read]
    problems, notes = problems_of(read, dataset)
    if paper == "auto":
        models = [comparable_model(run) for run in read]
        notes += [_NOT_COMPARABLE.format(run.name) for run in read if not on_published_data(run)]
    else:
        models = [paper] * len(read)
    for model in models:
        if model is not None:
            published_scores(model)
    findings = list(map(diagnose, read))
    if page is not None:
        from humanevalpack.reports.page import html_page

        text = html_page(read, sheets, problems=problems, paper=models, title=title, notes=notes, findings=findings)
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, "utf-8", newline="\n")
    written: list[Path] = []
    if figures is not None:
        from humanevalpack.reports.figures import write_figures
        from humanevalpack.reports.plots import plots

        drawn = plots(read, sheets, problems, models)
        written = write_figures(drawn, [sheet.name for sheet in sheets], Path(figures), overwrite=overwrite)
    from humanevalpack.reports.text_tables import latex_table, markdown_table

    return Report(sheets, page, written, latex_table(sheets, models), markdown_table(sheets, models), notes, findings)


def as_run(run: Run | Path | str) -> Run:
    """Return a run, read from its folder if it is not one yet."""
    if isinstance(run, Run):
        return run
    from humanevalpack.results import read_run

    return read_run(Path(run))


def free_path(path: Path | str | None, *, overwrite: bool) -> Path | None:
    """Return where to write; raises UsageError if something is there that must not be lost."""
    if path is None:
        return None
    if Path(path).is_dir():
        raise UsageError(f"{path} is a folder; name a file in it, such as {Path(path) / 'report.html'}")
    if Path(path).exists() and not overwrite:
        raise UsageError(f"{path} is there already; name another file, or say --overwrite")
    return Path(path)


def problems_of(runs: Sequence[Run], dataset: str | None) -> tuple[Problems, list[str]]:
    """Return the problems of the languages in these runs, and a note for each language that could not be loaded."""
    found, notes = {}, []
    unreachable: dict[str, str] = {}
    for language in LANGUAGES:
        own = [run for run in runs if any(sample.language == language for sample in run.samples)]
        sources = dict.fromkeys(dataset or str(run.manifest.get("dataset") or "hub") for run in own)
        if len(sources) > 1:
            notes.append(f"{language}: {_WITHOUT}, because the runs have different data sets ({', '.join(sources)})")
            continue
        for source in sources:
            said = unreachable.get(source, "")
            try:
                if not said:
                    found[language] = load_problems(language, source)
            except (HumanEvalPackError, OSError) as error:
                said = " ".join(str(error).split())
                if isinstance(error, EnvironmentFault):  # a hub that does not answer is asked once, not six times
                    unreachable[source] = said
            if said:
                notes.append(f"{language}: {_WITHOUT}, because its problems cannot be loaded: {said}")
    return found, notes


def need_matplotlib() -> None:
    """Raise EnvironmentFault with the command that installs matplotlib, if it is missing."""
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        raise EnvironmentFault("figures need matplotlib; install it: pip install 'humanevalpack[report]'")
