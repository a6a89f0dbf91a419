"""The scores as one page of HTML: no script, no font and no picture from elsewhere, so that it opens anywhere."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from humanevalpack.languages import get_language
from humanevalpack.reports.scores import TITLES, RunScores, Score
from humanevalpack.reports.table import MISSING, notes, number_text

INTERVAL_NOTE = "below each score: its 95 % confidence interval, clustered by problem (docs/metrics.md)"
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1c; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: .35rem .7rem; text-align: right; border-bottom: 1px solid #ddd; vertical-align: top; }
th:first-child, td:first-child { text-align: left; }
td b { font-weight: normal; white-space: nowrap; }
td small { display: block; color: #555; }
tr.overall td { border-top: 2px solid #888; font-weight: bold; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; } dd { margin: 0; }
@media (prefers-color-scheme: dark) {
  body { background: #16181d; color: #e8e8e8; } th, td { border-color: #3a3d44; } td small { color: #aaa; }
}
"""


def write_html_report(runs: Sequence[RunScores], path: Path, *, title: str = "HumanEvalPack", intro: str = "") -> Path:
    """Write the page to ``path`` (its folder is made) and return it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(html_report(runs, title=title, intro=intro), "utf-8")
    return path


def html_report(runs: Sequence[RunScores], *, title: str, intro: str = "") -> str:
    """Return the page: for every run its scores with verdict counts, and how it was run."""
    sections = "".join(_section(run) for run in runs)
    remarks = "".join(f"<li>{escape(note)}</li>" for note in [*notes(runs), INTERVAL_NOTE])
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>{_STYLE}</style>\n<h1>{escape(title)}</h1>\n<p>{escape(intro)}</p>\n{sections}<ul>{remarks}</ul>\n</html>\n"
    )


def _section(run: RunScores) -> str:
    languages = run.languages
    head = "".join(f'<th scope="col">{escape(get_language(language).title)}</th>' for language in languages)
    rows = "".join(
        f'<tr><th scope="row">HumanEval{TITLES[scenario]}</th>'
        + "".join(f"<td>{_cell(run.scores.get((scenario, language)))}</td>" for language in languages)
        + f"<td>{number_text(run.average(scenario))}</td></tr>\n"
        for scenario in TITLES
        if run.average(scenario) is not None
    )
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>\n" for name, value in run.facts.items())
    overall = f'<td colspan="{len(languages) + 1}">overall</td><td>{number_text(run.overall())}</td>'
    return (
        f'<h2>{escape(run.name)}</h2>\n<table>\n<tr><th scope="col">{escape(run.metric)}</th>{head}'
        f'<th scope="col">average</th></tr>\n{rows}<tr class="overall">{overall}</tr>\n</table>\n'
        f"<dl>{facts}</dl>\n"
    )


def _cell(score: Score | None) -> str:
    if score is None:
        return MISSING
    counts = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in score.statuses.items())
    low, high = score.interval
    return (
        f"{number_text(score.value)}<small><b>{low:.2f} to {high:.2f}</b></small>"
        f"<small>{score.problems} problems: {escape(counts)}</small>"
    )
