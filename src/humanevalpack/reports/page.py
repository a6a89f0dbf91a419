"""The report as one HTML page that needs nothing else: scores, plots, how it was run, and every sample.

What a model wrote stands in the page packed (``browser_data.py``) and is shown as text only; everything else is
escaped, and the page's own policy allows its one script and no request to anywhere.
"""

import base64
import hashlib
from collections.abc import Sequence
from html import escape
from pathlib import Path

from humanevalpack.diagnosis import Finding
from humanevalpack.published import RECALLED, origins, rerun_notes
from humanevalpack.reports.breakdowns import Problems
from humanevalpack.reports.browser_data import browser_data, script_json
from humanevalpack.reports.colours import other_statuses, status_colour
from humanevalpack.reports.findings_part import findings_part
from humanevalpack.reports.plots import Curves, Plot, Stacks, plots
from humanevalpack.reports.score_rows import Cell, Row, score_rows, table_heads, table_languages
from humanevalpack.reports.settings import settings_of
from humanevalpack.reports.sheet import ScoreSheet
from humanevalpack.reports.svg import svg
from humanevalpack.results import Run
from humanevalpack.scenarios import AVERAGED, TITLES
from humanevalpack.version import __version__

_HERE = Path(__file__).resolve().parent


def html_page(
    runs: Sequence[Run],
    sheets: Sequence[ScoreSheet],
    *,
    problems: Problems,
    paper: Sequence[str | None],
    title: str,
    findings: Sequence[Sequence[Finding]],
    notes: Sequence[str] = (),
) -> str:
    """Return the page.

    ``paper`` holds each run's published model (or None), ``findings`` what is suspicious about it (one list a run),
    ``notes`` what was not possible.
    """
    script = (_HERE / "page.js").read_text("utf-8")
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{_digest(script)}'; base-uri 'none'"
    statuses = list(dict.fromkeys(sample.status for run in runs for sample in run.samples))
    colours = {name: status_colour(name, other_statuses(statuses)) for name in statuses}
    data = browser_data(runs, problems)
    languages = table_languages(sheets)
    scores = "".join(
        _scores(sheet, score_rows(sheet, languages, model), languages)
        for sheet, model in zip(sheets, paper, strict=True)
    )
    drawn = plots(runs, sheets, problems, paper)
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            '<head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>",
            f"<style>\n{(_HERE / 'page.css').read_text('utf-8')}</style></head>",
            f'<body>\n<header><h1>{escape(title)}</h1><p class="lead">{escape(_lead(runs))}</p></header>\n<main>',
            findings_part(runs, findings),
            f"<h2>Scores</h2>\n{scores}{_remarks(sheets, paper, notes)}",
            f'<h2>Plots</h2>\n{_run_legend(sheets)}<div class="plots">{"".join(map(_figure, drawn))}</div>',
            f"<h2>How it was run</h2>\n{''.join(map(_settings, runs))}",
            _BROWSER,
            f"</main>\n<footer>Made by humanevalpack {__version__}. This page loads nothing from elsewhere.</footer>",
            f'<script type="application/json" id="colours">{script_json(colours)}</script>',
            f'<script type="application/json" id="data">{script_json(data.columns)}</script>',
            *(f'<script type="text/plain" class="chunk">{chunk}</script>' for chunk in data.chunks),
            f"<script>{script}</script>",
            "</body></html>\n",
        ]
    )


_BROWSER = """<section id="samples"><h2>Samples</h2>
<div class="filters">
<input type="search" id="q" placeholder="Search prompts, generations, programs, output" aria-label="Search">
<select id="run" aria-label="Run"><option value="">every run</option></select>
<select id="task" aria-label="Task"><option value="">every task</option></select>
<select id="status" aria-label="Status"><option value="">every status</option></select>
<select id="extraction" aria-label="Extraction"><option value="">every extraction</option></select>
<span id="found" aria-live="polite"></span></div>
<div class="browser"><div id="list" class="card"></div><div id="detail" class="card"></div></div>
<noscript>The list of samples needs JavaScript.</noscript></section>"""


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")


def _lead(runs: Sequence[Run]) -> str:
    size = sum(len(run.samples) for run in runs)
    return f"{' · '.join(run.name for run in runs)}: {size:,} samples"


def _scores(sheet: ScoreSheet, rows: Sequence[Row], languages: Sequence[str]) -> str:
    heads = "".join(f'<th scope="col">{escape(head)}</th>' for head in table_heads(languages))
    body = "".join(_row(row) for row in rows)
    return (
        f'<div class="card"><h3>{escape(sheet.name)}</h3><div class="scroll"><table>\n'
        f'<thead><tr><th scope="col">pass@{sheet.k}, %</th>{heads}</tr></thead>\n<tbody>{body}</tbody></table></div>'
        f'<ul class="notes">{"".join(f"<li>{escape(note)}</li>" for note in sheet.notes)}</ul></div>\n'
    )


def _row(row: Row) -> str:
    note = f' title="{escape(row.note)}"' if row.note else ""
    cells = "".join(map(_cell, row.cells))
    label = escape(row.label).replace("HumanEval", "HumanEval<wbr>")  # a phone is narrow
    return f'<tr class="{row.kind}"{note}><th scope="row">{label}</th>{cells}</tr>\n'


def _cell(cell: Cell) -> str:
    kind = ' class="outside"' if cell.inside is False else ""
    interval = f"<small>{escape(cell.interval)}</small>" if cell.interval else ""
    return f"<td{kind}>{escape(cell.text)}{interval}</td>"


def _remarks(sheets: Sequence[ScoreSheet], paper: Sequence[str | None], notes: Sequence[str]) -> str:
    averaged = ", ".join(f"HumanEval{TITLES[scenario]}" for scenario in AVERAGED)
    lines = [
        "small: 95 % confidence interval, clustered by problem (a problem and its translations count as one)",
        f"overall = mean of {averaged}; explaindescribe makes descriptions and has no score",
    ]
    if any(paper) and sheets[0].k == 1:
        meanings = origins()
        lines.append(
            f"published: {meanings['CPE']}; ({RECALLED}) = {meanings[RECALLED]}; ≠ = outside of this run's interval"
        )
    lines += dict.fromkeys(f"{row.label}: {row.note}" for row in _published(sheets, paper) if row.note)
    for model in dict.fromkeys(name for name in paper if name):
        lines += rerun_notes(model)
    return f'<ul class="notes">{"".join(f"<li>{escape(line)}</li>" for line in [*lines, *notes])}</ul>\n'


def _published(sheets: Sequence[ScoreSheet], paper: Sequence[str | None]) -> list[Row]:
    return [row for sheet, model in zip(sheets, paper, strict=True) for row in score_rows(sheet, [], model)]


def _run_legend(sheets: Sequence[ScoreSheet]) -> str:
    if len(sheets) == 1:
        return ""
    items = "".join(
        f'<li><i style="background:var(--s{number % 6})"></i>{escape(sheet.name)}</li>'
        for number, sheet in enumerate(sheets)
    )
    return f'<ul class="legend">{items}</ul>'


def _figure(plot: Plot) -> str:
    note = f"<p>{escape(plot.note)}</p>" if plot.note else ""
    legend = ""
    if isinstance(plot, Curves) and len(plot.lines) > 1:
        items = "".join(
            f'<li><i style="background:var(--s{line.series % 6})"></i>{escape(line.label)}</li>' for line in plot.lines
        )
        legend = f'<ul class="legend">{items}</ul>'
    if isinstance(plot, Stacks):
        others = other_statuses(list(plot.statuses))
        items = "".join(
            f'<li><i style="background:{status_colour(name, others)}"></i>{escape(name.replace("_", " "))}</li>'
            for name in plot.statuses
        )
        legend = f'<ul class="legend">{items}</ul>'
    return f'<figure class="card"><h3>{escape(plot.title)}</h3>{legend}{svg(plot)}{note}</figure>\n'


def _settings(run: Run) -> str:
    facts = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in settings_of(run.manifest).items()
    )
    body = f"<dl>{facts}</dl>" if facts else "<p>Nothing is recorded.</p>"
    return f'<details class="card"><summary>{escape(run.name)}</summary>{body}</details>\n'
